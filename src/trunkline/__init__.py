"""Trunkline: a private cloud interconnect that anyone can run.

Two journeys lead through the rooms of this package.

A PUT becomes packets: ``api`` checks a wish and writes it to the ``store``; ``reconcile`` reads what the wish
depends on, ``intent`` compiles it to a blueprint, ``fabric`` and ``routing`` make Linux and BGP match it.

A counter becomes an answer: ``fabric`` and ``routing`` read kernel, eBPF maps and daemons; ``reconcile`` writes
what was seen to the ``store``; ``api`` answers with it in Azure's words.
"""

__version__ = "0.1.0"
