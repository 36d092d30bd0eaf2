"""A plane and a speaker in memory that behave: for unit tests, dry runs, and planning beyond this machine.

``plane`` keeps pieces, ``rules`` says what Linux would refuse, ``frames`` follows a frame through links, tunnels,
bridges and cross-connects. ``speaker`` keeps routers, ``bgp`` finds which sessions come up and carries routes over them
to a fixed point. Everything but the two drivers is pure.
"""

from trunkline.simulation.plane import SimulatedPlane
from trunkline.simulation.speaker import SimulatedSpeaker

__all__ = ["SimulatedPlane", "SimulatedSpeaker"]
