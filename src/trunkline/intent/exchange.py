"""Typed views over an internet exchange: its members, with their addresses, and what each may announce."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from trunkline.intent.estate import Estate
from trunkline.intent.validation import REGISTRY
from trunkline.model.bgp import AZURE_ASN, family_of, network
from trunkline.model.exchange import RESERVED, Admission, Exchange, Member
from trunkline.model.public_service import announced_by, nearest_region
from trunkline.model.registry import Registries
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.site import Site

EXCHANGE = "Trunkline.Exchange/exchanges"
MEMBER = f"{EXCHANGE}/members"
#: Function numbers of route servers' large communities that say how a route was judged. ``INFO_FORGED``: its member
#: had written such words itself, and they were taken off.
INFO_RPKI, INFO_IRR, INFO_FORGED, INFO_REFUSED = 1000, 1001, 1002, 1101


@dataclass(frozen=True, slots=True)
class MemberView:
    """``asn``: its own, or its site's. ``addresses``: in the LAN, one for each of its families, without length.
    ``admission``: what the operator says of its AS; None while it says nothing. ``services``: what the cloud's own edge
    announces, of lengths that the exchange takes; the operator has written that member, and needs to say no more."""

    resource: Resource
    model: Member
    asn: int
    addresses: tuple[str, ...]
    site: Resource | None
    admission: Admission | None
    services: tuple[str, ...] = ()

    @property
    def admitted(self) -> bool:
        return self.admission is not None or self.model.edge is not None

    @property
    def number(self) -> int:
        return self.resource.number

    @property
    def name(self) -> str:
        return self.resource.id.name

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What it may announce, by the operator's word and by registries'."""
        if self.model.edge:
            return self.services
        own = self.admission.prefixes if self.admission else ()
        return tuple(dict.fromkeys((*own, *self._registered("prefixes"))))

    @property
    def origins(self) -> tuple[int, ...]:
        """Origins of what it announces: itself, and whom it is upstream of."""
        if self.model.edge:
            return (self.asn,)
        own = self.admission.origins if self.admission else ()
        return tuple(dict.fromkeys((self.asn, *own, *self._registered("origins"))))

    def _registered(self, what: str) -> tuple[Any, ...]:
        """Nothing for one that is not admitted (any more), or has become another AS since registries were asked."""
        words = self.resource.status.get(REGISTRY, {})
        return tuple(words.get(what, ())) if self.admission and words.get("asn") == self.asn else ()

    def address(self, family: int) -> str:
        """Empty without one of that family."""
        return next((one for one in self.addresses if family_of(one) == family), "")

    @property
    def site_model(self) -> Site | None:
        return Site.model_validate(self.site.properties) if self.site else None


@dataclass(frozen=True, slots=True)
class ExchangeView:
    resource: Resource
    model: Exchange
    members: tuple[MemberView, ...]  #: by number

    def member(self, name: str) -> MemberView | None:
        return next((one for one in self.members if one.name.lower() == name.lower()), None)

    def prefix_limit(self, member: MemberView, family: int) -> int:
        """What the member asks for, as far as the exchange goes."""
        asked, policy = member.model, self.model.policy
        return min(asked.prefix_limit, policy.most_prefixes) if family == 4 else min(
            asked.prefix_limit6, policy.most_prefixes6)

    def bilateral(self, member: MemberView) -> tuple[MemberView, ...]:
        """With whom a member wants to speak directly, as far as they are here."""
        found = (self.member(name) for name in member.model.bilateral)
        return tuple(one for one in found if one and one.number != member.number)


def exchange_view(estate: Estate, exchange: ResourceId | None) -> ExchangeView | None:
    resource = _alive(estate, exchange) if exchange else None
    if not resource:
        return None
    model = Exchange.model_validate(resource.properties)
    found = (_member(estate, model, child) for child in estate.children(resource.id, MEMBER) if not child.deleting)
    return ExchangeView(resource, model, tuple(sorted((one for one in found if one), key=lambda one: one.number)))


def _member(estate: Estate, exchange: Exchange, resource: Resource) -> MemberView | None:
    """``None`` while its site is missing."""
    model = Member.model_validate(resource.properties)
    site = _alive(estate, model.site.target) if model.site else None
    asn = AZURE_ASN if model.edge else Site.model_validate(site.properties).asn if site else model.asn
    if asn is None:
        return None
    addresses, admission = tuple(resource.system["addresses"]), exchange.admission(asn)
    if admission and not admission.is_for(joining(resource, model)):
        admission = None
    services = tuple(filter(exchange.carries, announced_by(region_of(exchange)))) if model.edge else ()
    return MemberView(resource, model, asn, addresses, site, admission, services)


def joining(member: Resource, model: Member) -> str:
    """The subscription that takes part: that of the site; of a hand-off that of the member itself."""
    return (model.site.target if model.site else member.id).subscription


def region_of(exchange: Exchange) -> str:
    """Whose public services its edges announce."""
    return nearest_region(exchange.peering_location)


def members_of_site(estate: Estate, site: ResourceId) -> tuple[Resource, ...]:
    return tuple(one for one in estate.referrers(site, MEMBER) if not one.deleting)


def memberships(estate: Estate, site: ResourceId) -> Iterator[tuple[ExchangeView, MemberView]]:
    """Where a site takes part, by member's number."""
    for resource in sorted(members_of_site(estate, site), key=lambda one: one.number):
        view = exchange_view(estate, resource.id.parent)
        member = view.member(resource.id.name) if view else None
        if view and member:
            yield view, member


def registered(estate: Estate, exchange: ResourceId, registries: Registries,
               members: Iterable[ResourceId]) -> dict[ResourceId, Json]:
    """What registries say that each of these members may announce, to be kept with it."""
    view = exchange_view(estate, exchange)
    found = {one.name.lower(): one for one in view.members} if view else {}
    return {member: _words(found.get(member.name.lower()), registries) for member in members
            if member.parent and member.parent.key == exchange.key}


def _words(member: MemberView | None, registries: Registries) -> Json:
    if not member or not member.admission:
        return {}
    sets = registries.members(member.admission.as_sets)
    origins = sorted({member.asn, *member.admission.origins, *sets})
    return {"asn": member.asn, "origins": list(sets), "prefixes": list(registries.prefixes(origins))}


def free_address(lan: str, taken: frozenset[str]) -> str:
    """The first address of a LAN that no member has; empty when there is none."""
    space = network(lan)
    last = space.num_addresses - (1 if space.version == 4 else 0)
    found = (str(space[number]) for number in range(RESERVED, last))
    return next((address for address in found if address not in taken), "")


def _alive(estate: Estate, resource: ResourceId) -> Resource | None:
    found = estate.get(resource)
    return found if found and not found.deleting else None
