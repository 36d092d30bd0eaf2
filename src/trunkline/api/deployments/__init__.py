"""ARM template deployments, as far as our clients send them: one inline template, incremental, into a group.

``expression`` reads the template language, ``functions`` are the words it knows, ``template`` is a checked template
with its parameters, ``run`` writes its resources in the order of their dependencies, ``endpoints`` is HTTP.
"""
