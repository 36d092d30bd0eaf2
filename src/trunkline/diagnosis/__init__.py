"""Why it is so: judgements over evidence, all of them pure.

    evidence   what was looked at in one moment: sessions with their states, routes and counters, and who has what
    claims     who is authorised to announce what, as the estate says
    catalogue  each kind of event: what it means, how grave it is, what to do
    routes     routes that ought not to be where they are
    sessions   what a session has been through: flaps, limits, jumps
    traffic    what sentries, ports and the kernel's TCP have refused
    validation where validation data come from, and whether they are good
    remarks    what a daemon has written about its peers
    incidents  findings of many looks become events with a beginning and an end
    containing what a policy does about an event, and what keeps it from doing too much
"""
