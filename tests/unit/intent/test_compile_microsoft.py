"""Microsoft peering beside private peering on a leg: a VRF, an attachment and a C-tag of its own, one policer."""

from __future__ import annotations

from dataclasses import replace

import pytest

import estates
from trunkline.intent.bgp import Refusal, RibEntry, Router, Validity
from trunkline.intent.bgp.evaluate import evaluate
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CUSTOMER, SERVICES, ce_node, vrf_node
from trunkline.intent.compile.services import services_scope
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import CrossConnect, Direction, Rewriting, Sentry, Translation, Tunnel
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, ROUTE_FILTER, ROUTE_FILTER_RULE, SITE
from trunkline.model.circuit import Leg
from trunkline.model.peering import PeeringType
from trunkline.model.profile import AZURE

PRIMARY = Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, Leg.PRIMARY)
VRF, PUBLIC = (vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY, kind)
               for kind in (PeeringType.PRIVATE, PeeringType.MICROSOFT))


def both(**changed: object) -> Snapshot:
    return Snapshot([*estates.whole(), estates.microsoft(**changed)])


def public_router(**changed: object) -> Router:
    return next(one for one in leg(both(**changed)).routers if one.node == PUBLIC)


def leg(estate: Snapshot) -> Blueprint:
    return compile(PRIMARY, estate, AZURE)


def test_the_private_peering_stays_as_it_is() -> None:
    alone, beside = leg(Snapshot(estates.whole())), leg(both())
    assert set(alone.pieces) <= set(beside.pieces)
    assert set(alone.routers) <= set(beside.routers)


def test_each_has_a_vrf_and_a_sentry_with_a_number_of_its_own() -> None:
    sentries = [piece for piece in leg(both()).pieces if isinstance(piece, Sentry)]
    assert {one.node for one in sentries} == {VRF, PUBLIC}
    assert len({one.index for one in sentries}) == 2


def test_both_share_the_policers_of_the_circuit() -> None:
    at_edge = [piece for piece in leg(both()).pieces if isinstance(piece, CrossConnect) and piece.policer]
    for direction in Direction:
        assert len({one.policer for one in at_edge if one.direction is direction}) == 1
    assert {one.attachment for one in at_edge} == {"c1.primary.private", "c1.primary.microsoft"}


@pytest.mark.parametrize(("state", "enabled"), [
    ("Configured", True), ("ValidationNeeded", False), ("AsnValidationFailed", False), (None, False)])
def test_a_session_is_enabled_once_all_prefixes_are_validated(state: str | None, enabled: bool) -> None:
    words = {"104.1.0.0/24": state} if state else {}
    router = next(one for one in leg(both(words=words)).routers if one.node == PUBLIC)
    session, = router.sessions
    assert (session.group, session.enabled) == (CUSTOMER, enabled)


@pytest.mark.parametrize(("prefix", "path", "refusal"), [
    ("104.1.0.0/24", (65010,), None), ("104.1.0.7/32", (65010,), None), ("104.1.0.0/24", (65010, 64999), None),
    ("104.0.0.0/15", (65010,), Refusal.NOT_REGISTERED), ("104.9.0.0/24", (65010,), Refusal.NOT_REGISTERED),
    ("0.0.0.0/0", (65010,), Refusal.DEFAULT_ROUTE), ("10.1.0.0/16", (65010,), Refusal.PRIVATE_SPACE),
    ("100.64.0.0/24", (65010,), Refusal.PRIVATE_SPACE), ("224.0.0.0/4", (65010,), Refusal.MARTIAN),
    ("104.1.0.0/24", (65010, 64500), Refusal.BOGON_ASN)])
def test_what_a_customer_announces_is_taken_or_refused_with_the_reason(
        prefix: str, path: tuple[int, ...], refusal: Refusal | None) -> None:
    session, = public_router(words={"104.1.0.0/24": "Configured"}).sessions
    heard = RibEntry(prefix, "104.0.0.1", CUSTOMER, path, communities=((3333, 7),), validity=Validity.VALID)
    verdict = evaluate(session.import_policy, heard, CUSTOMER, "104.0.0.1")
    assert verdict.refusal is refusal
    if refusal is None:
        assert verdict.entry.as_path == (65010,), "private AS numbers behind the peer's own are taken out"
        assert verdict.entry.communities == ()


@pytest.mark.parametrize(("path", "sets", "refusal"), [
    ((3333,) * 20, 0, None), ((3333,) * 32, 0, None), ((3333,) * 33, 0, Refusal.PATH_TOO_LONG),
    ((3333, 3334, 3335), 2, Refusal.AS_SET), ((3333, 3356), 0, Refusal.TRANSIT_LEAK),
    ((3333, 174, 3334), 0, Refusal.TRANSIT_LEAK), ((3333, 0, 3334), 0, Refusal.BOGON_ASN),
    ((3333, 23456), 0, Refusal.BOGON_ASN), ((3333, 64511), 0, Refusal.BOGON_ASN), ((3333, 65551), 0, Refusal.BOGON_ASN),
    ((3333, 65535), 0, Refusal.BOGON_ASN), ((3333, 64512), 0, None), ((3333, 4_200_000_001, 3334), 0, None)])
def test_a_path_may_be_prepended_and_must_be_one_that_a_customer_can_have(
        path: tuple[int, ...], sets: int, refusal: Refusal | None) -> None:
    session, = public_router(words={"104.1.0.0/24": "Configured"}, asn=3333).sessions
    heard = RibEntry("104.1.0.0/24", "104.0.0.1", CUSTOMER, path, as_sets=sets, validity=Validity.VALID)
    verdict = evaluate(session.import_policy, heard, CUSTOMER, "104.0.0.1")
    assert verdict.refusal is refusal
    if refusal is None:
        assert {64512, 4_200_000_001}.isdisjoint(verdict.entry.as_path)


def test_a_carrier_may_be_the_peer_itself() -> None:
    session, = public_router(words={"104.1.0.0/24": "Configured"}, asn=3356).sessions
    for path, refusal in ((3356, 3356), None), ((3356, 174), Refusal.TRANSIT_LEAK):
        heard = RibEntry("104.1.0.0/24", "104.0.0.1", CUSTOMER, path, validity=Validity.VALID)
        assert evaluate(session.import_policy, heard, CUSTOMER, "104.0.0.1").refusal is refusal


@pytest.mark.parametrize(("validity", "refusal"), [
    (Validity.INVALID, Refusal.RPKI_INVALID), (Validity.BLIND, Refusal.RPKI_BLIND), (Validity.NOT_FOUND, None)])
def test_origin_validation_has_its_say(validity: Validity, refusal: Refusal | None) -> None:
    session, = public_router(words={"104.1.0.0/24": "Configured"}).sessions
    heard = RibEntry("104.1.0.0/24", "104.0.0.1", CUSTOMER, (65010,), validity=validity)
    assert evaluate(session.import_policy, heard, CUSTOMER, "104.0.0.1").refusal is refusal


def filtered(*communities: str) -> tuple[Router, Blueprint]:
    route_filter = [estates.resource(estates.rid(ROUTE_FILTER, "rf1"), {}), estates.resource(
        estates.rid(ROUTE_FILTER_RULE, "rf1", "r1"), {"access": "Allow", "communities": list(communities)})]
    blueprint = leg(Snapshot([*estates.whole(), *route_filter, estates.microsoft(
        routeFilter=estates.link(ROUTE_FILTER, "rf1"))]))
    return next(one for one in blueprint.routers if one.node == PUBLIC), blueprint


def test_without_a_filter_there_is_no_way_to_services() -> None:
    assert [session.group for session in public_router().sessions] == [CUSTOMER]
    assert not any(scope.kind is ScopeKind.SERVICES for scope in leg(both()).requires)


def test_a_filter_leads_to_the_regions_that_it_names_and_takes_what_it_names() -> None:
    router, blueprint = filtered("12076:52002", "12076:52003", "12076:52004")
    assert {scope.key for scope in blueprint.requires if scope.kind is ScopeKind.SERVICES} == {
        "westeurope", "northeurope"}, "East US is beyond Standard"
    tunnels = [piece for piece in blueprint.pieces if isinstance(piece, Tunnel) and "services" in piece.end.node]
    assert len(tunnels) == 2
    session = next(one for one in router.sessions if one.group == SERVICES and one.name == "services_52")
    for told, refusal in ((12076, 52002), None), ((12076, 53002), Refusal.NOT_IN_FILTER):
        heard = RibEntry("20.38.108.0/23", session.peer_address, session.name, (), communities=(told,))
        assert evaluate(session.import_policy, heard, SERVICES, session.peer_address).refusal is refusal


def test_one_more_circuit_changes_nothing_at_services() -> None:
    scope = services_scope("westeurope")
    assert compile(scope, Snapshot(estates.whole()), AZURE) == compile(scope, both(), AZURE)


def test_a_router_translates_private_sources_alone_and_announces_its_own_address() -> None:
    paris = estates.site(advertisedPublicPrefixes=["104.1.0.0/24"], routers=("bird",))
    paris = replace(paris, properties={**paris.properties, "routers": [{"name": "ce1", "publicAddress": "104.1.0.1"}]})
    estate = Snapshot([*(one for one in estates.whole() if one.id.key != paris.id.key), paris, estates.microsoft()])
    blueprint = compile(Scope(ScopeKind.SITE, paris.id.key), estate, AZURE)
    found, = (piece for piece in blueprint.pieces if isinstance(piece, Rewriting))
    assert found.translations == (Translation(("v1pm",), ("10.10.0.0/16", "10.10.1.0/24"), "104.1.0.1"),)
    assert "104.1.0.1/32" in {origin.prefix for origin in blueprint.routers[0].origins}


def test_a_customers_router_has_a_session_over_each_peering_and_announces_there_what_belongs_there() -> None:
    paris = estates.site(advertisedPublicPrefixes=["104.1.0.0/24"])
    estate = Snapshot([*(one for one in estates.whole() if one.id.key != paris.id.key), paris, estates.microsoft()])
    routers = compile(Scope(ScopeKind.SITE, paris.id.key), estate, AZURE).routers
    router = next(one for one in routers if one.node == ce_node(estates.rid(SITE, "paris"), "ce1"))
    told = {session.group: [match.prefix for match in session.export_policy.rules[0].prefixes]
            for session in router.sessions if session.group in ("cloud", "internet")}
    assert told == {"cloud": ["10.10.0.0/16"], "internet": ["104.1.0.0/24"]}
    assert len({session.interface for session in router.sessions}) == 3
