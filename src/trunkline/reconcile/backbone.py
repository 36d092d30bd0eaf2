"""The backbone's links in use as ``trunkline status`` tells them: what their routers say, what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trunkline.intent.bgp import Router
from trunkline.intent.compile.backbone import router_of
from trunkline.intent.compile.plant import backbone_interface
from trunkline.intent.drivers import Speaker
from trunkline.intent.estate import Estate
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.span import is_avoided, span_between
from trunkline.model.backbone import Span
from trunkline.model.circuit import Leg
from trunkline.model.plant import site_called
from trunkline.model.profile import Profile
from trunkline.model.resource import Json
from trunkline.reconcile.path_selection import expected_round_trip_ms
from trunkline.reconcile.troubles import Troubles


def links(scopes: Iterable[Scope], estate: Estate, speaker: Speaker, profile: Profile,
          troubles: Troubles) -> Iterator[Json]:
    """``scopes``: what is in use, links among them. ``routing``: by family, in OSPF's word; ``Full`` if packets go
    there, empty if its router knows no neighbour."""
    for scope in sorted(scope for scope in scopes if scope.kind is ScopeKind.SPAN):
        span, leg = span_between(*scope.key.split("~")), Leg(scope.leg)
        if span is None:
            continue
        found = troubles.quality(span, leg)
        yield {
            "site": site_called(span.a), "to": site_called(span.b), "leg": leg.value, "km": span.km,
            "routing": _routing(router_of(span.a, leg, estate, profile), span, speaker),
            "lossInPercent": found.loss_percent, "roundTripInMilliseconds": found.round_trip_ms,
            "expectedRoundTripInMilliseconds": expected_round_trip_ms(span, profile),
            "avoided": is_avoided(span, leg, estate)}


def _routing(router: Router, span: Span, speaker: Speaker) -> dict[str, str]:
    found = {one.family: one.state for one in speaker.adjacencies(router)
             if one.interface == backbone_interface(span.b)}
    return {f"IPv{family}": found.get(family, "") for family in (4, 6)}
