"""What the customer owns, as frozen values in ARM's words. Pure: no I/O, no kernel, no daemon, no HTTP.

One module per noun. A model says what a valid value *is*; whether it fits beside other resources is asked in ``api``.
"""
