"""Traffic that ought not to be: what somebody who means harm would say over BGP and put on the wire, and what comes
back. Nothing here knows whether it is answered by us; who plays it on a running estate is ``cli.drill``.

    message    BGP messages as bytes, true or forged, and back (RFC 4271)
    malformed  path attributes that are broken on purpose, each with what RFC 7606 says must follow
    frames     Ethernet frames, true or forged
    speaker    one BGP session of an attacker's, and what the peer made of it
    agent      speakers and frames inside a network namespace, told what to send by lines of JSON
"""
