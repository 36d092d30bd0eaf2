"""From one gateway of a circuit to another, by way of the edge: only where each takes what the other's kind sends
(``allowRemoteVnetTraffic``, ``allowVirtualWanTraffic``, ``allowNonVirtualWanTraffic``).

A VRF marks what a gateway tells with whose traffic that gateway takes, and tells each gateway what bears the right
mark, as a path that begins at the edge: with its own AS number in it no gateway would take it. Marks are large
communities of the edge's, which nobody else sees.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from trunkline.intent.bgp import Action, Community, CommunityMatch, Policy, Rule
from trunkline.intent.compile.draft import GATEWAY
from trunkline.intent.gateways import GatewayView, Traffic
from trunkline.model.bgp import AZURE_ASN, GATEWAY_ASN

_OWN = (AZURE_ASN, 102)
_ALL = CommunityMatch(((_OWN[0],) * 2, (_OWN[1],) * 2, (0, 0xFFFFFFFF)))
_FORGET = Rule(Action.NEXT, remove_communities=(_ALL,))
_KINDS = tuple(Traffic)


def marked(base: Policy, gateway: GatewayView) -> Policy:
    """What an edge takes from a gateway. Only one that passes on what others tell it could bring a mark with it."""
    marks = tuple(_mark(gateway.kind, taken) for taken in sorted(gateway.takes))
    rules = tuple(replace(rule, add_communities=(*rule.add_communities, *marks)) if rule.action is Action.PERMIT
                  else rule for rule in base.rules) if marks else base.rules
    return Policy((*((_FORGET,) if gateway.told else ()), *rules))


def told_to_gateway(base: Policy, gateway: GatewayView) -> Policy:
    wanted = tuple(CommunityMatch.exactly(_mark(taken, gateway.kind)) for taken in sorted(gateway.takes))
    others = (Rule(Action.PERMIT, groups=(GATEWAY,), communities=wanted, strip_asns=(GATEWAY_ASN,),
                   remove_communities=(_ALL,)),) if wanted else ()
    return Policy((*base.rules, *others))


def told_to_customer(base: Policy, gateways: Iterable[GatewayView]) -> Policy:
    return Policy((_FORGET, *base.rules)) if any(one.takes for one in gateways) else base


def _mark(sender: Traffic, taken: Traffic) -> Community:
    """Of a route from a gateway of kind ``sender`` that takes traffic of the kind ``taken``."""
    return (*_OWN, 1 + len(_KINDS) * _KINDS.index(sender) + _KINDS.index(taken))
