"""Making it so: from what is wished to what is, again and again, whatever happened in between.

    queue       which scopes are due, each in one pair of hands at a time
    difference  desired against applied and realised (pure)
    converge    one pass over one scope: read whole, compile, observe, differ, apply
    settle      whether what was applied is also observed (pure)
    pending     operations and the scopes they wait for
    finish      an operation's end, written to the store
    answers     live questions: ARP, routes, counters, peers; asking has each wait for its turn
    connections what customers see of a connection between changes
    route_servers what customers see of a Route Server and its peers
    origins     VRPs: from a file or a cache (rtr), believed or not, to what caches serve; validators name the sources
    overview    the whole estate of a subscription at a glance
    loop        threads, timers and the wake socket around all this
"""
