"""What sessions with strangers are like, looked at again and again: events, and what policies do about them.

    places     where such sessions end, told from blueprints
    authority  who has which prefixes, told from the estate
    memory     what earlier looks have seen of a session, a node, an edge
    look       one look: states of all sessions, routes of those that changed, counters, logs
    turns      whose routes are read, when there are more than a look has time for
    notices    what a look found becomes events in the store, activities, and lines for a SIEM
    response   what policies do about events, and what becomes of it
    watch      the thread that goes on looking
"""
