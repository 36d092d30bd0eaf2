"""User-defined routes to an appliance in a peered virtual network: a link of their own between the two routers, behind
which the other router hands everything to the appliance. Its own routes would not lead there.

    subnet ── router ─q════e─ router of the peer ── appliance

Only a machine that may forward (``enableIPForwarding``) is an appliance here, over IPv4 alone; the pieces belong to the
peering.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.intent.compile.draft import vnet_node
from trunkline.intent.compile.surroundings import FAR_TABLES, Surroundings, far_interface
from trunkline.intent.compile.user_routes import leads_far, networks, slots, user_route, user_tables
from trunkline.intent.estate import Estate
from trunkline.intent.network import Interface, Link, Lookup, Route, Verdict
from trunkline.intent.placement import PlacedNic, placed
from trunkline.intent.view import VnetPeeringView

_ENTRANCE = 90  #: before the entrances of the peer's own route tables


@dataclass(frozen=True, slots=True)
class _Way:
    """From the local router to one appliance of the remote."""

    peering: VnetPeeringView
    appliance: PlacedNic
    address: str

    def pieces(self) -> Iterator[Link | Lookup | Route]:
        near, far = self.peering.local.resource, self.peering.remote.resource
        there, entry = vnet_node(far.id), f"e{near.number}n{self.appliance.resource.number}"
        exit_ = far_interface(far.number, self.appliance)
        yield Link(Interface(vnet_node(near.id), exit_), Interface(there, entry, proxy_arp=True))
        yield Route(there, "0.0.0.0/0", (self.address,), self.appliance.interface, self._table)
        yield Lookup(there, _ENTRANCE, Verdict.TABLE, self._table, entry)

    @property
    def _table(self) -> int:
        named = f"{self.peering.local.resource.id.key}\0{self.appliance.resource.id.key}"
        digest = hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=4).digest()
        return FAR_TABLES | int.from_bytes(digest, "big") >> 1


def pieces(peering: VnetPeeringView, here: Surroundings, estate: Estate) -> Iterator[Link | Lookup | Route]:
    """Of the routes of ``local`` that lead into ``remote``."""
    if not here.has_tables:
        return
    routes = tuple(far_routes(here, estate))
    for subnet in placed(estate, peering.remote.resource.id):
        for nic in subnet.nics:
            exit_ = far_interface(peering.remote.resource.number, nic)
            leading = [route for route in routes if route.interface == exit_]
            if leading:
                yield from leading
                yield from _Way(peering, nic, leading[0].next_hops[0]).pieces()


def far_routes(here: Surroundings, estate: Estate) -> Iterator[Route]:
    tables = user_tables(here, estate)
    for table, slot in zip(tables, slots(one.id for one in tables), strict=True):
        for _, network, route in networks(table):
            if leads_far(network, route, here):
                yield user_route(network, route, here, slot)
