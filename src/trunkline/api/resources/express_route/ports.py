"""expressRoutePorts (ExpressRoute Direct) and their links: a pair of real ports, one on each edge of the location."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from uuid import uuid4

from trunkline.api.declaration import Action, Ledger, Question, Register, ResourceType, Wish
from trunkline.api.resources.express_route.direct import circuits_on, provisioned_gbps
from trunkline.api.resources.express_route.letter import Letter, Socket, render
from trunkline.api.resources.express_route.words import fresh
from trunkline.api.resources.linked import immovable
from trunkline.errors import Conflict, Fault
from trunkline.intent.direct import PORT, cables_at
from trunkline.intent.estate import Estate
from trunkline.model.port import ETHER_TYPE, LINKS, MTU, LinkSettings, LoaRequest, Port
from trunkline.model.port_location import port_locations
from trunkline.model.resource import Json, Properties, Resource, ResourceId

LINK = f"{PORT}/links"


def _model(port: Resource) -> Port:
    return Port.model_validate(port.properties)


def _defaults(body: Json, _id: ResourceId) -> Json:
    """The location as the catalogue spells it."""
    place = port_locations().get(str(body.get("peeringLocation")))
    return {**body, "peeringLocation": place.name} if place else body


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    model, place = _model(wish.resource), port_locations().get(_model(wish.resource).peering_location)
    if place is None:
        yield Fault("PortLocationNotFound", f"peeringLocation '{model.peering_location}' sells no ExpressRoute Direct "
                    "ports. 'az network express-route port location list' lists those that do.", "peeringLocation")
    elif model.bandwidth_in_gbps not in place.sizes_gbps:
        yield Fault("PortBandwidthNotOffered", f"bandwidthInGbps {model.bandwidth_in_gbps} is not offered at "
                    f"{place.name}. It offers: {', '.join(map(str, place.sizes_gbps))}.", "bandwidthInGbps")
    if any(link.properties.mac_sec_config.keyed for link in model.links) and not _identities(wish.resource):
        yield Fault("MacSecIdentityRequired", "macSecConfig names secrets of a Key Vault, which the port reads as its "
                    "user-assigned identity, and it has none. Assign one: identity {\"type\": \"UserAssigned\", "
                    "\"userAssignedIdentities\": {id: {}}}.", "identity")
    if wish.existing:
        yield from _moved(_model(wish.existing), model, circuits_on(wish.resource.id, estate))


def _identities(port: Resource) -> Json:
    identity = port.envelope.get("identity")
    found = identity.get("userAssignedIdentities") if isinstance(identity, dict) else None
    return found if isinstance(found, dict) else {}


def _moved(old: Port, new: Port, circuits: tuple[Resource, ...]) -> Iterator[Fault]:
    another = "Order another port and delete this one."
    if old.peering_location != new.peering_location:
        yield immovable("peeringLocation", old.peering_location, new.peering_location, another, "peeringLocation")
    if old.bandwidth_in_gbps != new.bandwidth_in_gbps:
        yield immovable("bandwidthInGbps", str(old.bandwidth_in_gbps), str(new.bandwidth_in_gbps), another,
                        "bandwidthInGbps")
    if old.encapsulation is not new.encapsulation and circuits:
        yield immovable("encapsulation", old.encapsulation, new.encapsulation, f"{circuits[0].id} is on the port with "
                        "tags of that kind; delete its circuits first.", "encapsulation")


def _generate(wish: Wish, ledger: Ledger) -> Json:
    return {"number": ledger.allocate("port", wish.resource.id.key), "resourceGuid": str(uuid4())}


def _amend(wish: Wish, _ledger: Ledger) -> Json:
    """Settings of both links; a link that the body does not name keeps those it had."""
    before = wish.existing.system.get("links", {}) if wish.existing else {}
    plain = LinkSettings().model_dump(by_alias=True, mode="json", exclude_none=True)
    named = {link.name.lower(): link.properties.model_dump(by_alias=True, mode="json", exclude_none=True)
             for link in _model(wish.resource).links}
    return {"links": {name: named.get(name, before.get(name, plain)) for name in LINKS}}


def _sockets(port: Resource) -> dict[str, Json]:
    """Where each link ends: two routers, each with its rack and patch panel, named by place and number."""
    where = _model(port).peering_location
    place = port_locations().get(where)
    buildings = place.buildings if place else (where, where)
    site = hashlib.blake2b(where.lower().encode(), digest_size=2).hexdigest()
    number = int(port.system["number"])
    rack, slot = divmod(number - 1, 48)
    return {name: {
        "routerName": f"exr{2 * rack + index:02}.{site}", "interfaceName": f"xe-{rack % 8}/1/{slot}",
        "patchPanelId": f"CP:{rack:02}{index:02}:{number:07} Port {slot + 1}",
        "rackId": f"{site.upper()}-{rack:04}-{index:02}",
        "coloLocation": building} for index, (name, building) in enumerate(zip(LINKS, buildings, strict=True), 1)}


def _links(port: Resource) -> list[Json]:
    place = {} if fresh(port) else _sockets(port)
    return [{
        "name": name, "id": str(port.id.child("links", name)), "etag": port.etag,
        "properties": {"provisioningState": port.state.value, "connectorType": "LC", **place.get(name, {}),
                       **port.system["links"][name]},
        "type": LINK} for name in LINKS]


def _show(port: Resource, estate: Estate) -> Json:
    shown: Json = {"resourceGuid": port.system["resourceGuid"], "links": _links(port),
                   "provisionedBandwidthInGbps": float(provisioned_gbps(port.id, estate))}
    if fresh(port):
        return shown
    circuits = [{"id": str(circuit.id)} for circuit in circuits_on(port.id, estate)]
    return {**shown, **({"circuits": circuits} if circuits else {}), "mtu": MTU, "etherType": ETHER_TYPE,
            "allocationDate": f"{port.created:%A, %B} {port.created.day}, {port.created.year}"}


def _in_use(port: Resource, estate: Estate) -> Iterator[Fault]:
    for cable in cables_at(estate, port.id):
        yield Conflict("InUseExpressRoutePortCannotBeDeleted", f"Port {port.id} is in use by {cable.id} and cannot be "
                       "deleted. Delete the cable first.")
    for circuit in circuits_on(port.id, estate):
        yield Conflict("InUseExpressRoutePortCannotBeDeleted", f"Port {port.id} is in use by {circuit.id} and cannot "
                       "be deleted. Delete the circuit first.")


def _letter(port: Resource, _estate: Estate, question: Question) -> Json:
    model, place = _model(port), port_locations().get(_model(port).peering_location)
    sockets = tuple(Socket(name, **{key: place[word] for key, word in (
        ("router", "routerName"), ("interface", "interfaceName"), ("panel", "patchPanelId"), ("rack", "rackId"))})
        for name, place in _sockets(port).items())
    content = render(Letter(
        customer=LoaRequest.model_validate(question.body).customer_name, port=str(port.id), issued=port.changed.date(),
        place=f"{model.peering_location}, {place.address}" if place else model.peering_location,
        bandwidth_gbps=model.bandwidth_in_gbps, encapsulation=model.encapsulation.value, sockets=sockets))
    return {"encodedContent": b64encode(content).decode()}


PORTS = ResourceType(
    PORT, model=Port, shape="ExpressRoutePortPropertiesFormat", realised=True,
    envelope=("identity",), defaults=_defaults, check=_check, generate=_generate, amend=_amend,
    in_use=_in_use, show=_show, actions=(Action("generateLoa", quick=True, body=LoaRequest, answer=_letter),))


def _links_of(port: ResourceId, register: Register) -> Iterator[Json]:
    found = register.get(port)
    yield from _links(found) if found else ()


PORT_LINKS = ResourceType(LINK, model=Properties, realised=True, view=_links_of)
