"""What an edit costs, from the blueprints of before and after."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

import estates
from edits import EDITS, FieldEdit, of, policy, said
from trunkline.intent.change import page
from trunkline.intent.change.classes import ChangeClass
from trunkline.intent.change.effects import Fate
from trunkline.intent.change.page import BOTH, DOCUMENTED, HOSTS, NO_LEG, ONE, Documented
from trunkline.intent.change.plan import Deed, Edit, ResourceChange, plan
from trunkline.intent.change.rules import DEFAULTS, MEMBERS
from trunkline.intent.estate import Snapshot
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, FAULT
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import ProvisioningState


def planned(edit: FieldEdit) -> ResourceChange:
    row, = plan(Snapshot(edit.estate), [Edit(edit.old, edit.new)], AZURE)
    return row


def interrupted(row: ResourceChange) -> list[str]:
    return [leg.leg for leg in row.touch.interrupted]


def test_every_documented_field_has_an_edit_and_every_edit_is_documented() -> None:
    assert [*EDITS] == [(one.kind, one.field) for one in DOCUMENTED]


@pytest.mark.parametrize("known", DOCUMENTED, ids=lambda one: f"{one.kind}.{one.field}")
def test_a_field_costs_what_the_page_says(known: Documented) -> None:
    row = planned(EDITS[known.kind, known.field]())
    assert row.touch.cost is known.cost
    assert len(interrupted(row)) == {NO_LEG: 0, ONE: 1, BOTH: 2, HOSTS: 1}[known.felt_on]
    assert row.touch.other_leg_carries is (known.felt_on == ONE)
    assert (row.touch.outage_s > 0) is (known.cost.interrupts and known.felt_on != ONE)


def test_fields_of_one_edit_are_told_apart() -> None:
    peering = estates.peering()
    edit = FieldEdit(peering, replace(said(peering, secondaryPeerAddressPrefix="172.16.9.0/30"),
                                      secrets={"sharedKey": "An0ther"}))
    row = planned(edit)
    assert row.touch.cost is ChangeClass.RECREATE
    assert {one.field.name: one.touch.cost for one in row.fields} == {
        "properties.secondaryPeerAddressPrefix": ChangeClass.RECREATE, "properties.sharedKey": ChangeClass.HITLESS}


def test_a_first_key_and_the_last_one_reset_sessions() -> None:
    bare = replace(estates.peering(), secrets={})
    for old, new in ((bare, estates.peering()), (estates.peering(), bare)):
        assert planned(FieldEdit(old, new)).touch.cost is ChangeClass.SESSION_RESET


def test_a_policy_of_both_legs_leaves_no_other_leg() -> None:
    row = planned(of(estates.session_policy(), timers={"holdTimeInSeconds": 30, "keepaliveTimeInSeconds": 10}))
    assert interrupted(row) == ["primary", "secondary"]
    assert not row.touch.other_leg_carries


def test_what_a_policy_stops_saying_costs_as_much_as_saying_it() -> None:
    wish = policy(timers={"holdTimeInSeconds": 30, "keepaliveTimeInSeconds": 10})
    assert planned(FieldEdit(wish.new, wish.old or wish.new)).touch.cost is ChangeClass.SESSION_RESET


def test_a_session_is_named_with_its_leg_at_both_ends() -> None:
    row = planned(EDITS["sessionPolicies", "timers"]())
    primary = Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, Leg.PRIMARY)
    assert row.touch.sessions(primary) == ("cloud_1_primary", "customer")
    assert row.touch.legs == (primary,)


def test_a_tag_that_only_our_own_routers_send_changes_unfelt() -> None:
    row = planned(EDITS["peerings", "vlanId"]())
    assert {one.cost for one in row.touch.effects if "cross-connect" in one.what} == {ChangeClass.HITLESS}
    assert not [one for one in row.touch.effects if one.session]


def test_a_tag_that_a_customer_has_to_follow_takes_down_the_session_over_it() -> None:
    taken = estates.order(primary={"handoff": {"interface": "eth7"}})
    row = planned(replace(EDITS["peerings", "vlanId"](), beside=(taken,)))
    assert (row.touch.cost, interrupted(row)) == (ChangeClass.RECREATE, ["primary"])
    assert {one.cost for one in row.touch.effects if one.session} == {ChangeClass.RECREATE}


def test_an_untagged_hand_off_knows_nothing_of_the_tag() -> None:
    taken = estates.order(primary={"handoff": {"interface": "eth7", "untagged": True}})
    assert planned(replace(EDITS["peerings", "vlanId"](), beside=(taken,))).touch.cost is ChangeClass.HITLESS


def test_a_tag_at_one_end_alone_takes_down_the_session_at_both() -> None:
    found = [one for one in planned(EDITS["virtualCrossConnects", "primary.vlanId"]()).touch.effects if one.session]
    assert {one.session for one in found} == {"customer", "cloud_1_primary"}
    assert {one.cost for one in found} == {ChangeClass.RECREATE}


def test_what_is_created_disturbs_nothing_that_runs() -> None:
    """Nor does a resource of the plan feel the next one."""
    whole = estates.whole()
    rows = plan(Snapshot(), [Edit(None, one) for one in whole], AZURE)
    assert {row.deed for row in rows} == {Deed.CREATE}
    assert {row.touch.cost for row in rows} <= {ChangeClass.NONE, ChangeClass.HITLESS}


def test_a_second_circuit_beside_the_first_is_hitless() -> None:
    more = [*estates.circuit("er2", 2), estates.peering("er2", vlanId=200), estates.connection(2, "rg1", "er2", "con2")]
    rows = plan(Snapshot(estates.whole()), [Edit(None, one) for one in more], AZURE)
    assert max((row.touch.cost for row in rows), key=lambda one: one.rank) is ChangeClass.HITLESS


def test_what_is_deleted_takes_its_sessions_along() -> None:
    gone = replace(estates.connection(), state=ProvisioningState.DELETING)
    row, = plan(Snapshot(estates.whole()), [Edit(estates.connection(), gone)], AZURE)
    assert row.deed is Deed.DELETE
    assert row.touch.cost is ChangeClass.RECREATE
    assert {one.fate for one in row.touch.effects} >= {Fate.REMOVED}


def test_what_is_as_it_was_changes_nothing() -> None:
    row = planned(FieldEdit(estates.peering(), estates.peering()))
    assert (row.deed, row.touch.cost, row.fields) == (Deed.NONE, ChangeClass.NONE, ())


def test_later_edits_see_earlier_ones() -> None:
    """The second takes back what the first does, so it is told as a change of its own."""
    first, site = estates.connection(), estates.connection(routingWeight=10)
    rows = plan(Snapshot(estates.whole()), [Edit(first, site), Edit(site, first)], AZURE)
    assert [row.touch.cost for row in rows] == [ChangeClass.SOFT_REFRESH] * 2


def test_a_secret_is_told_as_one() -> None:
    field, = planned(EDITS["peerings", "sharedKey"]()).fields
    assert field.field.secret
    assert field.field.name == "properties.sharedKey"


def test_rules_name_members_that_exist() -> None:
    for kind, member in MEMBERS:
        assert member.startswith("end.") or member in {one.name for one in fields(kind)}, (kind, member)
    assert page.page().count("\n| ") > len(DOCUMENTED) + len(MEMBERS) + len(DEFAULTS)


def test_a_fault_made_on_purpose_is_felt() -> None:
    wish = estates.resource(estates.rid(FAULT, "f1"), {
        "kind": "leg", "circuit": estates.link(CIRCUIT, "er1"), "leg": "primary"},
        {"begunAt": "2026-01-01T00:00:00+00:00", "expiresAt": "2026-01-01T00:05:00+00:00"})
    row, = plan(Snapshot(estates.whole()), [Edit(None, wish)], AZURE)
    assert row.touch.cost is ChangeClass.SESSION_RESET
    back, = plan(Snapshot([*estates.whole(), wish]), [Edit(wish, replace(wish, state=ProvisioningState.DELETING))],
                 AZURE)
    assert back.touch.cost is ChangeClass.HITLESS
