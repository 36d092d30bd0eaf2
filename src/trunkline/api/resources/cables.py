"""Trunkline.Site/cables: what is plugged into the links of a Direct port, as its letter of authorization allows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.handoffs import check_interfaces, check_routers
from trunkline.api.resources.linked import linked, missing, stays
from trunkline.errors import Conflict, Fault
from trunkline.intent.direct import CABLE, PORT, cables_at
from trunkline.intent.estate import Estate
from trunkline.intent.view import CIRCUIT
from trunkline.model.cable import Cable
from trunkline.model.circuit import Circuit
from trunkline.model.port import LINKS
from trunkline.model.resource import Json, Resource, ResourceId


def _model(cable: Resource) -> Cable:
    return Cable.model_validate(cable.properties)


def _check(existing_interfaces: frozenset[str], wish: Wish, estate: Register) -> Iterator[Fault]:
    cable, model = wish.resource.id, _model(wish.resource)
    routers = tuple((link, end.router) for link in LINKS if (end := model.end(link)) and end.router)
    if not any(model.end(link) for link in LINKS):
        yield Fault("LinkRequired", "A cable needs link1, link2 or both; give one link at least.", "link1")
    port = linked(estate, cable, model.port.id, PORT)
    if port is None:
        yield missing(cable, model.port.id, PORT, "port")
    else:
        yield from _links_free(cable, port, model, estate)
        yield from _circuits(cable, port, model, estate)
    if wish.existing:
        yield from stays("port", _model(wish.existing).port, model.port, "Delete this cable and lay another.", "port")
    yield from check_routers(cable, model.site, routers, estate)
    yield from check_interfaces(wish.resource, existing_interfaces, estate)


def _links_free(cable: ResourceId, port: Resource, model: Cable, estate: Estate) -> Iterator[Fault]:
    for other in cables_at(estate, port.id):
        for link in LINKS:
            if other.id.key != cable.key and model.end(link) and _model(other).end(link):
                yield Conflict("LinkAlreadyCabled", f"{link} of port {port.id} has a cable already, {other.id}. Change "
                               f"that one, or leave {link} out.", link)


def _circuits(cable: ResourceId, port: Resource, model: Cable, estate: Estate) -> Iterator[Fault]:
    for link in LINKS:
        end = model.end(link)
        for named in (end.circuits or ()) if end else ():
            circuit = linked(estate, cable, named.id, CIRCUIT, anywhere=True)
            if circuit is None:
                yield missing(cable, named.id, CIRCUIT, f"{link}.circuits")
                continue
            on = Circuit.model_validate(circuit.properties).express_route_port
            if on is None or on.target.key != port.id.key:
                yield Fault("CircuitNotOnPort", f"{link}.circuits: circuit {circuit.id} is not on port {port.id}. Name "
                            "circuits of this port, or leave circuits out for all of them.", f"{link}.circuits")


def _generate(wish: Wish, ledger: Ledger) -> Json:
    return {"number": ledger.allocate("cables", wish.resource.id.key)}


def cables(existing_interfaces: frozenset[str]) -> ResourceType:
    """``existing_interfaces``: those of the machine that a cable may end in."""
    return ResourceType(CABLE, model=Cable, tracked=False, realised=True,
                        check=partial(_check, existing_interfaces), generate=_generate)
