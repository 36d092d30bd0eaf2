"""Resources that a wish points at: the living one of the right kind, or the fault that there is none."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import CIRCUIT, alive
from trunkline.model.resource import Reference, Resource, ResourceId


def linked(estate: Estate, owner: ResourceId, text: str, kind: str, *, anywhere: bool = False) -> Resource | None:
    """The resource of type ``kind`` that an id names; in another subscription only if it may be ``anywhere``."""
    try:
        target = ResourceId.parse(text)
    except Fault:
        return None
    if target.type.lower() != kind.lower():
        return None
    foreign = target.subscription.lower() != owner.subscription.lower()
    return None if foreign and not anywhere else alive(estate, target)


def circuit_of(owner: ResourceId, wanted: Reference, estate: Estate) -> Generator[Fault, None, Resource | None]:
    """The circuit that part of the plant is for, or the fault that there is none."""
    circuit = linked(estate, owner, wanted.id, CIRCUIT)
    if circuit is None:
        yield missing(owner, wanted.id, CIRCUIT, "circuit")
    return circuit


def missing(owner: ResourceId, text: str, kind: str, target: str) -> Fault:
    return Fault(
        "InvalidResourceReference",
        f"Resource {text} referenced by resource {owner} was not found. Please make sure that the referenced resource "
        f"exists, and that both resources are in the same region. {target} must be the id of a {kind} that exists.",
        target)


def same_region(one: str, other: str) -> bool:
    """Whether two locations are one, written as ``westus`` or ``West US``."""
    return one.replace(" ", "").lower() == other.replace(" ", "").lower()


def stays(what: str, old: Reference | None, new: Reference | None, way_out: str, target: str) -> Iterator[Fault]:
    """A fault if a resource would leave its owner, whose part of the network was built around it."""
    if old and (new is None or old.id.lower() != new.id.lower()):
        yield immovable(what, old.id, new.id if new else "none", way_out, target)


def immovable(what: str, old: str, new: str, way_out: str, target: str) -> Fault:
    return Fault("PropertyChangeNotAllowed",
                 f"Changing {what} from '{old}' to '{new}' is not allowed. {way_out}", target)
