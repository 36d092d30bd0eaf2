"""Which routes are leaks, hijacks and oddities, and which are a customer's good right."""

from __future__ import annotations

from dataclasses import replace

import pytest

import estates
from looks import ER1, ER2, SESSION, heard, route
from trunkline.diagnosis.claims import Claim, Claims
from trunkline.diagnosis.evidence import Finding
from trunkline.diagnosis.routes import check_routes
from trunkline.intent.bgp import Refusal, RibEntry
from trunkline.intent.view import CIRCUIT
from trunkline.model.event import EventKind, Severity

HUB = "/subscriptions/s/resourceGroups/rg1/providers/Microsoft.Network/virtualNetworks/hub"
PARIS = Claim("10.10.0.0/16", ER1, frozenset({ER1.lower()}), frozenset({65010}))
LONDON = Claim("10.20.0.0/16", ER2, frozenset({ER2.lower()}), frozenset({65020}))
NETWORK = Claim("10.1.0.0/16", HUB, frozenset(), frozenset({65515, 12076}))
CLAIMS = Claims([PARIS, LONDON, NETWORK])


def found(*routes: RibEntry, claims: Claims = CLAIMS, first: int = 2) -> list[Finding]:
    return list(check_routes(heard(*routes), claims, {one.prefix: first for one in routes}))


@pytest.mark.parametrize(("entry", "kind"), [
    (route("10.10.0.0/16"), EventKind.PREFIX_HIJACK),
    (route("10.10.7.0/24"), EventKind.SUBPREFIX_HIJACK),
    (route("10.10.0.0/16", 65020, 65010), EventKind.ROUTE_LEAK),
    (route("10.1.0.0/16"), EventKind.PREFIX_HIJACK),
    (route("10.1.2.0/24", 65020, 65515), EventKind.ROUTE_LEAK),
    (route("10.99.0.0/16", as_sets=True), EventKind.PATH_ANOMALY),
    (route("10.99.0.0/16", *[65020] * 65), EventKind.PATH_ANOMALY),
    (route("10.99.0.0/16", 65020, 23456), EventKind.PATH_ANOMALY),
    (route("10.99.0.0/16", next_hop="172.16.0.9"), EventKind.NEXT_HOP_THEFT),
])
def test_what_was_taken_and_should_not_be_there(entry: RibEntry, kind: EventKind) -> None:
    assert [one.kind for one in found(entry)] == [kind]


@pytest.mark.parametrize("entry", [
    route("10.20.0.0/16"),  # its own
    route("10.20.9.0/24", 65020, 65020, 65020),  # a part of its own, prepended
    route("10.77.0.0/16"),  # one that nobody has claimed: a customer adds a prefix
    route("10.0.0.0/8"),  # an aggregate over others'
    route("0.0.0.0/0"),
    route("fd00::/48", next_hop="fe80::1"),
])
def test_what_a_customer_may_announce_is_no_finding(entry: RibEntry) -> None:
    assert found(entry) == []


def test_the_same_as_at_another_circuit_is_the_owner_itself() -> None:
    claims = Claims([Claim("10.10.0.0/16", ER1, frozenset({ER1.lower()}), frozenset({65020}))])
    assert found(route("10.10.0.0/16"), claims=claims) == []


def test_the_most_specific_claim_decides() -> None:
    aggregate = Claim("10.0.0.0/8", ER1, frozenset({ER1.lower()}), frozenset({65010}))
    assert found(route("10.20.3.0/24"), claims=Claims([aggregate, LONDON])) == []


def test_of_two_who_declare_nothing_the_first_counts_and_only_for_the_same_prefix() -> None:
    earlier = Claims([Claim("10.50.0.0/16", ER1, frozenset({ER1.lower()}), frozenset({65010}), only=True, since=1)])
    assert [one.kind for one in found(route("10.50.0.0/16"), claims=earlier)] == [EventKind.PREFIX_HIJACK]
    assert found(route("10.50.1.0/24"), claims=earlier) == []
    assert found(route("10.50.0.0/16"), claims=earlier, first=1) == []


@pytest.mark.parametrize(("refusal", "kind"), [
    (Refusal.RPKI_INVALID, EventKind.ORIGIN_INVALID), (Refusal.NOT_REGISTERED, EventKind.UNAUTHORISED_PREFIX),
    (Refusal.MARTIAN, EventKind.BOGON), (Refusal.DEFAULT_ROUTE, EventKind.BOGON),
    (Refusal.TRANSIT_LEAK, EventKind.ROUTE_LEAK), (Refusal.ROLE_LEAK, EventKind.ROUTE_LEAK),
    (Refusal.FOREIGN_NEXT_HOP, EventKind.NEXT_HOP_THEFT), (Refusal.AS_SET, EventKind.PATH_ANOMALY),
    (Refusal.BLACKHOLE_NOT_OWN, EventKind.COMMUNITY_ABUSE), (Refusal.FORGED_COMMUNITY, EventKind.COMMUNITY_ABUSE),
])
def test_what_a_policy_refused_is_told_under_its_reason(refusal: Refusal, kind: EventKind) -> None:
    finding = found(route("192.0.2.0/24", refusal=refusal), claims=Claims())[0]
    assert (finding.kind, finding.evidence["refused"], finding.evidence["why"]) == (kind, True, refusal.value)


@pytest.mark.parametrize("refusal", [Refusal.CUSTOMER_RULE, Refusal.ROUTE_MAP, Refusal.NOT_IN_FILTER,
                                     Refusal.RPKI_NOT_FOUND, Refusal.NOT_FOR_PEER, Refusal.NO_RULE])
def test_what_somebody_wanted_refused_is_no_finding(refusal: Refusal) -> None:
    assert found(route("192.0.2.0/24", refusal=refusal), claims=Claims()) == []


def test_what_is_contained_is_still_seen() -> None:
    finding = found(route("10.10.0.0/16", refusal=Refusal.CONTAINED))[0]
    assert (finding.kind, finding.severity) == (EventKind.PREFIX_HIJACK, None)


def test_a_refused_hijack_is_milder() -> None:
    finding = found(route("10.10.0.0/16", refusal=Refusal.NOT_REGISTERED))[0]
    assert (finding.kind, finding.severity) == (EventKind.PREFIX_HIJACK, Severity.HIGH)


def test_evidence_says_who_expected_what_and_what_was_seen() -> None:
    finding = found(route("10.10.7.0/24"))[0]
    assert finding.victims == (ER1,)
    assert finding.prefixes == ("10.10.7.0/24",)
    assert finding.evidence["expected"] == {"prefix": "10.10.0.0/16", "owner": ER1, "origins": [65010]}
    assert finding.evidence["routes"] == [{"prefix": "10.10.7.0/24", "asPath": [65020], "nextHop": "172.16.0.1",
                                           "communities": [], "refusal": None}]
    assert finding.evidence["session"] == "customer"
    assert finding.evidence["leg"] == "primary"


def test_ten_thousand_routes_with_one_fault_are_one_finding_that_tells_twenty() -> None:
    routes = [route(f"10.10.{n // 128}.{n % 128 * 2}/31") for n in range(10_000)]
    findings = found(*routes)
    assert len(findings) == 1
    assert findings[0].evidence["prefixCount"] == len(set(routes)) == len(findings[0].prefixes)
    assert len(findings[0].evidence["routes"]) == 20


FOREIGN = str(estates.rid(CIRCUIT, "er9", subscription="2" * 8 + "-0000-0000-0000-000000000000"))
FORGED = Claim("10.20.1.0/24", FOREIGN, frozenset({FOREIGN.lower()}), frozenset({65099}), declared=True)
OWN = replace(LONDON, declared=True)


def test_who_declares_a_part_of_anothers_prefix_makes_it_contested_and_the_owner_no_hijacker() -> None:
    claims = Claims([OWN, FORGED])
    contested = found(route("10.20.1.0/24"), claims=claims)
    assert [(one.kind, one.victims) for one in contested] == [(EventKind.CONTESTED_PREFIX, (FOREIGN,))]
    assert found(route("10.20.2.0/24"), claims=claims) == []


def test_who_announces_what_it_declares_of_anothers_prefix_is_seen() -> None:
    part = Claim("10.20.1.0/24", ER2, frozenset({ER2.lower()}), frozenset({65020}), declared=True)
    whole = replace(LONDON, told=FOREIGN, owners=frozenset({FOREIGN.lower()}), declared=True)
    assert [one.kind for one in found(route("10.20.1.0/24"), claims=Claims([part, whole]))] == [
        EventKind.CONTESTED_PREFIX]


def test_who_was_first_with_a_part_of_what_another_declares_is_no_owner() -> None:
    early = Claim("10.20.3.0/24", FOREIGN, frozenset({FOREIGN.lower()}), frozenset({65099}), only=True, since=1)
    assert found(route("10.20.3.0/24"), claims=Claims([OWN, early])) == []


def test_the_owners_number_under_another_subscription_is_a_hijack() -> None:
    foreign = replace(PARIS, told=FOREIGN, owners=frozenset({FOREIGN.lower()}), asns=frozenset({65020}), declared=True)
    assert [one.kind for one in found(route("10.10.0.0/16"), claims=Claims([foreign]))] == [EventKind.PREFIX_HIJACK]


def test_what_the_peer_chooses_makes_no_findings_of_its_own() -> None:
    routes = [route(f"10.10.{n // 128}.{n % 128 * 2}/31", 65020, 100_000 + n, next_hop=f"192.0.2.{n % 200}")
              for n in range(4000)]
    findings = found(*routes)
    assert sorted(one.kind for one in findings) == [EventKind.NEXT_HOP_THEFT, EventKind.SUBPREFIX_HIJACK]
    hijack = next(one for one in findings if one.kind is EventKind.SUBPREFIX_HIJACK)
    assert (len(hijack.evidence["seen"]), hijack.evidence["seen"][0]) == (20, "AS 100000")
    assert "seen AS 100000, AS 100001, AS 100002 and 3997 more" in hijack.summary


def test_of_very_many_victims_the_last_ones_are_told_together_and_none_is_left_out() -> None:
    circuits = [str(estates.rid(CIRCUIT, f"er{n}")) for n in range(100, 200)]
    claims = [Claim(f"10.{n}.0.0/16", circuits[n], frozenset({circuits[n].lower()}), frozenset({65010}))
              for n in range(100)]
    findings = found(*[route(one.prefix) for one in claims], claims=Claims(claims))
    assert len(findings) == 25
    assert {victim for one in findings for victim in one.victims} == set(circuits)


def test_words_that_only_a_route_server_may_say_are_told_although_they_were_taken_off() -> None:
    served = replace(SESSION, route_server=True, local_asn=6777)
    forged = route("10.20.0.0/16", communities=((6777, 1002, 1), (6777, 1000, 2)))
    there = replace(heard(forged), session=served)
    finding, = check_routes(there, Claims(), {})
    assert (finding.kind, finding.evidence["why"]) == (EventKind.COMMUNITY_ABUSE, "forged-community")
    assert list(check_routes(heard(forged), Claims(), {})) == [], "elsewhere they mean nothing"
    honest = replace(heard(route("10.20.0.0/16", communities=((6777, 1000, 2),))), session=served)
    assert list(check_routes(honest, Claims(), {})) == []
