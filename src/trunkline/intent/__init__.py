"""What ought to exist, as values: the network (``network``), its BGP routers (``bgp``), and the blueprint that
``compile`` makes of the customer's resources. ``drivers`` holds the protocols through which everyone speaks of Linux
and BGP. Pure: nothing here touches the world.
"""
