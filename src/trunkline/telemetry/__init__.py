"""What happened, as numbers with a time: journals and probes. Measures are values here; printing them is elsewhere.

    journal  structured logs of our own processes
    loss     what became of a stream of numbered datagrams: pure
    probe    sends and echoes such datagrams through a network; runs inside any namespace
"""
