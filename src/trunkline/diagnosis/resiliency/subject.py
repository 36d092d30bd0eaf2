"""What is asked about, and which ways its pairs have."""

from __future__ import annotations

from trunkline.diagnosis.resiliency.criteria import Ways
from trunkline.diagnosis.whatif.words import Names
from trunkline.errors import Fault
from trunkline.intent.connectivity.inventory import Inventory
from trunkline.intent.connectivity.model import Bundle, Connectivity
from trunkline.intent.gateways import GatewayView
from trunkline.intent.view import CircuitView
from trunkline.model.bgp import family_of


class Subject:
    """What is asked about: one circuit, one gateway, or all of the subscription."""

    def __init__(self, of: str, subscription: str, found: Inventory, names: Names) -> None:
        all_of_them: list[CircuitView | GatewayView] = [*found.circuits, *found.gateways]
        mine = [one for one in all_of_them if one.resource.id.subscription.lower() == subscription.lower()]
        chosen = [one for one in mine if not of or of.lower() in _spellings(one)]
        if of and len(chosen) != 1:
            known = ", ".join(names.owner(one.resource.id.key) for one in mine) or "none"
            raise Fault("UnknownSubject", f"'{of}' is {'more than one' if chosen else 'no'} circuit or gateway; there "
                        f"are: {known}.")
        self._keys = {one.resource.id.key for one in chosen}
        self._of = of
        self.gateways = tuple(one for one in chosen if isinstance(one, GatewayView) and not one.wan)

    def covers(self, bundle: Bundle) -> bool:
        pair = bundle.pairs[0]
        return not self._of or bool(self._keys & {*pair.circuits, *pair.gateways})


def _spellings(one: CircuitView | GatewayView) -> tuple[str, ...]:
    found = one.resource.id
    return found.key, found.name.lower(), f"{found.group}/{found.name}".lower()


def ways(bundle: Bundle, network: Connectivity, found: Inventory, names: Names) -> Ways:
    pair = bundle.pairs[0]
    beside = [one for one in network.bundles if family_of(one.pairs[0].here.prefix) == 6
              and (one.pairs[0].here.owner, one.pairs[0].there.owner) == (pair.here.owner, pair.there.owner)]
    circuits = tuple(one for one in found.circuits if one.resource.id.key in pair.circuits)
    return Ways(
        bundle, f"{pair.here.name} ↔ {pair.there.name}", circuits,
        tuple(one for one in found.gateways if one.resource.id.key in pair.gateways),
        {one.resource.id.key: names.owner(one.resource.id.key) for one in circuits},
        any(network.fate(one, 0).kept for one in beside), _has_six(bundle, found))


def _has_six(bundle: Bundle, found: Inventory) -> bool:
    """Whether an end of a bundle has IPv6 prefixes."""
    here = bundle.pairs[0].here.owner.key
    gateways = [one for one in found.gateways if one.resource.id.key in bundle.pairs[0].gateways]
    sites = [one for one in found.sites if one.id.key == here]
    prefixes = [*(prefix for one in gateways for prefix in one.prefixes),
                *(prefix for one in sites for prefix in one.properties["prefixes"])]
    return any(family_of(prefix) == 6 for prefix in prefixes)
