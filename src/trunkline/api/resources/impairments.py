"""Trunkline.Plant/impairments: line conditions made on purpose, one set for each link and direction."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.lasting import ends_in
from trunkline.api.resources.linked import circuit_of, immovable, stays
from trunkline.errors import Conflict, Fault
from trunkline.intent.compile.impairments import Stretch, chosen, stretches
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import connections
from trunkline.intent.view import IMPAIRMENT, ImpairmentView, circuit_view
from trunkline.model.impairment import Impairment, Spot
from trunkline.model.resource import Json, Resource

_ANOTHER = "Delete this impairment and create another."


def _model(resource: Resource) -> Impairment:
    return Impairment.model_validate(resource.properties)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    own, model = wish.resource, _model(wish.resource)
    circuit = yield from circuit_of(own.id, model.circuit, estate)
    if circuit is None:
        return
    if wish.existing:
        yield from _moved(_model(wish.existing), model)
    stretch = _stretch(own, estate)
    if stretch is None:
        yield _no_link(own, circuit, estate)
        return
    for other in estate.list(IMPAIRMENT):
        if other.id.key != own.id.key and not other.deleting and _meets(model, other, stretch, estate):
            yield Conflict("LineAlreadyImpaired", f"This link is impaired already, by {other.id} in direction "
                           f"'{_model(other).direction}'. Change or delete that one, or wait until it ends at "
                           f"{other.system['expiresAt']}.", "direction")


def _stretch(resource: Resource, estate: Estate) -> Stretch | None:
    return chosen(ImpairmentView(resource, _model(resource)), _links(resource, estate))


def _links(resource: Resource, estate: Estate) -> dict[str, Stretch]:
    """What the leg has, by name."""
    model = _model(resource)
    view = circuit_view(estate, model.circuit.target)
    return dict(stretches(view, connections(estate, view.resource.id), model.leg)) if view else {}


def _no_link(own: Resource, circuit: Resource, estate: Estate) -> Fault:
    model, links = _model(own), _links(own, estate)
    regions = [name.partition(" ")[2] for name in links if name.startswith(Spot.BACKBONE)]
    wanted = f"{model.at} {model.region}" if model.region else model.at.value
    if model.at is Spot.BACKBONE and len(regions) > 1 and not model.region:
        return Conflict("ImpairedLinkNotFound", f"The {model.leg} leg of circuit {circuit.id.name} has backbone links "
                        f"to several regions: {', '.join(sorted(regions))}. Name one of them as region.", "region")
    there = f"It has {', '.join(sorted(links))}." if links else "It has no link at all yet."
    return Conflict("ImpairedLinkNotFound", f"The {model.leg} leg of circuit {circuit.id.name} has no link '{wanted}'. "
                    f"{there} A hand-off exists once the circuit is ordered at the exchange on this leg, a backbone "
                    "link once a gateway of the region is connected.", "at")


def _meets(model: Impairment, other: Resource, stretch: Stretch, estate: Estate) -> bool:
    both_ways = set(model.direction.ways) & set(_model(other).direction.ways)
    return bool(both_ways) and _stretch(other, estate) == stretch


def _moved(old: Impairment, new: Impairment) -> Iterator[Fault]:
    yield from stays("circuit", old.circuit, new.circuit, _ANOTHER, "circuit")
    for name in ("leg", "at", "region"):
        if getattr(old, name) != getattr(new, name):
            yield immovable(name, str(getattr(old, name)), str(getattr(new, name)), _ANOTHER, name)


def _amend(wish: Wish, _ledger: Ledger) -> Json:
    return ends_in(_model(wish.resource).expires_in_seconds)


def _show(resource: Resource, _estate: Estate) -> Json:
    return {"expiresAt": resource.system["expiresAt"]}


IMPAIRMENTS = ResourceType(
    IMPAIRMENT, model=Impairment, tracked=False, realised=True, check=_check, amend=_amend, show=_show)
