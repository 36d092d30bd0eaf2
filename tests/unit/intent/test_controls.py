"""A customer's policy in the sessions that are compiled: what routes become at the edge, at gateways, at the CE."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import estates
from trunkline.intent.bgp import LOCAL, BfdKey, PrefixMatch, Refusal, RibEntry, Router, Session, Validity
from trunkline.intent.bgp.evaluate import Verdict, evaluate
from trunkline.intent.blueprint import to_json
from trunkline.intent.compile import compile
from trunkline.intent.compile.controls import met
from trunkline.intent.compile.draft import CUSTOMER, GATEWAY, ce_node, instance_node, vrf_node
from trunkline.intent.estate import Snapshot
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.session_policy import BFD_KEY
from trunkline.intent.view import CIRCUIT, PEERING, ROUTE_FILTER, ROUTE_FILTER_RULE, SITE
from trunkline.intent.view import GATEWAY as GATEWAY_TYPE
from trunkline.model.bgp import network, within
from trunkline.model.circuit import Leg
from trunkline.model.peering import PeeringType
from trunkline.model.profile import AZURE, Bfd, BfdMethod
from trunkline.model.resource import Resource, Secret

GSHUT = (65535, 0)
OWN, CLOUD = "10.10.0.0/16", "10.1.0.0/16"


def routers(*more: Resource, base: list[Resource] | None = None) -> dict[str, Router]:
    estate = Snapshot([*(base or estates.whole()), *more])
    scopes = [*(Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, leg) for leg in Leg),
              Scope(ScopeKind.SITE, estates.rid(SITE, "paris").key),
              Scope(ScopeKind.GATEWAY, estates.rid(GATEWAY_TYPE, "gw1").key)]
    return {router.node: router for scope in scopes for router in compile(scope, estate, AZURE).routers}


def edge(found: dict[str, Router], leg: Leg = Leg.PRIMARY) -> Router:
    return found[vrf_node(estates.rid(CIRCUIT, "er1"), leg)]


def session(router: Router, name: str) -> Session:
    return next(one for one in router.sessions if one.name.startswith(name))


def taken(one: Session, prefix: str, *communities: tuple[int, ...]) -> Verdict:
    entry = RibEntry(prefix, one.peer_address, one.name, (one.peer_asn,), communities=communities)
    return evaluate(one.import_policy, entry, one.group, one.peer_address)


def told(one: Session, verdict: Verdict | RibEntry, group: str) -> Verdict:
    entry = verdict.entry if isinstance(verdict, Verdict) else verdict
    return evaluate(one.export_policy, entry, group)


def at_gateway(found: dict[str, Router], prefix: str, *communities: tuple[int, ...]) -> list[int]:
    """Local preference at a gateway of a route that a customer tells on each leg with these communities."""
    instance, preferences = found[instance_node(estates.rid(GATEWAY_TYPE, "gw1"), 0)], []
    for leg in Leg:
        router = edge(found, leg)
        sent = told(session(router, GATEWAY), taken(session(router, CUSTOMER), prefix, *communities), CUSTOMER)
        heard = replace(sent.entry, local_pref=100, as_path=(12076, *sent.entry.as_path))
        got = evaluate(session(instance, f"circuit_1_{leg}").import_policy, heard, "circuit")
        assert got.permitted
        assert not any(len(one) == 3 for one in got.entry.communities), "the edge's own words end here"
        preferences.append(got.entry.local_pref)
    return preferences


def test_without_a_policy_nothing_but_the_gateways_care_is_there() -> None:
    found = routers()
    assert at_gateway(found, OWN, (65010, 1), GSHUT) == [100, 100], "what customers mark means nothing"


def test_prepend_med_and_communities_are_told_to_the_customer() -> None:
    found = routers(estates.session_policy("primary", advertise={
        "prepend": 3, "med": 50, "communities": ["65010:7", "65010:7:8"]}))
    route = RibEntry(CLOUD, "10.1.255.12", GATEWAY, (65515,))
    for leg, expected in ((Leg.PRIMARY, ((12076,) * 3, 50, ((65010, 7), (65010, 7, 8)))), (Leg.SECONDARY, ((), 0, ()))):
        entry = told(session(edge(found, leg), CUSTOMER), route, GATEWAY).entry
        assert (entry.as_path, entry.med, entry.communities) == expected


@pytest.mark.parametrize(("lists", "passing"), [
    ({"deny": [{"prefix": "10.1.0.0/16"}]}, {"10.1.1.0/24", "10.2.0.0/16"}),
    ({"deny": [{"prefix": "10.1.0.0/16", "le": 24}]}, {"10.2.0.0/16"}),
    ({"permit": [{"prefix": "10.1.0.0/16", "ge": 17}]}, {"10.1.1.0/24"}),
    ({"permit": [{"prefix": "10.0.0.0/8", "ge": 16, "le": 16}], "deny": [{"prefix": "10.2.0.0/16"}]}, {"10.1.0.0/16"}),
    ({"permit": [{"prefix": "fd00::/8", "le": 64}]}, {"10.1.0.0/16", "10.1.1.0/24", "10.2.0.0/16"})])
def test_lists_let_through_what_they_say_in_both_directions(lists: dict, passing: set[str]) -> None:
    found = routers(estates.session_policy(advertise=lists, accept=lists))
    customer = session(edge(found), CUSTOMER)
    for verdicts in (
            {prefix: taken(customer, prefix) for prefix in ("10.1.0.0/16", "10.1.1.0/24", "10.2.0.0/16")},
            {prefix: told(customer, RibEntry(prefix, "", GATEWAY, (65515,)), GATEWAY)
             for prefix in ("10.1.0.0/16", "10.1.1.0/24", "10.2.0.0/16")}):
        assert {prefix for prefix, verdict in verdicts.items() if verdict.permitted} == passing
        assert {verdict.refusal for verdict in verdicts.values()} <= {None, Refusal.CUSTOMER_RULE}


def test_what_is_never_taken_is_not_permitted_by_a_list() -> None:
    found = routers(estates.session_policy(accept={"permit": [{"prefix": "0.0.0.0/0", "le": 32}]}))
    assert not taken(session(edge(found), CUSTOMER), "169.254.0.0/16").permitted


def test_the_customers_communities_steer_the_way_back() -> None:
    """Gateways prefer what the edge was told to prefer, beside the connection's weight; unnamed routes stay."""
    policy = {"localPreferenceByCommunity": {"65010:200": 200, "65010:50": 50, "65010:1:2": 150}}
    found = routers(estates.session_policy("primary", accept=policy),
                    base=estates.with_changes(estates.whole(), [estates.connection(routingWeight=10)]))
    assert at_gateway(found, OWN) == [110, 110]
    assert at_gateway(found, OWN, (65010, 200)) == [210, 110]
    assert at_gateway(found, OWN, (65010, 50)) == [60, 110]
    assert at_gateway(found, OWN, (65010, 1, 2)) == [160, 110]
    assert at_gateway(found, OWN, (65010, 50), (65010, 200)) == [210, 110], "the highest counts"
    assert at_gateway(found, OWN, (12076, 100, 7)) == [110, 110], "nobody speaks for the edge"


def test_a_leg_has_a_preference_by_itself() -> None:
    found = routers(estates.session_policy("secondary", accept={"localPreference": 90}))
    assert at_gateway(found, OWN) == [100, 90]


def test_a_leg_that_is_shut_down_gracefully_is_the_last_choice_everywhere() -> None:
    found = routers(estates.session_policy("primary", gracefulShutdown=True, accept={"localPreference": 900}))
    assert at_gateway(found, OWN) == [0, 100]
    router = edge(found)
    inwards = told(session(router, GATEWAY), taken(session(router, CUSTOMER), OWN), CUSTOMER)
    assert (inwards.entry.as_path[:9], inwards.entry.communities) == ((12076,) * 8 + (65010,), (GSHUT,))
    outwards = told(session(router, CUSTOMER), RibEntry(CLOUD, "", GATEWAY, (65515,)), GATEWAY)
    assert (outwards.entry.as_path, outwards.entry.communities) == ((12076,) * 8, (GSHUT,))
    ce = session(found[ce_node(estates.rid(SITE, "paris"), "ce1")], "cloud_1_primary")
    assert taken(ce, CLOUD, GSHUT).entry.local_pref == 0
    assert taken(ce, CLOUD).entry.local_pref == 100


def test_inside_the_clouds_own_as_local_preference_drains_and_no_path_grows() -> None:
    """A router that meets its own AS number in a path refuses the route (RFC 4271, 9.1.2)."""
    public = estates.link(PEERING, "er1", "MicrosoftPeering")
    changed = [estates.site(advertisedPublicPrefixes=["104.1.0.0/24"])]
    found = routers(
        estates.microsoft(words={"104.1.0.0/24": "Configured"}, routeFilter=estates.link(ROUTE_FILTER, "rf1")),
        estates.resource(estates.rid(ROUTE_FILTER, "rf1"), {}),
        estates.resource(estates.rid(ROUTE_FILTER_RULE, "rf1", "r1"), {
            "access": "Allow", "routeFilterRuleType": "Community", "communities": ["12076:52002"]}),
        estates.session_policy("primary", gracefulShutdown=True, peering=public),
        base=estates.with_changes(estates.whole(), changed))
    router = found[vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY, PeeringType.MICROSOFT)]
    assert router.sessions[-1].group == "services"
    heard = RibEntry("104.1.0.0/24", "104.0.0.1", CUSTOMER, (65010,), validity=Validity.VALID)
    taken_here = evaluate(session(router, CUSTOMER).import_policy, heard, CUSTOMER, "104.0.0.1")
    onwards = told(router.sessions[-1], taken_here, CUSTOMER)
    assert (onwards.entry.local_pref, onwards.entry.as_path) == (0, (65010,))
    outwards = told(session(router, CUSTOMER), RibEntry("20.38.108.0/23", "", "services"), "services")
    assert outwards.entry.as_path == (12076,) * 8


def test_sessions_are_set_up_alike_at_both_ends() -> None:
    found = routers(estates.session_policy(
        "primary", gtsm=True, bfd={"intervalInMilliseconds": 500},
        timers={"holdTimeInSeconds": 30, "keepaliveTimeInSeconds": 10}), estates.session_policy(
        "secondary", bfd={"enabled": False}, enabled=False))
    first = (session(edge(found), CUSTOMER), session(found[ce_node(estates.rid(SITE, "paris"), "ce1")], "cloud_1_p"))
    for one in first:
        assert (one.ttl_security, one.bfd, one.hold_time_s, one.keepalive_time_s, one.enabled) == (
            True, Bfd(500), 30, 10, True)
    second = session(edge(found, Leg.SECONDARY), CUSTOMER)
    assert (second.closed_by, second.bfd, second.hold_time_s) == ("a session policy", None, 180)


def test_bfd_is_signed_with_the_policys_key_at_both_ends_and_no_blueprint_shows_it() -> None:
    policy = replace(estates.session_policy("primary", bfdAuthentication={"type": "KeyedSha1"}),
                     secrets={BFD_KEY: "c0rrectH0rse"})
    found = routers(policy)
    ce = found[ce_node(estates.rid(SITE, "paris"), "ce1")]
    for one in (session(edge(found), CUSTOMER), session(ce, "cloud_1_p")):
        assert one.bfd_key == BfdKey(BfdMethod.SHA1, Secret("c0rrectH0rse"))
    assert session(edge(found, Leg.SECONDARY), CUSTOMER).bfd_key is None
    scope = Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, Leg.PRIMARY)
    blueprint = compile(scope, Snapshot([*estates.whole(), policy]), AZURE)
    assert "c0rrectH0rse" not in json.dumps(to_json(blueprint)) + repr(blueprint)


def test_a_sites_router_does_what_its_owner_says_and_of_one_circuit_more() -> None:
    site = estates.site(routers=("bird", "frr"))
    site.properties["routers"][0]["policy"] = {"advertise": {"prepend": 2, "communities": ["65010:9"]}}
    order = estates.order(primary={"router": "ce1", "policy": {"advertise": {"med": 5}, "gracefulShutdown": True}})
    found = routers(base=estates.with_changes(estates.whole(), [site, order]))
    ce = session(found[ce_node(estates.rid(SITE, "paris"), "ce1")], "cloud_1_primary")
    entry = told(ce, RibEntry(OWN, "", LOCAL), LOCAL).entry
    assert (entry.as_path, entry.med, entry.communities) == ((65010, 65010), 5, ((65010, 9), GSHUT))
    assert taken(ce, CLOUD).entry.local_pref == 0


def test_one_leg_does_not_feel_the_others_policy() -> None:
    before, after = routers(), routers(estates.session_policy("primary", advertise={"prepend": 1}))
    assert edge(before, Leg.SECONDARY) == edge(after, Leg.SECONDARY)
    assert edge(before) != edge(after)


PREFIX = st.builds(lambda bits, length: str(network(f"10.{bits}.0.0/{length}")), st.integers(0, 3), st.integers(8, 18))
MATCH = st.builds(lambda prefix, low, high: PrefixMatch(prefix, int(prefix.partition("/")[2]) + low, 16 + high),
                  PREFIX, st.integers(0, 3), st.integers(0, 8))


@given(st.lists(MATCH, min_size=1, max_size=3), st.lists(MATCH, min_size=1, max_size=3), PREFIX)
def test_what_two_lists_both_match_is_what_each_matches(
        some: list[PrefixMatch], others: list[PrefixMatch], prefix: str) -> None:
    def matched(matches: tuple[PrefixMatch, ...] | list[PrefixMatch]) -> bool:
        length = network(prefix).prefixlen
        return any(one.at_least <= length <= one.at_most and within(prefix, one.prefix) for one in matches)

    both = met(tuple(some), tuple(others))
    assert matched(both) == (matched(some) and matched(others))
