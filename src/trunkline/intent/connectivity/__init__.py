"""What is connected to what, with some things missing: a model of the compiled network. Pure, and no daemon is asked.

Everything comes out of blueprints, so whatever a compiler adds is part of the model.

    needs      what may be missing, as bits of a number: nodes, attachments, ways over the backbone
    wiring     where a frame arrives that leaves an interface, what it needs and what polices it on the way
    underlay   backbone routers and their links: which of them still reach each other
    topology   nodes with addresses and static routes: which node is behind a next hop
    meeting    sessions that can come up, and what they need
    deriving   every route to a prefix that policies allow, wherever it could be told; which of them is used depends on
               what is missing
    walking    from one end of a pair to the other, over all equal paths
    pairs      prefixes that ought to reach each other: a site's and a virtual network's, or two sites'
    taking     what a failure takes away
    model      all of it together
"""
