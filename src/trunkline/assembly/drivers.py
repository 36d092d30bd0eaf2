"""Which plane and which speakers."""

from __future__ import annotations

from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Plane, Speaker
from trunkline.routing import BirdSpeaker, Daemons, FrrSpeaker
from trunkline.settings import Settings
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker


def drivers(settings: Settings) -> tuple[Plane, Speaker]:
    if settings.simulation:
        plane = SimulatedPlane()
        return plane, SimulatedSpeaker(plane)
    return LinuxPlane(settings.places), Daemons(BirdSpeaker(settings.places), FrrSpeaker(settings.places))
