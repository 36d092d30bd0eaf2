"""Trunkline.Plant/faults: failures made on purpose, each of something that exists and is in use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.lasting import ends_in
from trunkline.api.resources.linked import circuit_of, immovable, linked, missing
from trunkline.errors import Conflict, Fault
from trunkline.intent.compile.faults import struck
from trunkline.intent.estate import Estate
from trunkline.intent.usage import in_use
from trunkline.intent.view import FAULT, GATEWAY
from trunkline.intent.wan import WAN_GATEWAY
from trunkline.model.backbone import backbone
from trunkline.model.closest import did_you_mean
from trunkline.model.fault import WORDS, FaultKind, FaultMode, RehearsedFault
from trunkline.model.plant import locations, metro_sites, region, regions
from trunkline.model.profile import AZURE
from trunkline.model.provider import offers
from trunkline.model.resource import Json, Resource, now


def _model(fault: Resource) -> RehearsedFault:
    return RehearsedFault.model_validate(fault.properties)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    fault, model = wish.resource, _model(wish.resource)
    if wish.existing and (old := _model(wish.existing)).target != model.target:
        yield immovable("what fails", _words(old), _words(model), "Delete this fault and create another.", "kind")
        return
    unknown = list(_unknown(fault, model, estate))
    yield from unknown
    if unknown:
        return
    if not _in_use(model, estate):
        yield Conflict("FaultTargetNotInUse", f"Nothing uses {_words(model)} at present, so its failure would change "
                       f"nothing. {_HINTS[model.kind]}", "kind")
    else:
        yield from _overlapping(fault, model, estate)


def _words(model: RehearsedFault) -> str:
    """What fails, as ``trunkline fail`` names it."""
    names = (model.circuit.target.name if model.circuit else "", model.gateway.target.name if model.gateway else "",
             model.provider, model.location, model.region, model.site, model.to, model.leg,
             "" if model.instance is None else str(model.instance))
    return " ".join((WORDS[model.kind], *(name for name in names if name)))


_HINTS = {
    FaultKind.LEG: "A leg can fail once the circuit is there, and lose its carrier once it is ordered at the "
                   "exchange.",
    FaultKind.EDGE: "An edge is in use once a circuit ends at its location.",
    FaultKind.SWITCH: "A switch is in use once a circuit of its provider ends at its location.",
    FaultKind.INSTANCE: "A gateway has its instances once it is an ExpressRoute gateway in a GatewaySubnet or a "
                        "hub.",
    FaultKind.SPAN: "A link is in use once a path between a circuit's location and a region takes it.",
    FaultKind.CORE: "A backbone router is in use once a path between a circuit's location and a region takes it.",
    FaultKind.LOCATION: "A location is in use once a circuit ends there, or a path between others leads through "
                        "it.",
    FaultKind.REGION: "A region is in use once a circuit reaches something in it, or a path leads through it.",
}


# ── does it exist? ───────────────────────────────────────────────────────────────────────────────────────────────────


def _unknown(fault: Resource, model: RehearsedFault, estate: Estate) -> Iterator[Fault]:
    if model.circuit:
        yield from circuit_of(fault.id, model.circuit, estate)
    if model.gateway and not any(linked(estate, fault.id, model.gateway.id, kind) for kind in (GATEWAY, WAN_GATEWAY)):
        yield missing(fault.id, model.gateway.id, GATEWAY, "gateway")
    if model.provider and offers().get(model.provider) is None:
        yield _no_such("provider", model.provider, offers())
    if model.location:
        yield from _no_place(model)
    if model.region and region(model.region) is None:
        yield _no_such("region", model.region, regions())
    for name, site in (("site", model.site), ("to", model.to)):
        if site and not _is_site(site):
            yield _no_such(name, site, [*locations(), *regions()])


def _no_place(model: RehearsedFault) -> Iterator[Fault]:
    """Of a metro, one building fails at a time."""
    name = model.location or ""
    buildings = metro_sites().get(name)
    if buildings and model.kind is FaultKind.LOCATION:
        yield Fault("FaultTargetNotFound", f"'{name}' is a metro of two buildings; name one of them as location: "
                    f"{' or '.join(buildings)}.", "location")
    elif not buildings and not _is_site(name):
        yield _no_such("location", name, locations())


def _is_site(name: str) -> bool:
    return region(name) is not None or any(site.name == name.casefold() for site in backbone().sites)


def _no_such(name: str, given: str, known: Iterable[str]) -> Fault:
    return Fault("FaultTargetNotFound", f"There is no {name} '{given[:80]}'.{did_you_mean(given, known)}", name)


# ── may it fail? ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _in_use(model: RehearsedFault, estate: Estate) -> bool:
    wanted = {(cut.node, cut.interface) for cut in struck(model, estate)}
    return bool(wanted) and any(place in wanted for place in in_use(estate, AZURE))


def _overlapping(fault: Resource, model: RehearsedFault, estate: Estate) -> Iterator[Fault]:
    """Two that act on different things may stand beside each other, also one inside the other: a leg on an edge. Not so
    if both take the carrier of one interface: which of them would lift it?"""
    for other in estate.list(FAULT):
        if other.id.key != fault.id.key and not other.deleting and _meet(model, _model(other), estate):
            yield Conflict("FaultOverlaps", f"{_words(_model(other))} fails already, by {other.id}, until "
                           f"{other.system['expiresAt']}, and that is part of {_words(model)}. Delete that fault "
                           "first, or wait until it ends.", "kind")


def _meet(one: RehearsedFault, other: RehearsedFault, estate: Estate) -> bool:
    mine, theirs = struck(one, estate), struck(other, estate)
    down = one.mode is other.mode is FaultMode.LINK_DOWN
    return bool(set(mine) & set(theirs)) or (down and any(
        a.node == b.node and "" in (a.interface, b.interface) for a in mine for b in theirs))


def _generate(_wish: Wish, _ledger: Ledger) -> Json:
    return {"begunAt": now().isoformat()}


def _amend(wish: Wish, _ledger: Ledger) -> Json:
    """Its lease begins anew with each write."""
    return ends_in(_model(wish.resource).expires_in_seconds)


def _show(fault: Resource, _estate: Estate) -> Json:
    return {name: fault.system[name] for name in ("begunAt", "expiresAt")}


FAULTS = ResourceType(
    FAULT, model=RehearsedFault, tracked=False, realised=True, check=_check, generate=_generate, amend=_amend,
    show=_show)
