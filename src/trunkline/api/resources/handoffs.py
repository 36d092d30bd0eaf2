"""Where the customer's side ends, of virtual cross connects, of cables and of an exchange's members: routers of a site,
and interfaces, whose names are in one machine, so they are unique among all customers. The operator says which existing
ones may be taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.api.declaration import Register
from trunkline.api.resources.linked import linked, missing
from trunkline.errors import Fault
from trunkline.intent.direct import CABLE
from trunkline.intent.estate import Estate
from trunkline.intent.exchange import MEMBER
from trunkline.intent.view import EXCHANGE_ORDER, SITE, site_model
from trunkline.model.cable import Cable, PlugKind
from trunkline.model.circuit import Leg
from trunkline.model.exchange import Member
from trunkline.model.port import LINKS
from trunkline.model.resource import Reference, Resource, ResourceId
from trunkline.model.site import VirtualCrossConnect


@dataclass(frozen=True, slots=True)
class _Wanted:
    """``side``: the leg or link; empty where there is one alone. ``existing``: the machine has the interface."""

    side: str
    interface: str
    existing: bool


def check_interfaces(wished: Resource, offered: frozenset[str], estate: Register) -> Iterator[Fault]:
    """``wished``: a virtual cross connect, a cable, an exchange's member. ``offered``: existing interfaces that may be
    taken."""
    order = wished.id
    taken = {one.interface: other.id for kind in (EXCHANGE_ORDER, CABLE, MEMBER) for other in estate.list(kind)
             if other.id.key != order.key for one in _interfaces(other)}
    for one in _interfaces(wished):
        member = f"{one.side}.handoff.interface".removeprefix(".")
        if owner := taken.get(one.interface):
            whose = f"the other side of {order}" if owner.key == order.key else _named(owner, order)
            yield Fault("HandoffInterfaceInUse", f"{member} '{one.interface}' cannot be used for {order}: it is used "
                        f"by {whose}. Each needs an interface of its own; name another.", member)
        taken[one.interface] = order
        if one.existing and one.interface not in offered:
            yield Fault("HandoffInterfaceNotOffered", f"{member} '{one.interface}' is not among the interfaces of this "
                        "machine that its operator offers. Ask for a new one instead, or ask the operator to name it "
                        "in TRUNKLINE_HANDOFF_INTERFACES.", member)


def check_routers(order: ResourceId, site: Reference | None, wanted: tuple[tuple[str, str], ...],
                  estate: Estate) -> Iterator[Fault]:
    """``wanted``: (leg or link, router of the site)."""
    if site is None:
        for side, router in wanted:
            yield Fault("SiteRequired", f"{side}.router '{router}' is a router of a site; give site.id, or a handoff "
                        "instead of the router.", "site")
        return
    found = linked(estate, order, site.id, SITE)
    if found is None:
        yield missing(order, site.id, SITE, "site")
        return
    names = [router.name for router in site_model(found).routers]
    for side, router in wanted:
        if router not in names:
            yield Fault("RouterNotInSite", f"{side}.router '{router}' is not a router of site {found.id.name}, which "
                        f"has {', '.join(names)}.", f"{side}.router")


def _named(owner: ResourceId, asking: ResourceId) -> str:
    """Other customers' names are not told."""
    return str(owner) if owner.subscription.lower() == asking.subscription.lower() else "somebody else"


def _interfaces(order: Resource) -> Iterator[_Wanted]:
    if order.id.type.lower() == CABLE.lower():
        cable = Cable.model_validate(order.properties)
        for link in LINKS:
            end = cable.end(link)
            if end and end.handoff:
                yield _Wanted(link, end.handoff.interface, end.handoff.kind is PlugKind.EXISTING)
        return
    if order.id.type.lower() == MEMBER.lower():
        handoff = Member.model_validate(order.properties).handoff
        if handoff:
            yield _Wanted("", handoff.interface, not handoff.create)
        return
    exchange = VirtualCrossConnect.model_validate(order.properties)
    for leg in Leg:
        ordered = exchange.order(leg)
        if ordered and ordered.handoff:
            yield _Wanted(leg, ordered.handoff.interface, not ordered.handoff.create)
