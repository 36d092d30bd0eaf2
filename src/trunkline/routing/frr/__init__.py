"""FRR 8: ``render`` prints a router for it, ``changes`` finds the commands between two printed configurations, ``vty``
speaks to the daemons' sockets, ``parse`` reads their answers, ``speaker`` runs them. Four processes per node: zebra,
staticd, bfdd, bgpd.
"""
