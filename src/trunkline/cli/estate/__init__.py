"""Estate files: one YAML for sites, circuits, cross connects, networks and anything else the API knows.

    document  YAML with the line of everything
    sections  what may stand in a file: models, checked strictly
    plan      sections to wishes: what will be PUT, in order
    compare   whether a wish is true already
    carry     wishes to requests: apply and delete
    foresee   what carrying them would do to what runs, asked of the service
    foreseen  that answer in a table's words

The first three are pure, and report all faults of a file together before anything is sent.
"""
