"""The cloud's own edge at an exchange: what it announces, what it takes, what it requires."""

from __future__ import annotations

from dataclasses import replace

import pytest

import estates
from trunkline.intent.bgp import Refusal, RibEntry, Router, Validity
from trunkline.intent.bgp.evaluate import evaluate, received
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import EXCHANGE as AT_EXCHANGE
from trunkline.intent.compile.draft import SERVICES
from trunkline.intent.estate import Snapshot
from trunkline.intent.exchange import EXCHANGE, MEMBER
from trunkline.intent.network import Hygiene, Sentry, Tunnel
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.plant import regions
from trunkline.model.profile import AZURE
from trunkline.model.public_service import announced_by

SERVICE = "20.38.108.0/23"
BLACKHOLE, GRACEFUL_SHUTDOWN, NO_EXPORT = (65535, 666), (65535, 0), (65535, 65281)


def compiled(kind: ScopeKind = ScopeKind.MEMBER, **policy: object) -> Blueprint:
    here = [*estates.met_at_exchange()[:2], *estates.exchange(
        estates.exchange_member("ripe", 1, "ripe"), estates.exchange_member("azure", 4, edge="primary"),
        policy=policy)]
    name = ("ams", "azure") if kind is ScopeKind.MEMBER else ("ams",)
    return compile(Scope(kind, estates.rid(MEMBER if kind is ScopeKind.MEMBER else EXCHANGE, *name).key),
                   Snapshot(here), AZURE)


def router(**policy: object) -> Router:
    return compiled(**policy).routers[0]


def told(**changed: object) -> RibEntry:
    """As a route server rightly tells it."""
    return replace(RibEntry("193.0.0.0/21", "80.249.208.4", "", (3333,), validity=Validity.NOT_FOUND), **changed)


def taken(entry: RibEntry, **policy: object) -> RibEntry | Refusal | None:
    session = router(**policy).session("rs1")
    assert session
    found = received(session, entry)
    return found.entry if found.permitted else found.refusal


def test_what_a_member_may_announce_is_taken_without_its_communities_and_after_circuits() -> None:
    found = taken(told(communities=(NO_EXPORT, (3333, 1))))
    assert isinstance(found, RibEntry)
    assert (found.communities, found.local_pref) == ((), 80)
    leaving = taken(told(communities=(GRACEFUL_SHUTDOWN,)))
    assert isinstance(leaving, RibEntry)
    assert leaving.local_pref == 0


@pytest.mark.parametrize(("entry", "why"), [
    (told(prefix="0.0.0.0/0"), Refusal.DEFAULT_ROUTE),
    (told(prefix=SERVICE), Refusal.OWN_SPACE),
    (told(prefix="20.38.108.0/24"), Refusal.OWN_SPACE),
    (told(prefix="80.249.208.0/25"), Refusal.OWN_SPACE),
    (told(prefix="10.1.0.0/16"), Refusal.MARTIAN),
    (told(as_path=(3333, 64512, 3333)), Refusal.BOGON_ASN),
    (told(as_path=(3333, 1, 2), as_sets=2), Refusal.AS_SET),
    (told(as_path=(3333,) * 33), Refusal.PATH_TOO_LONG),
    (told(prefix="193.0.0.0/25"), Refusal.TOO_SPECIFIC),
    (told(prefix="145.100.0.0/16"), Refusal.NOT_REGISTERED),
    (told(as_path=(3333, 15169)), Refusal.NOT_REGISTERED),
    (told(validity=Validity.INVALID), Refusal.RPKI_INVALID),
    (told(validity=Validity.BLIND), Refusal.RPKI_BLIND),
])
def test_it_judges_by_itself_whatever_the_exchange_leaves_out(entry: RibEntry, why: Refusal) -> None:
    unchecked = {"registered": False, "bogonPrefixes": False, "bogonAsns": False, "originValidation": False}
    assert taken(entry, **unchecked) is why


def test_a_blackholed_address_of_a_member_is_heeded_and_one_of_another_is_not() -> None:
    assert isinstance(taken(told(prefix="193.0.1.66/32", communities=(BLACKHOLE,))), RibEntry)
    assert taken(told(prefix="145.100.0.1/32", communities=(BLACKHOLE,))) is Refusal.TOO_SPECIFIC


def test_route_servers_are_told_services_and_services_what_was_taken() -> None:
    here = router()
    services = here.session("services_52")
    server = here.session("rs1")
    assert services
    assert server
    service = RibEntry(SERVICE, "100.127.255.202", "services_52", (), communities=((12076, 52002),))
    assert evaluate(services.import_policy, service, SERVICES).permitted
    assert not evaluate(services.import_policy, replace(service, prefix="104.46.162.224/27"), SERVICES).permitted
    assert evaluate(server.export_policy, service, SERVICES).entry.communities == ((12076, 52002),)
    assert not evaluate(server.export_policy, told(), AT_EXCHANGE).permitted
    assert evaluate(services.export_policy, told(), AT_EXCHANGE).permitted


def test_route_servers_take_from_it_the_services_and_nothing_else() -> None:
    session = compiled(ScopeKind.EXCHANGE).routers[0].session("member_4")
    assert session
    own = told(prefix=SERVICE, next_hop="80.249.208.7", as_path=(12076,))
    assert received(session, own).permitted
    assert received(session, replace(own, prefix="193.0.0.0/21")).refusal is Refusal.NOT_REGISTERED
    assert received(session, replace(own, as_path=(12076, 8075))).refusal is Refusal.WRONG_ORIGIN


def test_its_port_is_guarded_from_both_sides() -> None:
    blueprint = compiled()
    port, = (piece for piece in blueprint.pieces if isinstance(piece, Hygiene))
    sentry, = (piece for piece in blueprint.pieces if isinstance(piece, Sentry))
    assert set(port.sources) < set(announced_by("westeurope"))
    assert SERVICE in port.sources
    assert sentry.shared
    assert sentry.peers == ("80.249.208.1", "2001:7f8:1::1", "80.249.208.2", "2001:7f8:1::2")
    assert {one.kind for one in blueprint.requires} == {
        ScopeKind.EXCHANGE, ScopeKind.BACKBONE, ScopeKind.SERVICES, ScopeKind.VALIDATOR}


def test_numbers_of_its_tunnels_are_no_circuits() -> None:
    number, = {piece.vni for piece in compiled().pieces if isinstance(piece, Tunnel)}
    assert number >> 3 & 127 == 127
    assert len(regions()) < 127
