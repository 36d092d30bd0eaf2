"""Each kind of event: what it means, how grave it is, whether it lasts, what to do. ``docs/security-events.md`` is
printed from this.

``lasts``: it is seen at every look as long as it is so, and is over soon after; else it is an occurrence, and over when
it has not occurred for a while. ``action``: a command that works once ``{circuit}``, ``{leg}`` and ``{prefix}`` are put
in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trunkline.model.event import EventKind, Severity

#: How long after it was last seen a thing is over, if it lasts and if it occurs; seconds.
GONE_S, QUIET_S = 5.0, 60.0

_DROP = "trunkline contain {circuit} {leg} --drop {prefix} --for 1h"
_STOP = "trunkline contain {circuit} {leg} --stop-export --for 1h"
_SHUT = "trunkline contain {circuit} {leg} --shut --for 1h"
_COUNT = "trunkline counters {circuit}"
_STATUS = "trunkline status"


@dataclass(frozen=True, slots=True)
class Kind:
    """``evidence``: what it tells beside session, peer and leg."""

    severity: Severity
    meaning: str
    evidence: str
    action: str
    lasts: bool = True


_K, _S = EventKind, Severity

KINDS: Mapping[EventKind, Kind] = {
    _K.ROUTE_LEAK: Kind(
        _S.HIGH, "a prefix of somebody else, with its right origin, over a session where it should not be (RFC 7908)",
        "routes, whose the prefix is, the path", _DROP),
    _K.PREFIX_HIJACK: Kind(
        _S.CRITICAL, "a prefix of somebody else with another origin", "routes, expected and seen origin", _DROP),
    _K.SUBPREFIX_HIJACK: Kind(
        _S.CRITICAL, "a part of somebody else's prefix with another origin: the longer prefix wins everywhere",
        "routes, the covering prefix and its origin", _DROP),
    _K.CONTESTED_PREFIX: Kind(
        _S.HIGH, "two subscriptions declare a prefix, or one a part of the other's, and one announces it: whose it is, "
        "people have to find out; no policy acts on it", "routes, the other's declared prefix and its origin", _STATUS),
    _K.ORIGIN_INVALID: Kind(
        _S.HIGH, "route origin validation says invalid (RFC 6811); refused", "routes with their origins", _STATUS),
    _K.UNAUTHORISED_PREFIX: Kind(
        _S.MEDIUM, "a prefix that is not validated as this customer's or member's; refused", "routes", _STATUS),
    _K.BOGON: Kind(
        _S.MEDIUM, "special-purpose or private space, or the default route, where it has no place; refused", "routes",
        _STATUS),
    _K.PATH_ANOMALY: Kind(
        _S.MEDIUM, "an AS path that cannot be right: AS_SET, reserved numbers, our own number, too long, not beginning "
        "with the peer", "routes with their paths, what is wrong", _DROP),
    _K.NEXT_HOP_THEFT: Kind(
        _S.HIGH, "a next hop that is not the peer: traffic would be sent to a third party", "routes, expected and seen",
        _DROP),
    _K.COMMUNITY_ABUSE: Kind(
        _S.MEDIUM, "communities that the peer may not set, or BLACKHOLE for a prefix that is not its own (RFC 7999)",
        "routes with their communities", _STATUS),
    _K.PREFIX_JUMP: Kind(
        _S.MEDIUM, "many more prefixes than a while ago, both as a multiple and as a number", "before, now", _STOP),
    _K.PREFIX_LIMIT_NEAR: Kind(
        _S.LOW, "80 % of the prefixes that the session takes", "received, limit, percent", _STATUS),
    _K.PREFIX_LIMIT_EXCEEDED: Kind(
        _S.HIGH, "more prefixes than the session takes: it was closed", "received, limit, last error", _STATUS),
    _K.SESSION_FLAP: Kind(
        _S.MEDIUM, "the session was lost several times in a short while", "losses, last error", _SHUT, lasts=False),
    _K.PREFIX_FLAP: Kind(
        _S.LOW, "a prefix comes and goes", "prefixes with the number of changes", _DROP, lasts=False),
    _K.MALFORMED_UPDATE: Kind(
        _S.MEDIUM, "an UPDATE that breaks the rules, taken as withdrawal or answered with an error (RFC 7606)",
        "what the daemon wrote", _SHUT, lasts=False),
    _K.MD5_FAILURE: Kind(
        _S.MEDIUM, "TCP segments with a wrong MD5 signature or without one (RFC 2385), counted by the kernel",
        "the kernel's counters", _STATUS, lasts=False),
    _K.WRONG_AS: Kind(
        _S.LOW, "somebody at the peer's address opened a session as another AS than agreed; refused (RFC 4271, 6.2)",
        "what the daemon wrote", _STATUS, lasts=False),
    _K.TTL_SPOOF: Kind(
        _S.MEDIUM, "segments for a session from farther away than its peer is (RFC 5082)", "counters", _COUNT,
        lasts=False),
    _K.STRANGER: Kind(
        _S.LOW, "attempts to open a session, or BFD, from somebody who is not the peer; dropped", "counters", _COUNT,
        lasts=False),
    _K.SPOOFED_SOURCE: Kind(
        _S.LOW, "packets, ARP or neighbour discovery with a source that is not behind the attachment; dropped",
        "counters", _COUNT, lasts=False),
    _K.CONTROL_FLOOD: Kind(
        _S.MEDIUM, "more for the router itself than its buckets let through; the rest is dropped", "counters", _COUNT,
        lasts=False),
    _K.FOREIGN_FRAMES: Kind(
        _S.INFORMATIONAL, "frames of protocols that are not spoken here, or malformed ones; dropped", "counters",
        _COUNT, lasts=False),
    _K.VLAN_HOP: Kind(
        _S.LOW, "frames with tags that nobody ordered on this port; dropped", "counters by reason", _COUNT,
        lasts=False),
    _K.VALIDATION_STALE: Kind(
        _S.MEDIUM, "validation data has not been renewed in time; the last good set stays in force",
        "source, reason", _STATUS),
    _K.VALIDATION_REJECTED: Kind(
        _S.HIGH, "validation data that cannot be true, or are broken, were not believed; the last good set stays in "
        "force", "source, reason", _STATUS),
    _K.VALIDATION_DEAD: Kind(
        _S.HIGH, "the source of validation data is out of reach, or never gave any: the last good set stays in force, "
        "without one what needs it is refused", "source, reason", _STATUS),
    _K.CONTAINMENT_LIMITED: Kind(
        _S.HIGH, "a policy would have acted, and its blast-radius limit kept it from it", "policy, action, limit",
        "trunkline events", lasts=False),
}


def page() -> str:
    """The whole of ``docs/security-events.md``."""
    return "\n".join((_HEAD, *(_row(name, kind) for name, kind in KINDS.items()), ""))


def _row(name: EventKind, kind: Kind) -> str:
    lasts = "while it lasts" if kind.lasts else f"until quiet for {QUIET_S:.0f} s"
    return f"| `{name}` | {kind.severity} | {kind.meaning} | {kind.evidence} | `{kind.action}` | {lasts} |"


_HEAD = """# Security events

Printed by `scripts/pages` from `trunkline.diagnosis.catalogue`; do not edit. What a policy refused already is one
step milder for leaks, hijacks and stolen next hops. Every event also has its time, session, peer, leg, the affected
circuits and their subscriptions, and a state: `open`, `contained`, `closed`.

| kind | severity | what it means | evidence | suggested action | an event lasts |
|---|---|---|---|---|---|"""
