"""Trunkline.Plant/impairments: line conditions made on purpose, one set for each link and direction."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.lasting import ends_in
from trunkline.api.resources.linked import circuit_of, immovable, stays
from trunkline.errors import Conflict, Fault
from trunkline.intent.compile.impairments import Stretch, links, meant
from trunkline.intent.estate import Estate
from trunkline.intent.span import span_between, span_id
from trunkline.intent.view import IMPAIRMENT, ImpairmentView, circuit_view
from trunkline.model.backbone import backbone
from trunkline.model.impairment import Impairment, Spot
from trunkline.model.plant import site_called, site_named
from trunkline.model.resource import Json, Resource

_ANOTHER = "Delete this impairment and create another."


def _model(resource: Resource) -> Impairment:
    return Impairment.model_validate(resource.properties)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    own, model = wish.resource, _model(wish.resource)
    circuit = (yield from circuit_of(own.id, model.circuit, estate)) if model.circuit else None
    if model.circuit and circuit is None:
        return
    if wish.existing:
        yield from _moved(_model(wish.existing), model)
    stretches = _stretches(own, estate)
    if not stretches:
        yield _no_link(model, circuit, estate) if circuit else _no_span(model)
        return
    for other in estate.list(IMPAIRMENT):
        if other.id.key != own.id.key and not other.deleting and stretches & _stretches(other, estate):
            yield Conflict("LineAlreadyImpaired", f"This link is impaired already, by {other.id} in direction "
                           f"'{_model(other).direction}'. Change or delete that one, or wait until it ends at "
                           f"{other.system['expiresAt']}.", "direction")


def _stretches(resource: Resource, estate: Estate) -> frozenset[Stretch]:
    model = _model(resource)
    return frozenset(ways[way] for ways in meant(ImpairmentView(resource, model), estate)
                     for way in model.direction.ways)


def _no_link(model: Impairment, circuit: Resource, estate: Estate) -> Fault:
    view = circuit_view(estate, circuit.id)
    known = sorted(links(view, model.leg)) if view and model.leg else []
    there = f"It has {', '.join(known)}." if known else "It has no link at all yet."
    return Conflict("ImpairedLinkNotFound", f"The {model.leg} leg of circuit {circuit.id.name} has no link "
                    f"'{model.at}'. {there} A hand-off exists once the circuit is ordered at the exchange on this leg.",
                    "at")


def _no_span(model: Impairment) -> Fault:
    site = site_named(model.site or "")
    beside = sorted(span.other(site) for span in backbone().adjacent.get(site, ()))
    there = f"From {model.site} there are links to {', '.join(map(site_called, beside))}." if beside else (
        f"There is no site '{model.site}'; 'trunkline plant' lists them.")
    return Conflict("ImpairedLinkNotFound", f"The backbone has no link between '{model.site}' and '{model.to}'. "
                    f"{there}", "to" if beside else "site")


def _moved(old: Impairment, new: Impairment) -> Iterator[Fault]:
    if old.circuit or new.circuit:
        yield from stays("circuit", old.circuit, new.circuit, _ANOTHER, "circuit")
    for name in ("leg", "at", "site", "to"):
        if getattr(old, name) != getattr(new, name):
            yield immovable(name, str(getattr(old, name)), str(getattr(new, name)), _ANOTHER, name)


def _amend(wish: Wish, _ledger: Ledger) -> Json:
    """A backbone link finds it by its own id."""
    model = _model(wish.resource)
    span = span_between(model.site, model.to) if model.at is Spot.LINK else None
    return {**ends_in(model.expires_in_seconds), **({"link": {"id": str(span_id(span))}} if span else {})}


def _show(resource: Resource, _estate: Estate) -> Json:
    return {"expiresAt": resource.system["expiresAt"]}


IMPAIRMENTS = ResourceType(
    IMPAIRMENT, model=Impairment, tracked=False, realised=True, check=_check, amend=_amend, show=_show)
