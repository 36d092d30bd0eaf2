"""The main job from end to end on an instance of its own, shown step by step and measured.

    estate     what is ordered: names, addresses, the estate file of the site
    cloud      ordering the cloud's side, with the real az or with the same requests over HTTPS
    stage      the instance: a temporary home, a free port, the command line as a subprocess
    watching   looking until something is so
    acts       the steps of the story
    failover   a leg fails under traffic and heals
    world      another story: two continents, and a region is lost
    leftovers  what the machine has after that it had not before
    result     what is printed in the end
"""
