"""expressRouteLags: bundles of Direct ports. Refused: LACP is not built."""

from __future__ import annotations

from trunkline.api.declaration import Action, Refusal, ResourceType
from trunkline.intent.view import NETWORK
from trunkline.model.circuit import Authorization
from trunkline.model.resource import Properties

LAG = f"{NETWORK}/expressRouteLags"

_REFUSAL = Refusal(
    "ExpressRouteLagNotSupported", "Link aggregation groups of ExpressRoute Direct are not offered: LACP is not "
    "built. Use expressRoutePorts, whose pair of links is redundant without it.")

_ALL = dict.fromkeys(("GET", "PUT", "PATCH", "DELETE"), _REFUSAL)

LAGS = ResourceType(LAG, model=Properties, refused=_ALL, actions=(Action("generateLoa", refused=_REFUSAL),))
LAG_LINKS = ResourceType(f"{LAG}/links", model=Properties, tracked=False, refused=_ALL, read_only=True)
LAG_MEMBERS = ResourceType(f"{LAG}/links/members", model=Properties, tracked=False, refused=_ALL, read_only=True)
LAG_AUTHORIZATIONS = ResourceType(
    f"{LAG}/authorizations", model=Authorization, tracked=False, refused=_ALL,
    actions=(Action("listKeys", refused=_REFUSAL),))
