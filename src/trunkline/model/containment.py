"""What is done against an incident, by hand or by a policy: ``Trunkline.Security/containments``, their policies."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from trunkline.model.bgp import Prefix
from trunkline.model.circuit import Leg
from trunkline.model.event import EventKind, Severity
from trunkline.model.peering import PeeringType
from trunkline.model.resource import Properties, Reference

CONTAINMENT_POLICY = "Trunkline.Security/containmentPolicies"
#: An operator's, for the circuits of all subscriptions.
OPERATORS_POLICY = "Trunkline.Plant/containmentPolicies"
CONTAINMENT = "Trunkline.Security/containments"

#: Seven days.
LONGEST_S = 604_800


class ContainmentAction(StrEnum):
    """``dropPrefix``: routes to exactly these prefixes are refused on the leg's sessions with the customer.
    ``stopExport``: nothing that the customer announces on the leg is told on; its sessions stay up. ``shutLeg``: its
    sessions are closed. ``alert``: nothing but the event."""

    ALERT = "alert"
    DROP_PREFIX = "dropPrefix"
    STOP_EXPORT = "stopExport"
    SHUT_LEG = "shutLeg"


class Containment(Properties):
    """In force until it is deleted, or ``expires_in_seconds`` after it was last written."""

    circuit: Reference
    leg: Leg
    peering: PeeringType | None = None  #: of the leg's; without it all
    action: ContainmentAction
    prefixes: tuple[Prefix, ...] = Field(default=(), max_length=1000)
    expires_in_seconds: Annotated[int, Field(ge=1, le=LONGEST_S)] = 3600
    reason: Annotated[str, Field(max_length=500)] = ""
    confirm_lock_out: bool = False  #: taken although no usable session remains

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Containment:
        if self.action is ContainmentAction.ALERT:
            raise ValueError("action 'alert' does nothing, so there is nothing to contain; give dropPrefix, stopExport "
                             "or shutLeg")
        if (self.action is ContainmentAction.DROP_PREFIX) != bool(self.prefixes):
            raise ValueError("prefixes belong to the action dropPrefix, which needs at least one; give them there and "
                             "leave them out of stopExport and shutLeg")
        return self


class Reaction(Properties):
    """What follows an event of one kind."""

    kind: EventKind
    action: ContainmentAction = ContainmentAction.ALERT


class ContainmentPolicy(Properties):
    """Of a whole subscription, or of one ``circuit`` of it, which then counts for that circuit instead. An operator's
    is of all subscriptions and of no circuit, and where it acts it counts instead of theirs.

    The blast radius: at most ``max_prefixes`` dropped, ``max_sessions`` closed or silenced, and ``max_percent`` of the
    subscription's sessions, all at once and together with what others contain; never both legs of a circuit, and never
    the last path of a prefix unless ``allow_last_path``. ``dry_run``: events say what would be done, and nothing is.
    """

    circuit: Reference | None = None
    reactions: tuple[Reaction, ...] = Field(min_length=1, max_length=50)
    minimum_severity: Severity = Severity.HIGH
    max_prefixes: Annotated[int, Field(ge=1, le=1000)] = 20
    max_sessions: Annotated[int, Field(ge=0, le=1000)] = 2
    max_percent: Annotated[int, Field(ge=1, le=100)] = 50
    allow_last_path: bool = False
    expires_in_seconds: Annotated[int, Field(ge=1, le=LONGEST_S)] = 3600
    dry_run: bool = False

    @model_validator(mode="after")
    def _one_reaction_each(self) -> ContainmentPolicy:
        kinds = [reaction.kind for reaction in self.reactions]
        if doubled := {kind for kind in kinds if kinds.count(kind) > 1}:
            raise ValueError(f"reactions: kind '{min(doubled)}' stands twice; name each kind once")
        return self

    def acts_on(self, kind: EventKind, severity: Severity) -> bool:
        return self.action(kind) is not ContainmentAction.ALERT and severity.rank >= self.minimum_severity.rank

    def action(self, kind: EventKind) -> ContainmentAction:
        return next((one.action for one in self.reactions if one.kind is kind), ContainmentAction.ALERT)
