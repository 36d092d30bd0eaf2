"""Origin validation (RFC 6811): a location's leg has a cache in a node of its own, and each router that validates has a
link to it. Primary and secondary share nothing.

    router rtr ── c… validator: StayRTR, with the file of its leg

The addresses are unique local ones (RFC 4193), and each end has a route to the other alone: what a customer sends to
the cache finds no way back, and a validator forwards nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from ipaddress import IPv6Address

from trunkline.intent.allocation import node_name
from trunkline.intent.bgp import Action, Refusal, Rule, ValidationSource, Validity
from trunkline.intent.compile.draft import DAEMON_SYSCTLS, Draft, letter, point_to_point
from trunkline.intent.estate import Estate
from trunkline.intent.network import RTR_PORT, Cache, Interface, Link, Node, Role
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.backbone import site_of
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile

#: A router's interface towards its cache.
TO_CACHE = "rtr"
_CACHE = "fd74:6c72:706b:6900::1"
_ROUTERS = int(IPv6Address("fd74:6c72:706b:6901::"))


@dataclass(frozen=True, slots=True)
class Validated:
    """What a router gets: ``link`` belongs to the router's scope, which requires ``scope``."""

    link: Link
    source: ValidationSource
    scope: Scope


def validated(router: str, location: str, leg: Leg) -> Validated:
    """Give the router of a node validation by its location's cache."""
    own, digest = router_address(router), _digest(router)
    return Validated(
        Link(Interface(router, TO_CACHE, (point_to_point(own, _CACHE),)),
             Interface(validator_node(location, leg), f"c{digest[:8]}", (point_to_point(_CACHE, own),))),
        ValidationSource(f"cache_{letter(leg)}", _CACHE, RTR_PORT),
        validator_scope(location, leg))


def origin_rules(profile: Profile) -> tuple[Rule, ...]:
    """What an import policy refuses by origin validation. A router that has no data at all refuses everything; which
    data there are, is the control plane's care (``reconcile.origins``)."""
    refused = [(Validity.BLIND, Refusal.RPKI_BLIND), (Validity.INVALID, Refusal.RPKI_INVALID)]
    if profile.refuses_unknown_origins:
        refused.append((Validity.NOT_FOUND, Refusal.RPKI_NOT_FOUND))
    return tuple(Rule(Action.DENY, validity=(validity,), refusal=refusal) for validity, refusal in refused)


def validator_scope(location: str, leg: Leg) -> Scope:
    return Scope(ScopeKind.VALIDATOR, site_of(location, leg), leg)


def validator_node(location: str, leg: Leg) -> str:
    site = site_of(location, leg)
    return node_name(Role.VALIDATOR, site, site, letter(leg))


def router_address(router: str) -> str:
    """Of a router's end: 64 bits of its name, so that no two are alike."""
    return str(IPv6Address(_ROUTERS | int(_digest(router), 16)))


def _digest(router: str) -> str:
    return hashlib.blake2b(router.encode(), digest_size=8).hexdigest()


def validator(scope: Scope, _estate: Estate, _profile: Profile) -> Draft:
    leg = Leg(scope.leg)
    node = validator_node(scope.key, leg)
    return Draft([Node(node, Role.VALIDATOR, sysctls=DAEMON_SYSCTLS), Cache(node, leg.value)])
