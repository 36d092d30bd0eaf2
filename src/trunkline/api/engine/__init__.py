"""ARM's manners for every declared type: what a path means, what is stored, what is answered.

``target`` reads paths, ``whereabouts`` finds what they stand for, ``write`` and ``remove`` change the store inside one
transaction, ``shape`` gives a resource its answer, ``verbs`` is HTTP: one function for each method.
"""
