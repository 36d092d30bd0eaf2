"""Session policies of a peering as they count on each leg: the leg's own over that of both."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.intent.estate import Estate
from trunkline.model.circuit import Leg
from trunkline.model.resource import Reference, Resource, ResourceId
from trunkline.model.session_policy import SessionPolicy, over

SESSION_POLICY = "Trunkline.Routing/sessionPolicies"
#: Where a policy's secret stands among its properties.
BFD_KEY = "bfdAuthentication.sharedKey"


@dataclass(frozen=True, slots=True)
class Controls:
    """The policies of one peering, one for each leg at most, and one for both."""

    policies: tuple[SessionPolicy, ...] = ()

    def on(self, leg: Leg) -> SessionPolicy | None:
        """``None`` where nothing is said."""
        by_leg = {policy.leg: policy for policy in self.policies}
        merged = over(by_leg.get(None), by_leg.get(leg))
        return merged if isinstance(merged, SessionPolicy) else None


def model_of(policy: Resource) -> SessionPolicy:
    """With its key, which is stored apart."""
    found = SessionPolicy.model_validate(policy.properties)
    if found.bfd_authentication is None:
        return found
    keyed = found.bfd_authentication.model_copy(update={"shared_key": policy.secrets.get(BFD_KEY)})
    return found.model_copy(update={"bfd_authentication": keyed})


def policies_of(estate: Estate, peering: ResourceId) -> tuple[Resource, ...]:
    return tuple(one for one in estate.referrers(peering, SESSION_POLICY) if not one.deleting)


def controls_of(estate: Estate, peering: ResourceId) -> Controls:
    return Controls(tuple(model_of(one) for one in policies_of(estate, peering)))


def circuit_of(policy: Resource) -> ResourceId | None:
    """The circuit whose peering it is for."""
    peering = Reference.model_validate(policy.properties["peering"]).target
    return peering.parent
