"""Circuits on an ExpressRoute Direct port: how much of it they may take, who may use it, and their S-tag."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Ledger, Register, Wish
from trunkline.api.resources.express_route.words import model_of
from trunkline.api.resources.linked import linked, missing
from trunkline.api.resources.redemption import check_key, redeemed
from trunkline.errors import Conflict, Fault
from trunkline.intent.direct import PORT
from trunkline.intent.estate import Estate
from trunkline.intent.view import CIRCUIT, referrers
from trunkline.model.plant import edges_of_port
from trunkline.model.port import CIRCUIT_SIZES_GBPS, OVERSUBSCRIPTION, VLAN_IDS, Encapsulation, Port
from trunkline.model.resource import Json, Resource, ResourceId

PORT_AUTHORIZATION = f"{PORT}/authorizations"


def check(wish: Wish, estate: Register) -> Iterator[Fault]:
    circuit, named = wish.resource, model_of(wish.resource).express_route_port
    port = linked(estate, circuit.id, named.id, PORT, anywhere=True) if named else None
    if named and port is None:
        yield missing(circuit.id, named.id, PORT, "expressRoutePort")
    elif port:
        yield from _fits(circuit, port, estate)
        if not wish.existing:
            yield from check_key(circuit, PORT_AUTHORIZATION, port.id, estate)


def circuits_on(port: ResourceId, estate: Estate) -> tuple[Resource, ...]:
    return referrers(estate, port, CIRCUIT)


def provisioned_gbps(port: ResourceId, estate: Estate, but: str = "") -> float:
    """What circuits take of a port, without the circuit of the key ``but``."""
    return sum(model_of(one).bandwidth_in_gbps or 0.0 for one in circuits_on(port, estate) if one.id.key != but)


def _fits(circuit: Resource, port: Resource, estate: Estate) -> Iterator[Fault]:
    size, wanted = Port.model_validate(port.properties).bandwidth_in_gbps, model_of(circuit).bandwidth_in_gbps or 0.0
    if wanted not in CIRCUIT_SIZES_GBPS[size]:
        yield Fault("BandwidthNotOffered", f"bandwidthInGbps {wanted:g} is not offered on a port of {size} Gbps. It "
                    f"offers: {', '.join(map(str, CIRCUIT_SIZES_GBPS[size]))}.", "bandwidthInGbps")
    taken, most = provisioned_gbps(port.id, estate, circuit.id.key), size * OVERSUBSCRIPTION
    if taken + wanted > most:
        yield Conflict("ExpressRoutePortBandwidthExceeded", f"bandwidthInGbps {wanted:g} does not fit on port "
                       f"{port.id}: its circuits take {taken:g} Gbps, and a port of {size} Gbps carries circuits of "
                       f"{most} Gbps together. Choose less, or delete a circuit.", "bandwidthInGbps")


def generate(circuit: Resource, ledger: Ledger) -> Json:
    """QinQ: an S-tag of the port that stays with the circuit. Dot1Q: none, each peering's C-tag is alone."""
    named = model_of(circuit).express_route_port
    port = ledger.get(named.target) if named else None
    if port is None:
        return {}
    model, found = Port.model_validate(port.properties), redeemed(circuit, PORT_AUTHORIZATION, port.id, ledger)
    place = edges_of_port(model.peering_location)
    system: Json = {"peeringLocation": place.name if place else model.peering_location,
                    "encapsulation": model.encapsulation.value}
    if model.encapsulation is Encapsulation.QINQ:
        system["stag"] = _stag(port, circuit, ledger)
    return {**system, "authorization": {"id": str(found.id)}} if found else system


def _stag(port: Resource, circuit: Resource, ledger: Ledger) -> int:
    stag = ledger.allocate(f"stag:{port.id.key}", circuit.id.key)
    if stag > VLAN_IDS:
        raise Conflict("ExpressRoutePortTagsExhausted", f"All {VLAN_IDS} S-tags of port {port.id} are taken: each "
                       "circuit on a port with QinQ encapsulation has one of its own. Delete a circuit, or use another "
                       "port.", "expressRoutePort")
    return stag
