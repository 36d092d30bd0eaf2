"""What an edit does to a running network, told before it is made. Pure: blueprints of before and after are compared.

    classes   how much is felt: from nothing to an interface made anew
    rules     which member of a piece, session or router costs what
    retagging attachments whose tags change unfelt
    effects   two sets of blueprints → what is touched, and on which leg of which circuit
    fields    what of a resource differs, field by field
    plan      resources before and after → a row for each, with the class of each field by itself
    page      the documented table (docs/changes.md)
"""
