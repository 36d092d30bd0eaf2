"""What hangs on a link of the backbone: by the link's id, as if it were a resource, which nobody can see."""

from __future__ import annotations

from enum import StrEnum

from trunkline.intent.estate import Estate
from trunkline.intent.view import IMPAIRMENT, ImpairmentView, referrers
from trunkline.model.backbone import Span, backbone
from trunkline.model.circuit import Leg
from trunkline.model.plant import site_named
from trunkline.model.resource import ResourceId

#: Links that dynamic path selection does not trust, one resource for each and leg; the reconciler's own.
AVOIDED = "Trunkline.Plant/avoidedLinks"

_PLANT = "plant"  #: stands where ids have their subscription


class Standing(StrEnum):
    """Of a link in a leg's plane. What is ``returning`` was bad, or gone: its own ends use it again rather than the
    other plane, while routers beyond do not yet send its plane's packets back to it. So ends move first, and nobody
    passes a packet to one who passes it back."""

    TRUSTED = "trusted"
    AVOIDED = "avoided"
    RETURNING = "returning"


def span_id(span: Span) -> ResourceId:
    return ResourceId(_PLANT, "", "Trunkline.Plant", ("links",), (str(span),))


def avoidance_id(span: Span, leg: Leg) -> ResourceId:
    return ResourceId(_PLANT, "", "Trunkline.Plant", ("avoidedLinks",), (f"{span}-{leg}",))


def span_between(site: str | None, to: str | None) -> Span | None:
    """By the names of its sites."""
    return backbone().span(site_named(site), site_named(to)) if site and to else None


def standing(span: Span, leg: Leg, estate: Estate) -> Standing:
    found = estate.get(avoidance_id(span, leg))
    return Standing(found.properties["standing"]) if found else Standing.TRUSTED


def is_avoided(span: Span, leg: Leg, estate: Estate) -> bool:
    return standing(span, leg, estate) is Standing.AVOIDED


def impairments_of(span: Span, leg: Leg, estate: Estate) -> tuple[ImpairmentView, ...]:
    found = map(ImpairmentView.of, referrers(estate, span_id(span), IMPAIRMENT))
    return tuple(view for view in found if leg in view.model.legs)
