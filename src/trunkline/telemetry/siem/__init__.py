"""Security events for somebody else's eyes: a SIEM's.

    formats  an event as CEF, as a JSON line, and either as the message of RFC 5424. Pure
    outlet   where lines go: a syslog server or a file; nobody waits for it
"""
