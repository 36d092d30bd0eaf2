"""The documented table of fields and their classes: docs/changes.md. A test plans an edit of each."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.intent.change.classes import LONGEST_OUTAGE_S, ChangeClass
from trunkline.intent.change.rules import DEFAULTS, MEMBERS

_NONE, _HITLESS, _SOFT, _RESET, _ANEW = ChangeClass

WORDS = {_NONE: "none", _HITLESS: "hitless", _SOFT: "soft refresh", _RESET: "session reset", _ANEW: "re-create"}

ONE, BOTH, NO_LEG, HOSTS = "one leg", "both legs", "-", "one leg and the hosts behind its router"


@dataclass(frozen=True, slots=True)
class Documented:
    """``felt_on``: the legs that are interrupted, if any is."""

    kind: str
    field: str
    cost: ChangeClass
    felt_on: str = NO_LEG
    note: str = ""


DOCUMENTED = (
    Documented("any", "tags", _NONE),
    Documented("expressRouteCircuits", "sku.tier", _HITLESS, note="The limit of a customer's prefixes moves."),
    Documented("expressRouteCircuits", "sku.family", _NONE, note="It is a matter of the bill."),
    Documented("expressRouteCircuits", "serviceProviderProperties.bandwidthInMbps", _HITLESS,
               note="The token buckets keep their fill."),
    Documented("peerings", "sharedKey", _HITLESS,
               note="Another key; the customer's end has the hold time to follow. A first key, or none any more: "
                    "session reset."),
    Documented("peerings", "peerASN", _RESET, BOTH),
    Documented("peerings", "vlanId", _HITLESS,
               note="Towards a site's router: new tags are taken in before they are sent. A customer's own router (a "
                    "hand-off), or one with a tag of its own in its order, has to follow: re-create."),
    Documented("peerings", "primaryPeerAddressPrefix", _ANEW, ONE),
    Documented("peerings", "secondaryPeerAddressPrefix", _ANEW, ONE),
    Documented("peerings", "ipv6PeeringConfig", _HITLESS,
               note="Added: sessions of their own beside those of IPv4."),
    Documented("sessionPolicies", "advertise", _SOFT),
    Documented("sessionPolicies", "accept", _SOFT),
    Documented("sessionPolicies", "gracefulShutdown", _SOFT, note="Traffic leaves the leg while it still carries."),
    Documented("sessionPolicies", "timers", _RESET, ONE, "Of the policy's leg; of both without `leg`."),
    Documented("sessionPolicies", "bfd", _HITLESS, note="Switched off, a failure is noticed by the hold timer alone."),
    Documented("sessionPolicies", "gtsm", _RESET, ONE),
    Documented("sessionPolicies", "enabled", _RESET, ONE, "Closed until it is enabled again."),
    Documented("virtualCrossConnects", "primary.router", _ANEW, ONE),
    Documented("virtualCrossConnects", "primary.vlanId", _ANEW, ONE),
    Documented("virtualCrossConnects", "primary.policy", _SOFT),
    Documented("throttles", "bandwidthInMbps", _HITLESS),
    Documented("connections", "routingWeight", _SOFT),
    Documented("virtualNetworks", "addressSpace.addressPrefixes", _SOFT),
    Documented("virtualNetworks", "bgpCommunities.virtualNetworkCommunity", _SOFT),
    Documented("virtualNetworkGateways", "sku.name", _HITLESS, note="Its bounds move; packets under way are not."),
    Documented("networkSecurityGroups/securityRules", "access", _HITLESS, note="Flows that were let in go on."),
    Documented("routeTables/routes", "nextHopIpAddress", _SOFT),
    Documented("networkInterfaces", "privateIPAddress", _ANEW, note="Of the machine alone."),
    Documented("sites", "prefixes", _SOFT),
    Documented("sites", "routers[].policy", _SOFT),
    Documented("sites", "routers[].daemon", _ANEW, HOSTS, "The new one knows nothing yet."),
    Documented("sites", "hosts[].address", _ANEW, note="Of that host alone."),
)


def page() -> str:
    return "\n".join((*_HEAD, *map(_row, DOCUMENTED), *_RULES, *map(_rule, sorted(
        MEMBERS, key=lambda one: (one[0].__name__, one[1]))), *map(_default, DEFAULTS), ""))


def _row(one: Documented) -> str:
    felt = f", {one.felt_on}" if one.cost.interrupts and one.felt_on != NO_LEG else ""
    return f"| {one.kind} | `{one.field}` | {WORDS[one.cost]}{felt} | {one.note} |"


def _rule(key: tuple[type, str]) -> str:
    return f"| {key[0].__name__} | `{key[1]}` | {WORDS[MEMBERS[key]]} |"


def _default(kind: type) -> str:
    return f"| {kind.__name__} | any other | {WORDS[DEFAULTS[kind]]} |"


_HEAD = (
    "# What a change does",
    "",
    "Printed from the code (`scripts/pages`). `trunkline plan FILE` tells it for an estate file, field by field, and "
    "`trunkline apply FILE` checks all before it sends anything, and asks before what re-creates or interrupts;",
    "`POST …/providers/Trunkline.Plant/plan` tells it to programs. The answer is computed: what runs is compiled as it "
    "is and as it would be, and the two are compared.",
    "",
    "| class | what is felt |",
    "|---|---|",
    "| none | nothing in the network differs |",
    "| hitless | no packet is lost, no session reset, no route told anew |",
    "| soft refresh | routes are told or judged anew over sessions that stay (RFC 2918) |",
    "| session reset | a session closes and opens again, or for good; the other leg carries if it is not hit too "
    f"(else up to {LONGEST_OUTAGE_S[_RESET]:g} s) |",
    "| re-create | an interface, tag, address or daemon is replaced and what ran over it begins anew "
    f"(without another leg up to {LONGEST_OUTAGE_S[_ANEW]:g} s) |",
    "",
    "Exit codes of `trunkline plan`: 0 nothing would change, 1 the file is wrong or refused, 2 wrong usage, 3 the "
    "service is not running,",
    "4 it would interrupt traffic, for no other leg carries it, 5 it would change something else. Packets prove each "
    "class at 1,000 a second (`tests/network/test_change_classes.py`).",
    "The times are those of our own routers; a customer's own may be slower to open a session again.",
    "",
    "| of | field | class | |",
    "|---|---|---|---|",
)

_RULES = (
    "",
    "## How it is decided",
    "",
    "By what differs between two blueprints. What is not named here costs a re-create, so that nothing is promised too "
    "much; what comes new",
    "disturbs nothing. Sessions over an interface that is made anew begin anew as well.",
    "",
    "| piece | member | class |",
    "|---|---|---|",
)
