"""BGP values: policies, a router with its sessions, and what daemons say of both."""

from trunkline.intent.bgp.observed import Adjacency, Remark, RibEntry, SessionState, SessionStatus
from trunkline.intent.bgp.policy import (
    KEPT,
    LOCAL,
    PERMIT_ALL,
    REJECT_ALL,
    Action,
    Community,
    CommunityMatch,
    Policy,
    PrefixMatch,
    Refusal,
    Rule,
    Validity,
)
from trunkline.intent.bgp.router import (
    BfdKey,
    Igp,
    IgpInterface,
    Origin,
    PeerRole,
    Router,
    Session,
    ValidationSource,
)
from trunkline.model.profile import LimitAction

__all__ = [
    "KEPT",
    "LOCAL",
    "PERMIT_ALL",
    "REJECT_ALL",
    "Action",
    "Adjacency",
    "BfdKey",
    "Community",
    "CommunityMatch",
    "Igp",
    "IgpInterface",
    "LimitAction",
    "Origin",
    "PeerRole",
    "Policy",
    "PrefixMatch",
    "Refusal",
    "Remark",
    "RibEntry",
    "Router",
    "Rule",
    "Session",
    "SessionState",
    "SessionStatus",
    "ValidationSource",
    "Validity",
]
