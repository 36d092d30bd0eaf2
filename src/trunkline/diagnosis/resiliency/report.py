"""Both indexes as JSON: Microsoft's in its own shape, ours with every lost point."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trunkline.diagnosis.resiliency.evidence import Component, Lost, merged
from trunkline.diagnosis.resiliency.ours import Index
from trunkline.model.resource import Json

_HIGH = 0.5


def ours(found: Index) -> Json:
    return {"score": round(found.score, 1), "pairs": found.pairs, **_parts(found.components)}


def azures(name: str, components: Sequence[Component]) -> Json:
    """Of a gateway, as ``trunkline resiliency`` tells it."""
    return {"gateway": name, "score": _whole(sum(one.score for one in components)), **_parts(components)}


def arm(components: Sequence[Component], before: float | None, computed: datetime) -> Json:
    """``GatewayResiliencyInformation``. ``before``: the last computed score."""
    score = sum(one.score for one in components)
    gains = [one.points for one in _lost(components)]
    change = 0.0 if before is None else score - before
    return {"overallScore": str(_whole(score)), "scoreChange": str(_whole(change)),
            "minScoreFromRecommendations": str(_whole(min(gains, default=0))),
            "maxScoreFromRecommendations": str(_whole(sum(gains))),
            "lastComputedTime": computed.isoformat(), "nextEligibleComputeTime": computed.isoformat(),
            "components": [_component(one) for one in components]}


def _parts(components: Sequence[Component]) -> Json:
    return {"components": [{"name": one.name, "score": round(one.score, 1), "of": one.most} for one in components],
            "lost": [{"component": one.component, "points": round(one.points, 2), "who": one.who, "why": one.why,
                      "winBack": one.back} for one in _lost(components)]}


def _lost(components: Sequence[Component]) -> tuple[Lost, ...]:
    return merged(lost for one in components for lost in one.lost)


def _component(one: Component) -> Json:
    return {"name": one.name, "currentScore": str(_whole(one.score)), "maxScore": str(_whole(one.most)),
            "recommendations": [_recommendation(one, lost) for lost in one.lost]}


def _recommendation(component: Component, lost: Lost) -> Json:
    severity = "High" if lost.points > component.most * _HIGH else "Medium"
    return {"recommendationTitle": f"{component.name}: {lost.who}",
            "recommendationId": f"{component.name}{lost.who}".replace(" ", ""), "severity": severity,
            "recommendationText": f"{lost.who}: {lost.why}.", "callToActionText": lost.back, "callToActionLink": ""}


def _whole(score: float) -> int:
    """Half a point and more count as one."""
    return int(score + 0.5) if score >= 0 else -int(0.5 - score)
