"""A failover drill as it is played: traffic of its own, a failure on a lease, a certificate.

    targets  what may fail, in the words of ``trunkline fail``
    ground   the estate as the service tells it: ways, pairs, sessions, routes
    traffic  the drill's own datagrams, both ways
    lease    the failure, for as long as somebody renews it
    drain    longer paths first, by Azure's own failover test
    play     one phase after the other
    record   what came of it becomes a certificate
"""
