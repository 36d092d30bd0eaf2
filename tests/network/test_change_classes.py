"""What docs/changes.md promises of each field, on real daemons and 1,000 packets a second: what is planned is what is
felt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

import estates
from edits import EDITS, FieldEdit
from probing import PER_SECOND, both_legs_carry, probing, unharmed
from scenes import HOST, IN_CLOUD, all_gone, all_up, carried, connected, disturbed, missing, real_stage, sessions
from stage import Stage
from trunkline import settings
from trunkline.fabric import switchboard
from trunkline.fabric.bpf.records import ENTRIES
from trunkline.intent.change.classes import LONGEST_OUTAGE_S, ChangeClass
from trunkline.intent.change.page import BOTH, DOCUMENTED, HOSTS, NO_LEG, ONE, Documented
from trunkline.intent.change.plan import Edit, Touch, plan
from trunkline.intent.compile.draft import host_node
from trunkline.intent.compile.plant import edge_node, port_interface
from trunkline.intent.view import SITE
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from waiting import until
from wires import port_socket, received, tags_of

pytestmark = pytest.mark.root

#: One of each class, and on each number of legs.
_OFTEN = {("expressRouteCircuits", "sku.tier"), ("peerings", "sharedKey"), ("peerings", "vlanId"),
          ("sessionPolicies", "gracefulShutdown"), ("connections", "routingWeight"), ("sessionPolicies", "timers"),
          ("peerings", "primaryPeerAddressPrefix")}

#: The longest that BFD of a customer's session takes to notice, and what is under way meanwhile; in packets of a leg.
_DETECTED = PER_SECOND * 300 * 3 // 1000


def documented(*costs: ChangeClass, legs: tuple[str, ...] = (NO_LEG, ONE, BOTH, HOSTS)) -> list[object]:
    return [pytest.param(one, id=f"{one.kind}.{one.field}",
                         marks=() if (one.kind, one.field) in _OFTEN else pytest.mark.slow)
            for one in DOCUMENTED if one.cost in costs and one.felt_on in legs]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("classes") / "home")).places
    with real_stage(places) as stage:
        stage.put(*estates.whole())
        all_up(stage)
        connected(stage)
        yield stage
    all_gone(places)


@pytest.fixture
def edit(stage: Stage, known: Documented) -> Iterator[FieldEdit]:
    """Everything is as it was afterwards."""
    wish = EDITS[known.kind, known.field]()
    usual = {one.id.key: one for one in estates.whole()}
    before = [*wish.beside, *([wish.old] if wish.old else [])]
    if before:
        stage.put(*before)
    all_up(stage)
    connected(stage)
    yield wish
    touched = {one.id.key: one for one in (*before, wish.new, *wish.along)}
    stage.put(*(usual[key] for key in touched if key in usual))
    stage.delete(*(one.id for key, one in touched.items() if key not in usual and one.id.parent is None))
    all_up(stage)
    connected(stage)


def planned(wish: FieldEdit) -> Touch:
    row, = plan(estates.Snapshot(wish.estate), [Edit(wish.old, wish.new)], AZURE)
    return row.touch


@pytest.mark.parametrize("known", documented(ChangeClass.NONE, ChangeClass.HITLESS))
def test_what_is_hitless_loses_no_packet_and_resets_nothing(stage: Stage, edit: FieldEdit, known: Documented) -> None:
    with unharmed(stage):
        stage.put(edit.new)


def test_a_new_tag_is_on_the_wire_and_the_old_one_is_neither_sent_nor_taken(stage: Stage) -> None:
    edge = edge_node("Amsterdam", Leg.PRIMARY)
    entries = taken(stage, edge)
    with closing(port_socket(stage.places, edge, port_interface("Equinix"))) as wire:
        for vlan, former in ((101, 100), (100, 101)):
            stage.put(estates.peering(vlanId=vlan))
            assert not missing(stage)
            assert len(taken(stage, edge)) == len(entries)
            assert stage.pings(HOST, IN_CLOUD)
            assert vlan in {tags_of(frame)[-1][1] for frame in received(wire)}
            assert former not in {tags_of(frame)[-1][1] for frame in received(wire)}
    assert taken(stage, edge) == entries


def taken(stage: Stage, node: str) -> set[bytes]:
    """Ports and tags of which frames are let in."""
    with switchboard.reading(stage.places, node) as board:
        return {key for key, _ in board.rows(ENTRIES)}


@pytest.mark.parametrize("known", documented(ChangeClass.SOFT_REFRESH))
def test_a_soft_refresh_loses_no_packet_and_resets_no_session(stage: Stage, edit: FieldEdit, known: Documented) -> None:
    before = sessions(stage)
    with probing(stage) as probe:
        both_legs_carry(stage)
        stage.put(edit.new)
        counted = carried(stage)
        until(lambda: sum(carried(stage).values()) - sum(counted.values()) > PER_SECOND // 2, 10, "half a second more")
    assert not disturbed(before, sessions(stage))
    assert probe.lost == 0, probe


@pytest.mark.parametrize("known", documented(ChangeClass.SESSION_RESET, ChangeClass.RECREATE, legs=(ONE,)))
def test_where_one_leg_is_interrupted_the_other_carries(stage: Stage, edit: FieldEdit, known: Documented) -> None:
    touch = planned(edit)
    hit, = touch.interrupted
    other, = set(Leg) - {hit.leg}
    before = sessions(stage)
    with probing(stage) as probe:
        both_legs_carry(stage)
        counted = carried(stage)
        stage.put(edit.new, *edit.along)
        until(lambda: carried(stage)[other] - counted[other] > PER_SECOND, 10, f"{other} to carry")
    gone = set(disturbed(before, sessions(stage)))
    assert gone, "a session was reset"
    assert {(node, name) for _, node, name in gone} <= {
        (one.node, one.session) for one in touch.effects if one.cost.interrupts}
    assert probe.lost <= _DETECTED, probe


@pytest.mark.parametrize("known", documented(ChangeClass.SESSION_RESET, ChangeClass.RECREATE, legs=(BOTH, HOSTS)))
def test_where_nothing_else_carries_traffic_comes_back(stage: Stage, edit: FieldEdit, known: Documented) -> None:
    touch = planned(edit)
    before = sessions(stage)
    with probing(stage) as probe:
        both_legs_carry(stage)
        stage.put(edit.new, *edit.along)
        both_legs_carry(stage)
    assert probe.lost or disturbed(before, sessions(stage)), "it cannot go unfelt"
    assert probe.lost <= touch.outage_s * PER_SECOND, probe


@pytest.mark.parametrize("known", documented(ChangeClass.RECREATE, legs=(NO_LEG,)))
def test_what_is_made_anew_beside_the_legs_resets_no_session(stage: Stage, edit: FieldEdit, known: Documented) -> None:
    before = sessions(stage)
    stage.put(edit.new)
    until(lambda: stage.pings(HOST, _moved(known)) if known.kind != "sites" else stage.pings(
        host_node(estates.rid(SITE, "paris"), "h1"), IN_CLOUD), 10, "the new address to answer")
    assert not disturbed(before, sessions(stage))
    assert LONGEST_OUTAGE_S[ChangeClass.RECREATE] >= planned(edit).outage_s


def _moved(known: Documented) -> str:
    return "10.1.0.77" if known.kind == "networkInterfaces" else IN_CLOUD
