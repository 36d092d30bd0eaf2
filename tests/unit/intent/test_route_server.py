"""What route servers of an exchange take and tell: the compiled policies, asked route by route."""

from __future__ import annotations

from dataclasses import replace

import pytest

import estates
from trunkline.intent.bgp import LOCAL, Community, Refusal, RibEntry, Router, Session, Validity
from trunkline.intent.bgp.evaluate import evaluate, received
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import MEMBER as MEMBERS
from trunkline.intent.compile.route_server_policy import REASONS
from trunkline.intent.estate import Snapshot
from trunkline.intent.exchange import EXCHANGE, MEMBER
from trunkline.intent.network import Hygiene, Link
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import SITE
from trunkline.model.profile import AZURE
from trunkline.model.resource import Resource

RS, RIPE, SURF = 6777, 3333, 1103
BLACKHOLE, GRACEFUL_SHUTDOWN, NO_EXPORT = (65535, 666), (65535, 0), (65535, 65281)


def realm(**changed: object) -> list[Resource]:
    """Two members and a third behind a hand-off."""
    third = estates.exchange_member("beli", 3, asn=2611, handoff={"interface": "ixp0"}, shared_key="S3cret")
    return [*estates.met_at_exchange()[:2], *estates.exchange(
        estates.exchange_member("ripe", 1, "ripe"), estates.exchange_member("surf", 2, "surf"), third, **changed)]


def compiled(resources: list[Resource]) -> Blueprint:
    return compile(Scope(ScopeKind.EXCHANGE, estates.rid(EXCHANGE, "ams").key), Snapshot(resources), AZURE)


def route_server(**changed: object) -> Router:
    return compiled(realm(**changed)).routers[0]


def session(router: Router, name: str) -> Session:
    return next(one for one in router.sessions if one.name == name)


def told(**changed: object) -> RibEntry:
    """A route as RIPE's router would rightly tell it."""
    return replace(RibEntry("193.0.0.0/21", "80.249.208.4", "", (RIPE,), validity=Validity.NOT_FOUND), **changed)


def refusal(entry: RibEntry, **changed: object) -> Refusal | None:
    return received(session(route_server(**changed), "member_1"), entry).refusal


def test_what_a_member_was_admitted_with_is_taken() -> None:
    accepted = received(session(route_server(), "member_1"), told(med=7, communities=((3333, 1),)))
    assert accepted.permitted
    assert accepted.entry.communities == ((3333, 1), (RS, 1000, 2), (RS, 1001, 1)), "the member's own, and what we say"
    assert refusal(told(prefix="193.0.7.0/24")) is None, "and what is inside it"


@pytest.mark.parametrize(("entry", "why"), [
    (told(prefix="0.0.0.0/0"), Refusal.DEFAULT_ROUTE),
    (told(prefix="80.249.208.0/25"), Refusal.OWN_SPACE),
    (told(prefix="80.249.208.9/32"), Refusal.OWN_SPACE),
    (told(prefix="10.1.0.0/16"), Refusal.MARTIAN),
    (told(prefix="192.168.1.0/24"), Refusal.MARTIAN),
    (told(prefix="193.0.0.0/25"), Refusal.TOO_SPECIFIC),
    (told(prefix="192.0.0.0/7"), Refusal.TOO_COARSE),
    (told(next_hop="80.249.208.5"), Refusal.FOREIGN_NEXT_HOP),
    (told(as_path=(SURF, RIPE)), Refusal.WRONG_FIRST_AS),
    (told(as_path=(RIPE, RS)), Refusal.WRONG_ORIGIN),
    (told(as_path=(RIPE, 64512, RIPE)), Refusal.BOGON_ASN),
    (told(as_path=(RIPE, 4200000000, RIPE)), Refusal.BOGON_ASN),
    (told(as_path=(RIPE, 23456, RIPE)), Refusal.BOGON_ASN),
    (told(as_path=(RIPE, 3356, 15169)), Refusal.TRANSIT_LEAK),
    (told(as_path=(RIPE, 1, 2), as_sets=2), Refusal.AS_SET),
    (told(as_path=(RIPE,) * 33), Refusal.PATH_TOO_LONG),
    (told(as_path=(RIPE, 15169)), Refusal.WRONG_ORIGIN),
    (told(prefix="145.100.0.0/16"), Refusal.NOT_REGISTERED),
    (told(prefix="145.100.0.1/32", communities=(BLACKHOLE,)), Refusal.BLACKHOLE_NOT_OWN),
    (told(prefix="193.0.1.0/24", communities=(BLACKHOLE,)), Refusal.BLACKHOLE_NOT_OWN),
])
def test_what_is_refused_says_why(entry: RibEntry, why: Refusal) -> None:
    found = received(session(route_server(), "member_1"), entry)
    expected = Refusal.PATH_LOOP if RS in entry.as_path else why
    assert found.refusal is expected
    if number := REASONS.get(expected):
        assert (RS, 1101, number) in found.entry.communities


@pytest.mark.parametrize(("changed", "entry"), [
    ({"bogonPrefixes": False, "registered": False}, told(prefix="10.1.0.0/16")),
    ({"bogonAsns": False}, told(as_path=(RIPE, 64512, RIPE))),
    ({"transitAsns": [], "registered": False}, told(as_path=(RIPE, 3356, 15169))),
    ({"longestPath": 40}, told(as_path=(RIPE,) * 33)),
    ({"lengths": {"shortest": 8, "longest": 25}}, told(prefix="193.0.0.0/25")),
    ({"registered": False}, told(prefix="145.100.0.0/16")),
])
def test_the_operator_may_allow_it(changed: dict[str, object], entry: RibEntry) -> None:
    assert refusal(entry) is not None
    assert refusal(entry, policy=changed) is None


def test_a_transit_network_may_itself_be_a_member() -> None:
    admitted = [{"asn": 3356, "prefixes": ["8.0.0.0/9"]}]
    here = [*estates.exchange(estates.exchange_member("lumen", 1, asn=3356, handoff={"interface": "ixp0"}),
                              admissions=admitted)]
    own = session(compiled(here).routers[0], "member_1")
    assert received(own, told(prefix="8.0.0.0/12", as_path=(3356,))).permitted
    assert received(own, told(prefix="8.0.0.0/12", as_path=(3356, 174, 3356))).refusal is Refusal.TRANSIT_LEAK


def test_a_blackhole_is_one_address_of_ones_own_and_goes_to_the_discard_address() -> None:
    server = route_server()
    marked = told(prefix="193.0.1.66/32", communities=(BLACKHOLE,))
    taken = received(session(server, "member_1"), marked)
    assert taken.permitted
    assert NO_EXPORT in taken.entry.communities
    passed = evaluate(session(server, "member_2").export_policy, taken.entry, MEMBERS)
    assert passed.permitted
    assert passed.next_hop == "80.249.208.3"
    assert refusal(replace(marked, prefix="193.0.1.66/32", communities=())) is Refusal.TOO_SPECIFIC
    assert refusal(marked, policy={"blackholing": False}) is Refusal.BLACKHOLE_NOT_OWN


def test_graceful_shutdown_makes_a_route_the_last_choice() -> None:
    leaving = received(session(route_server(), "member_1"), told(communities=(GRACEFUL_SHUTDOWN,)))
    assert leaving.permitted
    assert leaving.entry.local_pref == 0


def test_nobody_forges_what_only_the_exchange_says() -> None:
    forged = told(communities=((RS, 1000, 1), (RS, 1001, 1), (RS, 1101, 4), (RS, 0, SURF)))
    kept = received(session(route_server(), "member_1"), forged).entry.communities
    assert kept == ((RS, 0, SURF), (RS, 1002, 1), (RS, 1000, 2), (RS, 1001, 1)), "and that they were forged is told"
    honest = received(session(route_server(), "member_1"), told(communities=((RS, 0, SURF),))).entry.communities
    assert honest == ((RS, 0, SURF), (RS, 1000, 2), (RS, 1001, 1))


@pytest.mark.parametrize(("said", "reached"), [
    ((), {1103, 2611}),
    (((0, SURF),), {2611}),
    (((RS, 0, SURF),), {2611}),
    (((0, RS),), set()),
    (((RS, 0, 0),), set()),
    (((0, RS), (RS, SURF)), {1103}),
    (((RS, 0, 0), (RS, 1, SURF)), {1103}),
    (((RS, 0, 0), (RS, 1, SURF), (0, SURF)), set()),
    (((RS, RS),), {1103, 2611}),
])
def test_control_communities_say_who_gets_a_route(said: tuple[Community, ...], reached: set[int]) -> None:
    server = route_server()
    verdicts = {one.peer_asn: evaluate(one.export_policy, told(communities=said), MEMBERS)
                for one in server.sessions if one.name in ("member_2", "member_3")}
    assert {asn for asn, verdict in verdicts.items() if verdict.permitted} == reached
    assert {v.refusal for v in verdicts.values() if not v.permitted} <= {Refusal.NOT_FOR_PEER}


def test_control_communities_are_taken_off_and_all_others_stay() -> None:
    own, said = (3333, 7), ((RS, 1, SURF), (RS, SURF), (0, 9), (RS, 101, 9), (RS, 1000, 2))
    passed = evaluate(session(route_server(), "member_2").export_policy, told(communities=(own, *said)), MEMBERS)
    assert passed.entry.communities == (own, (RS, 1000, 2))


@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_members_number_is_repeated_to_those_named(times: int) -> None:
    entry, server = told(communities=((RS, 100 + times, SURF),)), route_server()
    paths = {name: evaluate(session(server, name).export_policy, entry, MEMBERS).entry.as_path
             for name in ("member_2", "member_3")}
    assert paths == {"member_2": (RIPE,) * (1 + times), "member_3": (RIPE,)}


def test_route_servers_originate_nothing_and_are_in_no_path() -> None:
    server = route_server()
    assert server.origins == ()
    assert all(one.route_server and not one.heeds_communities and not one.ttl_security for one in server.sessions)
    assert not evaluate(session(server, "member_1").export_policy, told(), LOCAL).permitted


def test_each_member_has_a_session_for_each_family_with_both() -> None:
    blueprint = compiled(realm())
    names = {f"member_{n}{six}" for n in (1, 2, 3) for six in ("", "_v6")}
    assert [{one.name for one in router.sessions} for router in blueprint.routers] == [names, names]
    keys = {one.name: one.password for one in blueprint.routers[0].sessions}
    assert keys["member_1"] is None
    assert keys["member_3"] is not None


def test_a_port_takes_what_is_its_members_and_nothing_else() -> None:
    blueprint = compile(Scope(ScopeKind.MEMBER, estates.rid(MEMBER, "ams", "ripe").key), Snapshot(realm()), AZURE)
    port, = (piece for piece in blueprint.pieces if isinstance(piece, Hygiene))
    wire, = (piece for piece in blueprint.pieces if isinstance(piece, Link))
    assert port.mac == wire.b.mac
    assert port.own == ("80.249.208.4", "2001:7f8:1::4")
    assert port.sources == ("193.0.0.0/21", "2001:67c:2e8::/48")
    assert blueprint.requires == (Scope(ScopeKind.EXCHANGE, estates.rid(EXCHANGE, "ams").key),
                                  Scope(ScopeKind.SITE, estates.rid(SITE, "ripe").key))


def test_without_an_admission_nothing_of_a_member_is_taken() -> None:
    assert refusal(told(), admissions=[]) is Refusal.NOT_REGISTERED


@pytest.mark.parametrize(("validity", "why", "said"), [
    (Validity.VALID, None, (RS, 1000, 1)), (Validity.NOT_FOUND, None, (RS, 1000, 2)),
    (Validity.INVALID, Refusal.RPKI_INVALID, (RS, 1101, 13)), (Validity.BLIND, Refusal.RPKI_BLIND, (RS, 1101, 24)),
])
def test_what_a_roa_contradicts_is_refused(validity: Validity, why: Refusal | None, said: Community) -> None:
    found = received(session(route_server(), "member_1"), told(validity=validity))
    assert found.refusal is why
    assert said in found.entry.communities


def test_each_route_server_asks_a_cache_of_its_own_unless_nobody_validates() -> None:
    blueprint = compiled(realm())
    assert [one.name for router in blueprint.routers for one in router.validation] == ["cache_p", "cache_s"]
    without = compiled(realm(policy={"originValidation": False}))
    assert [router.validation for router in without.routers] == [(), ()]
    unchecked = received(session(without.routers[0], "member_1"), told(validity=Validity.INVALID))
    assert unchecked.permitted
    assert (RS, 1000, 3) in unchecked.entry.communities


def test_an_admission_of_another_subscription_gives_a_member_nothing() -> None:
    """However it came to be that AS."""
    def refused(subscription: str) -> Refusal | None:
        return refusal(told(), admissions=[{"asn": RIPE, "prefixes": ["193.0.0.0/21"], "subscription": subscription}])
    assert refused("99999999-0000-0000-0000-000000000000") is Refusal.NOT_REGISTERED
    assert refused(estates.SUBSCRIPTION.upper()) is None


def test_a_limit_is_no_higher_than_the_exchanges() -> None:
    limits = {one.name: one.prefix_limit for one in route_server(policy={"mostPrefixes": 70}).sessions}
    assert (limits["member_1"], limits["member_1_v6"]) == (70, 500)
