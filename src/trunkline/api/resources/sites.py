"""Trunkline.Site/sites: a customer's premises."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.addressing import inside, overlapping, unusable
from trunkline.api.resources.linked import immovable
from trunkline.errors import Conflict, Fault
from trunkline.intent.direct import cables_at
from trunkline.intent.estate import Estate
from trunkline.intent.exchange import members_of_site
from trunkline.intent.view import EXCHANGE_ORDER, SITE, referrers, site_model
from trunkline.model.bgp import family_of, network, of_family
from trunkline.model.cable import Cable
from trunkline.model.circuit import Leg
from trunkline.model.exchange import Member
from trunkline.model.nearest import position_of
from trunkline.model.port import LINKS
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.site import Site, SiteHost, VirtualCrossConnect

_DEFAULT_ROUTES = ("0.0.0.0/0", "::/0")

#: Longest LAN in each family; it has routers and hosts.
_LONGEST = {4: 29, 6: 124}


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    model = site_model(wish.resource)
    for prefix in model.prefixes:
        if prefix not in _DEFAULT_ROUTES:
            yield from unusable(prefix, "prefixes")
    for one, other in overlapping(prefix for prefix in model.prefixes if prefix not in _DEFAULT_ROUTES):
        yield Fault("AddressPrefixesOverlap", f"prefixes {one} and {other} overlap; announce prefixes that share no "
                    "address.",
                    "prefixes")
    for member, lan in zip(("lan", "lan6"), model.lans, strict=False):
        faults = tuple(unusable(lan, member))
        yield from faults or _lan(model, member, lan)
    if model.position and model.position.city and position_of(model.position.city) is None:
        yield Fault("CityNotKnown", f"position.city '{model.position.city}' has no peering location, so where it is, "
                    "is not known. Give position.latitude and position.longitude instead.", "position.city")
    yield from _routers_still_there(wish.resource.id, model, estate)
    if wish.existing:
        yield from _still_that_as(wish.resource.id, site_model(wish.existing).asn, model.asn, estate)


def _lan(model: Site, member: str, lan: str) -> Iterator[Fault]:
    if not inside(lan, model.prefixes):
        yield Fault("LanNotAnnounced", f"{member} {lan} is in none of prefixes {', '.join(model.prefixes)}, so nobody "
                    "could reach its hosts; add it to prefixes.", member)
    found, family = network(lan), family_of(lan)
    if found.prefixlen > _LONGEST[family]:
        yield Fault("LanTooSmall", f"{member} {lan} is too small for routers and hosts; use /{_LONGEST[family]} or "
                    "larger.", member)
        return
    taken = {str(found[0]): "the network"} | ({str(found[-1]): "the broadcast address"} if family == 4 else {})
    taken |= {str(found[index + 1]): f"router '{router.name}'" for index, router in enumerate(model.routers)}
    for host in model.hosts:
        for address in of_family(family, host.addresses):
            yield from _host(host, address, taken)
            taken[address] = f"host '{host.name}'"


def _host(host: SiteHost, address: str, taken: dict[str, str]) -> Iterator[Fault]:
    if owner := taken.get(address):
        yield Fault("HostAddressInUse", f"address {address} of host '{host.name}' belongs to {owner}; choose another.",
                    "hosts")


def orders_of(site: ResourceId, estate: Estate) -> Iterator[tuple[Resource, str]]:
    """Virtual cross connects, cables and exchanges' ports of a site, and the names of its routers they end at."""
    for order in referrers(estate, site, EXCHANGE_ORDER):
        model = VirtualCrossConnect.model_validate(order.properties)
        for leg in Leg:
            ordered = model.order(leg)
            if ordered and ordered.router:
                yield order, ordered.router
    for cable in cables_at(estate, site):
        laid = Cable.model_validate(cable.properties)
        yield from ((cable, end.router) for link in LINKS if (end := laid.end(link)) and end.router)
    for member in members_of_site(estate, site):
        yield member, str(Member.model_validate(member.properties).router)


def _routers_still_there(site: ResourceId, model: Site, estate: Estate) -> Iterator[Fault]:
    names = {router.name for router in model.routers}
    for order, router in orders_of(site, estate):
        if router not in names:
            yield Conflict("RouterInUse", f"Router '{router}' cannot be removed: {order.id} ends at it. Change or "
                           "delete that first.", "routers")


def _still_that_as(site: ResourceId, was: int, wanted: int, estate: Estate) -> Iterator[Fault]:
    """An exchange admits an AS when a member joins; another number would be somebody else's place there."""
    member = next(iter(members_of_site(estate, site)), None)
    if member and was != wanted:
        yield immovable("asn", str(was), str(wanted), f"The site takes part in an exchange as AS {was}: delete "
                        f"{member.id} first, and let it join anew.", "asn")


def _in_use(site: Resource, estate: Estate) -> Iterator[Fault]:
    for member in members_of_site(estate, site.id):
        yield Conflict("InUseSiteCannotBeDeleted", f"Site {site.id} is in use by {member.id} and cannot be deleted. "
                       "Delete that member of the exchange first.")
    for cable in cables_at(estate, site.id):
        yield Conflict("InUseSiteCannotBeDeleted", f"Site {site.id} is in use by {cable.id} and cannot be deleted. "
                       "Delete the cable first.")
    for order in referrers(estate, site.id, EXCHANGE_ORDER):
        yield Conflict("InUseSiteCannotBeDeleted",
                       f"Site {site.id} is in use by {order.id} and cannot be deleted. Delete the virtual cross "
                       "connect first.")


def _generate(wish: Wish, ledger: Ledger) -> Json:
    return {"number": ledger.allocate("sites", wish.resource.id.key)}


SITES = ResourceType(SITE, model=Site, tracked=False, realised=True, check=_check, generate=_generate, in_use=_in_use)
