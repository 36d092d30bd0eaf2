"""The looking glass of circuits, gateways, exchanges and their members: ``POST …/routes``, read by the reconciler.

Query: ``peering``, ``leg``, ``prefix``, ``view`` (heard, received, best, advertised) narrow the answer; with
``explain=true`` it says of one prefix what each router on the way makes of it. ``routeDump`` answers the tables as MRT
(RFC 6396) in base64. ``routeChanges`` answers what has changed since the answer before, whose ``next`` is given as
``since``; who asks again and again follows the routes of a circuit."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from trunkline.api.declaration import Action, Question
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.model.circuit import Leg
from trunkline.model.peering import PeeringType
from trunkline.model.resource import Resource

_VIEWS = ("heard", "received", "best", "advertised")
_PEERINGS = (*(kind.value for kind in PeeringType), "private", "microsoft")


def _askable(_circuit: Resource, _estate: Estate, question: Question) -> Iterator[Fault]:
    asked = question.parameters
    for name, known in (("peering", _PEERINGS), ("leg", tuple(Leg)), ("view", _VIEWS), ("explain", ("true", "false"))):
        if asked.get(name) and asked[name].lower() not in (word.lower() for word in known):
            yield Fault("InvalidQueryParameter", f"{name} '{asked[name][:40]}' is not known; it is one of "
                        f"{', '.join(known)}.", name)
    if asked.get("explain") == "true" and not asked["prefix"]:
        yield Fault("PrefixRequired", "explain=true says why one prefix is where it is; give it as prefix, for example "
                    "prefix=10.1.0.0/16.", "prefix")
    if asked["prefix"] and not _is_prefix(asked["prefix"]):
        yield Fault("InvalidAddressPrefixFormat", f"prefix '{asked['prefix'][:60]}' is neither an address nor a "
                    "prefix without host bits, such as 10.1.0.0/16 or 2001:db8::/48.", "prefix")


def _is_prefix(text: str) -> bool:
    try:
        return str(ip_network(text)) in (text.lower(), f"{text.lower()}/32", f"{text.lower()}/128")
    except ValueError:
        return False


#: Of a gateway's instances, an exchange's route servers, or one member's sessions with them.
ELSEWHERE = Action("routes", quick=True, query=("prefix", "view", "explain"), check=_askable)
_NARROWED = ("peering", "leg", "prefix")
ROUTES = (
    Action("routes", quick=True, query=(*_NARROWED, "view", "explain"), check=_askable),
    Action("routeDump", quick=True, query=_NARROWED, check=_askable),
    Action("routeChanges", quick=True, query=("since",)),
)
