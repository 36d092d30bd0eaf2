"""Trunkline.Site/sites: a customer's premises."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.addressing import inside, overlapping, unusable
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import EXCHANGE_ORDER, SITE, referrers, site_model
from trunkline.model.circuit import Leg
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.site import Site, SiteHost, VirtualCrossConnect

_DEFAULT_ROUTE = "0.0.0.0/0"


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    model = site_model(wish.resource)
    for prefix in model.prefixes:
        if prefix != _DEFAULT_ROUTE:
            yield from unusable(prefix, "prefixes")
    for one, other in overlapping(prefix for prefix in model.prefixes if prefix != _DEFAULT_ROUTE):
        yield Fault("AddressPrefixesOverlap", f"prefixes {one} and {other} overlap; announce prefixes that share no "
                    "address.",
                    "prefixes")
    faults = tuple(unusable(model.lan, "lan"))
    yield from faults or _lan(model)
    yield from _routers_still_there(wish.resource.id, model, estate)


def _lan(model: Site) -> Iterator[Fault]:
    if not inside(model.lan, model.prefixes):
        yield Fault("LanNotAnnounced", f"lan {model.lan} is in none of prefixes {', '.join(model.prefixes)}, so nobody "
                    "could reach its hosts; add it to prefixes.", "lan")
    lan = IPv4Network(model.lan)
    if lan.prefixlen > 29:
        yield Fault("LanTooSmall", f"lan {model.lan} is too small for routers and hosts; use /29 or larger.", "lan")
        return
    taken = {lan[0]: "the network", lan[-1]: "the broadcast address"}
    taken |= {lan[index + 1]: f"router '{router.name}'" for index, router in enumerate(model.routers)}
    for host in model.hosts:
        yield from _host(host, taken)
        taken[IPv4Address(host.address)] = f"host '{host.name}'"


def _host(host: SiteHost, taken: dict[IPv4Address, str]) -> Iterator[Fault]:
    owner = taken.get(IPv4Address(host.address))
    if owner:
        yield Fault("HostAddressInUse", f"address {host.address} of host '{host.name}' belongs to {owner}; choose "
                    "another.",
                    "hosts")


def orders_of(site: ResourceId, estate: Estate) -> Iterator[tuple[Resource, str]]:
    """Virtual cross connects of a site and the names of its routers they end at."""
    for order in referrers(estate, site, EXCHANGE_ORDER):
        model = VirtualCrossConnect.model_validate(order.properties)
        for leg in Leg:
            ordered = model.order(leg)
            if ordered and ordered.router:
                yield order, ordered.router


def _routers_still_there(site: ResourceId, model: Site, estate: Estate) -> Iterator[Fault]:
    names = {router.name for router in model.routers}
    for order, router in orders_of(site, estate):
        if router not in names:
            yield Conflict("RouterInUse", f"Router '{router}' cannot be removed: {order.id} ends at it. Change or "
                           "delete that virtual cross connect first.", "routers")


def _in_use(site: Resource, estate: Estate) -> Iterator[Fault]:
    for order in referrers(estate, site.id, EXCHANGE_ORDER):
        yield Conflict("InUseSiteCannotBeDeleted",
                       f"Site {site.id} is in use by {order.id} and cannot be deleted. Delete the virtual cross "
                       "connect first.")


def _generate(wish: Wish, ledger: Ledger) -> Json:
    return {"number": ledger.allocate("sites", wish.resource.id.key)}


SITES = ResourceType(SITE, model=Site, tracked=False, realised=True, check=_check, generate=_generate, in_use=_in_use)
