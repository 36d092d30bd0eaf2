"""The estate as people read it.

    names   circuits of one name, told apart
    causes  why a leg carries nothing, or knows fewer routes than the other
    rows    what is said of each thing, as rows of tables
    brief   what matters, on one screen
    whole   everything, or all about one circuit
"""
