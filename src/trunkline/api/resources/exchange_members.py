"""Trunkline.Exchange/exchanges/members: a port on the LAN of an internet exchange. Whoever may write there joins with a
site that is theirs, under an AS number that the operator has admitted; the cloud's own edges only operators write."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.addressing import inside
from trunkline.api.resources.handoffs import check_interfaces
from trunkline.api.resources.linked import immovable, linked, missing
from trunkline.api.resources.looking_glass import ELSEWHERE
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.exchange import MEMBER, ExchangeView, exchange_view, free_address, joining
from trunkline.intent.view import SITE, site_model
from trunkline.model.bgp import AZURE_ASN, family_of, network, within
from trunkline.model.exchange import RESERVED, ExchangePolicy, Member
from trunkline.model.resource import Json, Resource

#: Who may write an edge; no role reaches it, as nothing of the plant.
_JOIN_EDGE = "Trunkline.Plant/edges/join/action"
_ANOTHER = "Delete this member and let it join anew."


def _model(member: Resource) -> Member:
    return Member.model_validate(member.properties)


def _check(existing_interfaces: frozenset[str], wish: Wish, estate: Register) -> Iterator[Fault]:
    own, model = wish.resource, _model(wish.resource)
    view = exchange_view(estate, own.id.parent)
    if view is None:
        return
    if model.edge:
        yield from _one_edge(own, model, view)
    asn = yield from _asn(own, model, estate)
    if asn is not None and not model.edge:
        yield from _admitted(own, asn, view)
    yield from _addresses(own, model, view)
    yield from _limits(model, view.model.policy)
    if own.id.name.lower() in map(str.lower, model.bilateral):
        yield Fault("BilateralWithItself", f"bilateral names '{own.id.name}', which is this member; name others.",
                    "bilateral")
    if wish.existing:
        yield from _moved(_model(wish.existing), model)
    yield from check_interfaces(own, existing_interfaces, estate)


def _one_edge(member: Resource, model: Member, view: ExchangeView) -> Iterator[Fault]:
    other = next((one for one in view.members if one.model.edge is model.edge and one.resource.id.key != member.id.key),
                 None)
    if other:
        yield Conflict("EdgeAlreadyAtExchange", f"The {model.edge} edge takes part in exchange "
                       f"{view.resource.id.name} as member '{other.name}'; write the other edge, or delete that member "
                       "first.", "edge")
    if view.model.asn == AZURE_ASN:
        yield Fault("AsnOfRouteServers", f"Edges are of AS {AZURE_ASN}, which is that of the route servers of exchange "
                    f"{view.resource.id.name}; they need another.", "edge")


def _asn(member: Resource, model: Member, estate: Estate) -> Generator[Fault, None, int | None]:
    """The AS number it joins as; None beside the fault of its site."""
    if model.site is None:
        return model.asn
    site = linked(estate, member.id, model.site.id, SITE, anywhere=True)
    if site is None:
        yield missing(member.id, model.site.id, SITE, "site")
        return None
    names = [router.name for router in site_model(site).routers]
    if model.router not in names:
        yield Fault("RouterNotInSite", f"router '{model.router}' is not a router of site {site.id.name}, which has "
                    f"{', '.join(names)}.", "router")
    for prefix in model.blackholes:
        if not inside(prefix, site_model(site).prefixes):
            yield Fault("BlackholeNotOwn", f"blackholes: {prefix} is in none of the prefixes of site {site.id.name}; "
                        "only own addresses can be given up.", "blackholes")
    return site_model(site).asn


def _admitted(member: Resource, asn: int, view: ExchangeView) -> Iterator[Fault]:
    if asn == view.model.asn:
        yield Fault("AsnOfRouteServers", f"AS {asn} is that of the route servers of exchange {view.resource.id.name}; "
                    "a member has another.", "asn")
        return
    admission = view.model.admission(asn)
    if admission is None:
        yield Fault("AsnNotAdmitted", f"AS {asn} is not admitted to exchange {view.resource.id.name}. Its operator "
                    "writes it into the exchange's admissions, with the prefixes that it may announce.", "asn")
    elif not admission.is_for(own := joining(member, _model(member))):
        yield Fault("AsnNotAdmitted", f"AS {asn} is admitted to exchange {view.resource.id.name} from another "
                    "subscription; join with a site of that one, or ask the exchange's operator.", "asn")
    elif any(one.asn == asn and joining(one.resource, one.model).lower() != own.lower() for one in view.members
             if one.resource.id.key != member.id.key):
        yield Fault("AsnNotAdmitted", f"AS {asn} takes part in exchange {view.resource.id.name} from another "
                    "subscription already; ask the exchange's operator to name yours in the admission.", "asn")


def _limits(model: Member, policy: ExchangePolicy) -> Iterator[Fault]:
    for name, wanted, most in (("prefixLimit", model.prefix_limit, policy.most_prefixes),
                               ("prefixLimit6", model.prefix_limit6, policy.most_prefixes6)):
        if wanted > most:
            yield Fault("PrefixLimitTooHigh", f"{name} {wanted} is more than the {most} prefixes that the exchange "
                        "takes of a member; choose less, or ask its operator to raise the policy's "
                        f"{name.replace('prefixLimit', 'mostPrefixes')}.", name)


def _addresses(member: Resource, model: Member, view: ExchangeView) -> Iterator[Fault]:
    taken = _taken(member, view)
    families = (("address", model.address, view.model.lan), ("address6", model.address6, view.model.lan6))
    for name, wanted, lan in families:
        if wanted and lan is None:
            yield Fault("ExchangeHasNoIpv6", f"address6 {wanted}: exchange {view.resource.id.name} has no lan6; leave "
                        "it out.", name)
        elif wanted and lan:
            yield from _address(wanted, lan, taken, name)
        elif lan and not free_address(lan, frozenset(taken)):
            yield Conflict("PeeringLanIsFull", f"All addresses of {name.replace('address', 'lan')} {lan} are taken; "
                           "an exchange with a larger LAN is needed.", name)


def _address(wanted: str, lan: str, taken: dict[str, str], name: str) -> Iterator[Fault]:
    space = network(lan)
    reserved = {str(space[number]) for number in range(RESERVED)} | ({str(space[-1])} if space.version == 4 else set())
    if not within(wanted, lan):
        yield Fault("AddressNotInLan", f"{name} {wanted} is not in the peering LAN {lan}; choose one of it, or leave "
                    "it out for the first that is free.", name)
    elif wanted in reserved:
        yield Fault("AddressReserved", f"{name} {wanted} is the exchange's own: the first {RESERVED - 1} hosts of "
                    f"{lan} are its route servers and its discard address. Choose another.", name)
    elif owner := taken.get(wanted):
        yield Conflict("AddressInUse", f"{name} {wanted} belongs to member '{owner}'; choose another, or leave it out "
                       "for the first that is free.", name)


def _taken(member: Resource, view: ExchangeView) -> dict[str, str]:
    """Who has which address."""
    return {address: one.name for one in view.members if one.resource.id.key != member.id.key
            for address in one.addresses}


def _moved(old: Member, new: Member) -> Iterator[Fault]:
    was, wanted = _end(old), _end(new)
    if was.lower() != wanted.lower():
        name = "site" if old.site else "edge" if old.edge else "handoff"
        yield immovable(name, was, wanted, _ANOTHER, name)


def _end(model: Member) -> str:
    if model.edge:
        return model.edge.value
    return model.site.id if model.site else f"interface {model.handoff.interface}" if model.handoff else ""


def _generate(wish: Wish, ledger: Ledger) -> Json:
    return {"number": ledger.allocate("exchangeMembers", wish.resource.id.key)}


def _amend(wish: Wish, ledger: Ledger) -> Json:
    """The addresses that it asks for, else those that it has, else the first free ones."""
    view = exchange_view(ledger, wish.resource.id.parent)
    if view is None:
        return {}
    model, taken = _model(wish.resource), frozenset(_taken(wish.resource, view))
    kept = {family_of(one): one for one in (wish.existing.system.get("addresses", ()) if wish.existing else ())}
    asked = {4: model.address, 6: model.address6}
    return {"addresses": [asked[family] or kept.get(family) or free_address(lan, taken)
                          for lan in view.model.lans for family in (family_of(lan),)]}


def _show(member: Resource, estate: Estate) -> Json:
    view = exchange_view(estate, member.id.parent)
    found = view.member(member.id.name) if view else None
    return {"addresses": list(member.system["addresses"]), "asn": found.asn if found else None}


def _needs(member: Resource) -> Iterator[str]:
    if member.properties.get("edge"):
        yield _JOIN_EDGE


def exchange_members(existing_interfaces: frozenset[str]) -> ResourceType:
    """``existing_interfaces``: those of the machine that a hand-off may take."""
    return ResourceType(
        MEMBER, model=Member, tracked=False, realised=True, secrets=("sharedKey",),
        check=partial(_check, existing_interfaces), generate=_generate, amend=_amend, show=_show,
        needs=_needs, actions=(ELSEWHERE,))
