"""A peering as the network sees it: with its key, what its customer decides about routes, which of its prefixes are
validated, and what its route filters let through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trunkline.intent.estate import Estate
from trunkline.intent.session_policy import Controls, controls_of
from trunkline.intent.validation import PrefixState, overall, verdicts
from trunkline.model.approval import PrefixApproval
from trunkline.model.peering import Peering, PeeringType
from trunkline.model.resource import Resource, ResourceId

PREFIX_APPROVAL = "Trunkline.Plant/prefixApprovals"
_PEERING = "Microsoft.Network/expressRouteCircuits/peerings"
_FILTER_RULE = "Microsoft.Network/routeFilters/routeFilterRules"


@dataclass(frozen=True, slots=True)
class PeeringView:
    """``filters``: communities that the route filter of each family lets through; no entry without one."""

    resource: Resource
    model: Peering
    controls: Controls
    filters: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def kind(self) -> PeeringType:
        return self.model.peering_type

    @property
    def shared_key(self) -> str:
        return self.resource.secrets.get("sharedKey", "")

    def accepted(self, family: int) -> tuple[str, ...]:
        """The public prefixes that the edge takes from the customer, with what is more specific."""
        return tuple(one.prefix for one in verdicts(self.resource, family)
                     if one.state is PrefixState.CONFIGURED)

    def is_validated(self, family: int) -> bool:
        """Until then the session of a family on Microsoft peering stays closed."""
        return overall(verdicts(self.resource, family)) is PrefixState.CONFIGURED


def peerings(estate: Estate, circuit: ResourceId) -> tuple[PeeringView, ...]:
    """By type: their names are their types, and estates list by name."""
    return tuple(_view(estate, child) for child in estate.children(circuit, _PEERING) if not child.deleting)


def _view(estate: Estate, resource: Resource) -> PeeringView:
    model = Peering.model_validate(resource.properties)
    controls = controls_of(estate, resource.id)
    if model.peering_type is not PeeringType.MICROSOFT:
        return PeeringView(resource, model, controls)
    filters = {family: _allowed(estate, named.target) for family, named in model.route_filters}
    return PeeringView(resource, model, controls, filters)


def approvals(estate: Estate, circuit: ResourceId) -> tuple[PrefixApproval, ...]:
    return tuple(PrefixApproval.model_validate(one.properties)
                 for one in estate.referrers(circuit, PREFIX_APPROVAL) if not one.deleting)


def _allowed(estate: Estate, route_filter: ResourceId) -> tuple[str, ...]:
    """What no rule allows is denied."""
    rules = (rule for rule in estate.children(route_filter, _FILTER_RULE) if not rule.deleting)
    return tuple(sorted({community for rule in rules for community in rule.properties.get("communities", ())}))
