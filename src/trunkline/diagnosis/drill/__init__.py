"""A failover drill as values: what is expected, what was measured, when to abort, what it proves. All pure.

    ways         which ways a pair's packets have, and which of them a failure takes
    measure      what became of the drill's own datagrams: outage and loss by prefix, direction and leg
    conditions   when a drill has to stop at once
    certificate  what is signed: measures, routes, timers, verdict
    judge        the verdict
    compare      what got better or worse between two certificates
"""
