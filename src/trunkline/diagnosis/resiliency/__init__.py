"""How resilient an estate is, by two formulas; each lost point names who lost it and what wins it back.

    evidence   what was looked at: legs and their sessions, drills and tests
    azure      Microsoft's formula for a gateway (docs/resiliency.md)
    ours       a formula over protected pairs of prefixes, from the model of the network
    criteria   what ours asks of each pair beside the model
    subject    what is asked about, and which ways its pairs have
    tried      which legs were tried, by tests and drills
    report     both as JSON
"""
