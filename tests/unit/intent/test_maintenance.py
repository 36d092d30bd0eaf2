"""Maintenance: what follows when, whom it concerns, and what becomes of sessions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import estates
from trunkline.intent.bgp import Router, Session
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CUSTOMER, GATEWAY, instance_node, vrf_node
from trunkline.intent.dependency import touched
from trunkline.intent.estate import Snapshot
from trunkline.intent.maintenance import NOBODY, RESTORED_WITHIN_S, Part, Seen, following, opposed, parts_of, rendered
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, VNET
from trunkline.intent.view import GATEWAY as GATEWAY_TYPE
from trunkline.model.circuit import Leg
from trunkline.model.machine import MAINTENANCE as MACHINE
from trunkline.model.maintenance import MAINTENANCE, Maintenance, MaintenanceState, model_of
from trunkline.model.profile import AZURE
from trunkline.model.resource import Resource

S = MaintenanceState
START = datetime(2026, 12, 20, 22, tzinfo=UTC)
END = START + timedelta(hours=2)
ER1 = Part(estates.rid(CIRCUIT, "er1").key, "primary")
GW1 = Part(estates.rid(GATEWAY_TYPE, "gw1").key, "0")
LEG = {"kind": "leg", "circuit": estates.link(CIRCUIT, "er1"), "leg": "primary"}
INSTANCE = {"kind": "gatewayInstance", "gateway": estates.link(GATEWAY_TYPE, "gw1"), "instance": 0}


def maintenance(state: S = S.ANNOUNCED, part: Part = ER1, name: str = "m1", start: datetime = START,
                **named: object) -> Resource:
    wish = {**(named or LEG), "startTime": start.isoformat(), "endTime": (start + timedelta(hours=2)).isoformat(),
            "reason": "optics"}
    return estates.resource(estates.rid(MAINTENANCE, name), wish, rendered({part}, frozenset({part})),
                            status={"state": state.value})


WISH = model_of(maintenance())


def seen(minutes: float, since: float | None = None, **told: object) -> Seen:
    at = START + timedelta(minutes=minutes)
    return Seen(at, at if since is None else START + timedelta(minutes=since), **told)  # type: ignore[arg-type]


def test_what_nobody_uses_is_announced_as_that() -> None:
    assert following(WISH, S.ANNOUNCED, seen(-1, idle=True)).why == NOBODY
    assert following(WISH, S.ANNOUNCED, seen(-1)).why == ""


@pytest.mark.parametrize(("state", "looks", "then"), [
    (S.ANNOUNCED, seen(-1), S.ANNOUNCED),
    (S.ANNOUNCED, seen(0), S.DRAINING),
    (S.ANNOUNCED, seen(30, blocked=("the other leg is down",)), S.ANNOUNCED),
    (S.ANNOUNCED, seen(121), S.REFUSED),
    (S.ANNOUNCED, seen(-1, cancelled=True), S.CANCELLED),
    (S.DRAINING, seen(1, 0, busy=("er1",)), S.DRAINING),
    (S.DRAINING, seen(1, 0), S.IN_PROGRESS),
    (S.DRAINING, seen(6, 0, busy=("er1",)), S.IN_PROGRESS),
    (S.DRAINING, seen(1, 0, blocked=("down",)), S.RESTORING),
    (S.DRAINING, seen(121, 119), S.RESTORING),
    (S.IN_PROGRESS, seen(119, 1), S.IN_PROGRESS),
    (S.IN_PROGRESS, seen(120, 1), S.RESTORING),
    (S.IN_PROGRESS, seen(9999, 1), S.RESTORING),
    (S.IN_PROGRESS, seen(30, 1, cancelled=True), S.RESTORING),
    (S.IN_PROGRESS, seen(30, 1, blocked=("down",)), S.RESTORING),
    (S.RESTORING, seen(121, 120, missing=("customer",)), S.RESTORING),
    (S.RESTORING, seen(121, 120), S.COMPLETED),
    (S.RESTORING, seen(121 + RESTORED_WITHIN_S / 60, 120, missing=("customer",)), S.COMPLETED),
    (S.RESTORING, seen(31, 30, cancelled=True), S.CANCELLED),
    (S.RESTORING, seen(31, 30), S.ANNOUNCED),
])
def test_what_follows(state: S, looks: Seen, then: S) -> None:
    step = following(WISH, state, looks)
    assert step.state is then
    assert MACHINE.allows(state, step.state)
    reasons = (*looks.blocked, *looks.busy, *looks.missing)
    assert all(reason in step.why for reason in reasons), "and says why"


@pytest.mark.parametrize("state", [S.COMPLETED, S.REFUSED, S.CANCELLED])
def test_what_has_ended_stays_so(state: S) -> None:
    assert following(WISH, state, seen(30)).state is state


def parts(**named: object) -> set[tuple[str, str]]:
    found = [*estates.whole(), *estates.circuit("er2", 2)]
    circuits = [one for one in found if one.id.type == CIRCUIT]
    wish = model_of(maintenance(**named))
    return {(one.resource.name, one.part) for one in parts_of(wish, circuits, Snapshot(found))}


def test_whom_it_concerns_follows_from_its_place() -> None:
    assert parts(**LEG) == {("er1", "primary")}
    assert parts(kind="edge", location="amsterdam", leg="secondary") == {("er1", "secondary"), ("er2", "secondary")}
    assert parts(kind="edge", location="London", leg="secondary") == set()
    assert parts(kind="switch", provider="equinix", location="Amsterdam", leg="primary") == {
        ("er1", "primary"), ("er2", "primary")}
    assert parts(kind="switch", provider="Colt", location="Amsterdam", leg="primary") == set()
    assert parts(**INSTANCE) == {("gw1", "0")}


def test_a_direct_ports_circuits_have_no_providers_switch() -> None:
    found = estates.on_direct()
    circuits = [one for one in found if one.id.type == CIRCUIT]
    switch = model_of(maintenance(kind="switch", provider="Equinix", location="Amsterdam", leg="primary"))
    edge = model_of(maintenance(kind="edge", location="Amsterdam", leg="primary"))
    assert not parts_of(switch, circuits, Snapshot(found))
    assert {one.part for one in parts_of(edge, circuits, Snapshot(found))} == {"primary"}


def test_both_legs_are_never_taken_at_a_time() -> None:
    other = maintenance(part=ER1.other, name="m2")
    assert opposed(maintenance(), other)
    assert not opposed(maintenance(), replace(other, system=rendered({ER1}, frozenset())))
    assert not opposed(maintenance(), maintenance(part=ER1.other, name="m2", start=END))


def routers(state: S, **named: object) -> dict[str, Router]:
    part = GW1 if named else ER1
    estate = Snapshot([*estates.whole(), maintenance(state, part, **named)])
    scopes = [*(Scope(ScopeKind.LEG, ER1.key, leg) for leg in Leg), Scope(ScopeKind.GATEWAY, GW1.key)]
    return {router.node: router for scope in scopes for router in compile(scope, estate, AZURE).routers}


def vrf(found: dict[str, Router], leg: Leg = Leg.PRIMARY) -> dict[str, Session]:
    return {one.name: one for one in found[vrf_node(estates.rid(CIRCUIT, "er1"), leg)].sessions}


@pytest.mark.parametrize(("state", "open_"), [(S.DRAINING, True), (S.IN_PROGRESS, False), (S.RESTORING, True)])
def test_a_leg_is_told_with_longer_paths_on_both_sides_and_closed_in_between(state: S, open_: bool) -> None:
    found = vrf(routers(state))
    customer = found[CUSTOMER]
    assert customer.enabled is open_
    assert customer.closed_by == ("" if open_ else "maintenance m1")
    for session in found.values():
        assert {rule.prepend for rule in session.export_policy.rules} == {(12076,) * 8}
    assert found[f"{GATEWAY}_1_0"].enabled, "inside the cloud all stays as it is"


@pytest.mark.parametrize("state", [S.ANNOUNCED, S.COMPLETED, S.REFUSED, S.CANCELLED])
def test_nothing_is_felt_before_and_after(state: S) -> None:
    assert routers(state) == routers(S.ANNOUNCED, **INSTANCE)


def test_the_other_leg_is_as_always() -> None:
    assert vrf(routers(S.IN_PROGRESS), Leg.SECONDARY) == vrf(routers(S.ANNOUNCED), Leg.SECONDARY)


def instance(found: dict[str, Router], number: int) -> Router:
    return found[instance_node(estates.rid(GATEWAY_TYPE, "gw1"), number)]


def test_an_instance_is_drained_and_closed_with_the_far_ends_of_its_sessions() -> None:
    drained, closed = routers(S.DRAINING, **INSTANCE), routers(S.IN_PROGRESS, **INSTANCE)
    assert all(one.enabled for one in instance(drained, 0).sessions)
    for session in instance(drained, 0).sessions:
        told = {(rule.prepend, rule.local_pref) for rule in session.export_policy.rules}
        assert told == ({((), 0)} if session.group == "vnet" else {((65515,) * 8, None)})
    assert not any(one.enabled for one in instance(closed, 0).sessions)
    for leg in Leg:
        ends = vrf(closed, leg)
        assert (ends[f"{GATEWAY}_1_0"].enabled, ends[f"{GATEWAY}_1_1"].enabled) == (False, True)
        assert ends[CUSTOMER].enabled
    assert instance(closed, 1) == instance(routers(S.ANNOUNCED, **INSTANCE), 1)


def test_what_it_concerns_is_passed_over() -> None:
    estate = Snapshot(estates.whole())
    assert touched(maintenance(), estate) == {Scope(ScopeKind.LEG, ER1.key, "primary")}
    found = touched(maintenance(part=GW1, **INSTANCE), estate)
    assert {Scope(ScopeKind.GATEWAY, GW1.key), Scope(ScopeKind.VNET, estates.rid(VNET, "hub").key),
            *(Scope(ScopeKind.LEG, ER1.key, leg) for leg in Leg)} <= found


@pytest.mark.parametrize("wrong", [
    {"kind": "leg", "leg": "primary"}, {**LEG, "location": "Amsterdam"}, {"kind": "edge", "location": "Amsterdam"},
    {**INSTANCE, "instance": 2}, {**LEG, "endTime": START.isoformat()}, {**LEG, "reason": ""},
    {**LEG, "startTime": "2026-12-20T22:00:00"}])
def test_what_names_no_single_thing_or_no_window_is_refused(wrong: dict[str, object]) -> None:
    window = {"startTime": START.isoformat(), "endTime": END.isoformat(), "reason": "optics"}
    with pytest.raises(ValueError, match=r"(Maintenance|Input|instance|valid|endTime)"):
        Maintenance.model_validate({**window, **wrong})
