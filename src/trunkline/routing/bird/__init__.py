"""BIRD 2: ``render`` prints a router for it, ``control`` asks its socket, ``parse`` reads the answers, ``speaker``
runs it. One BIRD per node, one process each.
"""
