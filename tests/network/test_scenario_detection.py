"""What the monitor sees on live daemons: one customer takes another's prefixes, jumps, flaps, knocks with strange keys;
and what policies do about it. One stage serves all tests; each takes back what it did.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import estates
from scenes import all_gone, all_up, both_up, connected, customer, is_up, kernel_routes, networks, real_stage, router_of
from stage import InThread, Stage
from trunkline import settings
from trunkline.drill import frames
from trunkline.intent.bgp import LOCAL, Action, Origin, Policy, PrefixMatch, Router, Rule, Session
from trunkline.intent.compile.draft import CLOUD, ce_node, host_node, vnet_node
from trunkline.intent.view import CIRCUIT, SITE, VNET
from trunkline.model.circuit import Leg
from trunkline.model.containment import CONTAINMENT, CONTAINMENT_POLICY
from trunkline.model.event import Event, EventKind, EventState
from trunkline.model.resource import Json, Resource
from trunkline.settings import Timing
from trunkline.store.events import Wanted
from trunkline.telemetry.siem.formats import Form
from trunkline.telemetry.siem.outlet import syslog_outlet
from waiting import until
from wires import socket_in

pytestmark = pytest.mark.root

ROUTER = vnet_node(estates.rid(VNET, "hub"))
ROME = ce_node(estates.rid(SITE, "rome"), "ce1")
ROMES_HOST = host_node(estates.rid(SITE, "rome"), "h1")
ER1, ER2 = estates.rid(CIRCUIT, "er1"), estates.rid(CIRCUIT, "er2")
PARIS = "10.10.0.0/16"
#: The promise is five seconds; a machine that does other work besides may take longer.
SOON_S = 15
BEGAN = datetime(2000, 1, 1, tzinfo=UTC)


def rome() -> list[Resource]:
    """Another customer's site and circuit, connected to the same gateway."""
    return [
        *estates.circuit("er2", 2), estates.peering("er2", peerASN=65020),
        estates.site("rome", 2, asn=65020, prefixes=["10.20.0.0/16"], lan="10.20.1.0/24",
                     hosts=[{"name": "h1", "address": "10.20.1.10"}]),
        estates.order("er2", "rome", 2), estates.connection(2, circuit_name="er2", name="con2", slot=2)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("detection") / "home")).places
    with real_stage(places, Timing(resync_interval_s=3600)) as stage:  # which would take back what attackers change
        stage.put(*estates.whole(), *rome())
        all_up(stage)
        connected(stage)
        yield stage
    all_gone(places)


def changed(router: Router, **others: object) -> tuple[Session, ...]:
    """Its sessions, of which those with the cloud are different."""
    return tuple(replace(one, **others) if one.group == CLOUD else one  # type: ignore[arg-type]
                 for one in router.sessions)


@contextmanager
def announced(stage: Stage, *prefixes: str, through: tuple[int, ...] = ()) -> Iterator[None]:
    """The first router of Rome announces these too, as if they had come ``through`` other ASes."""
    plain = router_of(stage, ROME)
    exactly = tuple(PrefixMatch.exactly(prefix) for prefix in (*prefixes, "10.20.0.0/16"))
    policy = Policy((Rule(Action.PERMIT, exactly, groups=(LOCAL,), prepend=through),))
    stage.speaker.apply(replace(plain, origins=(*plain.origins, *map(Origin, prefixes)),
                                sessions=changed(plain, export_policy=policy)))
    yield
    stage.speaker.apply(plain)


def events(stage: Stage, kind: EventKind | str = "", state: EventState | str = "") -> list[Event]:
    wanted = Wanted(BEGAN, datetime.now(UTC) + timedelta(minutes=1), kind=kind, state=state)
    with stage.store.reading() as reader:
        return list(reader.events(wanted))


def seen(stage: Stage, kind: EventKind, state: EventState = EventState.OPEN) -> Event:
    found = until(lambda: events(stage, kind, state), SOON_S, f"a {kind} event that is {state}")
    return found[0]


def over(stage: Stage, kind: EventKind) -> None:
    until(lambda: all(one.state is EventState.CLOSED for one in events(stage, kind)), SOON_S, f"{kind} to be over")


def test_a_whole_estate_at_work_raises_nothing(stage: Stage) -> None:
    """Orders, sessions coming up, a leg that fails and heals, a customer who announces one prefix more."""
    fault = estates.fault()
    stage.put(fault)
    until(lambda: not is_up(customer(stage, Leg.PRIMARY)), 10, "the session to be lost")
    stage.delete(fault.id)
    both_up(stage)
    stage.put(estates.site(prefixes=[PARIS, "10.11.0.0/16"]))
    until(lambda: "10.11.0.0/16" in networks(stage, Leg.PRIMARY), 10, "the new prefix")
    stage.put(estates.site())
    until(lambda: "10.11.0.0/16" not in networks(stage, Leg.PRIMARY), 10, "it to go")
    assert events(stage) == []


def test_a_prefix_of_another_circuit_is_a_hijack_and_a_part_of_it_too(stage: Stage) -> None:
    with announced(stage, PARIS, "10.10.7.0/24"):
        whole, part = seen(stage, EventKind.PREFIX_HIJACK), seen(stage, EventKind.SUBPREFIX_HIJACK)
        assert (whole.source.lower(), whole.victims, whole.leg) == (ER2.key, (str(ER1),), "primary")
        assert (whole.prefixes, part.prefixes) == ((PARIS,), ("10.10.7.0/24",))
        assert part.evidence["expected"] == {"prefix": PARIS, "owner": str(ER1), "origins": [65010]}
        assert part.evidence["routes"][0]["asPath"] == [65020]
    over(stage, EventKind.PREFIX_HIJACK)
    over(stage, EventKind.SUBPREFIX_HIJACK)


def test_a_prefix_with_its_right_origin_through_another_customer_is_a_leak(stage: Stage) -> None:
    with announced(stage, PARIS, through=(65010,)):
        leak = seen(stage, EventKind.ROUTE_LEAK)
        assert leak.evidence["routes"][0]["asPath"] == [65020, 65010]
    over(stage, EventKind.ROUTE_LEAK)


def test_many_more_prefixes_than_usual_are_a_jump(stage: Stage) -> None:
    with announced(stage, *(f"10.77.{n}.0/24" for n in range(80))):
        jump = seen(stage, EventKind.PREFIX_JUMP)
        assert jump.evidence["usual"] in (1, 3), "its own, or with those it had taken a moment ago"
        assert jump.evidence["received"] == 81
    over(stage, EventKind.PREFIX_JUMP)


def test_whoever_knocks_and_is_not_the_peer_is_a_stranger(stage: Stage) -> None:
    with closing(socket_in(stage.places, ROME, socket.AF_INET, socket.SOCK_STREAM)) as knocking:
        knocking.settimeout(0.2)
        knocking.bind(("10.20.1.1", 0))
        assert knocking.connect_ex(("172.16.0.2", 179)) != 0
    stranger = seen(stage, EventKind.STRANGER)
    assert stranger.evidence["packets"] >= 1
    assert stranger.source.lower() == ER2.key


def test_a_session_that_is_lost_again_and_again_flaps(stage: Stage) -> None:
    def has_stood() -> bool:
        status = customer(stage, Leg.PRIMARY, "er2")
        return is_up(status) and datetime.now(UTC) - (status.since or BEGAN) > timedelta(seconds=1.5)

    def lost_once_more() -> list[Event]:
        stage.speaker.apply(replace(plain, sessions=changed(plain, enabled=False)))
        until(lambda: not is_up(customer(stage, Leg.PRIMARY, "er2")), 10, "the session to be lost")
        stage.speaker.apply(plain)
        until(has_stood, 20, "the session to come back, and to stand for longer than a look takes")
        return [one for one in events(stage, EventKind.SESSION_FLAP) if one.source.lower() == ER2.key
                and one.leg == "primary"]  # on a busy machine BFD may have ended others

    plain = router_of(stage, ROME)
    flap = until(lost_once_more, 30, "a flap")[0]
    assert flap.session == "customer"
    assert flap.evidence["losses"] >= 3


def test_a_segment_without_signature_is_told_with_the_kernels_own_counter(stage: Stage) -> None:
    """As from the peer itself, so no sentry stops it."""
    with closing(socket_in(stage.places, ROME, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)) as forging:
        forging.sendto(frames.tcp("172.16.0.1", "172.16.0.2", frames.BGP), ("172.16.0.2", 0))
    failure = seen(stage, EventKind.MD5_FAILURE)
    assert failure.evidence["reason"] == "TCPMD5NotFound"
    assert failure.source.lower() == ER2.key


def told_of(message: bytes, kind: bytes) -> bytes:
    return message if kind in message else b""


@pytest.mark.parametrize(("form", "mark"), [(Form.CEF, b"CEF:0|Trunkline|"), (Form.JSON, b'{"affected":')])
def test_a_siem_is_told_as_it_happens(stage: Stage, form: Form, mark: bytes) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(SOON_S)
        outlet = syslog_outlet(f"udp://127.0.0.1:{server.getsockname()[1]}", form)
        assert isinstance(stage.reconciler, InThread)
        stage.reconciler.monitor.report_to(outlet.tell)
        with announced(stage, PARIS):
            message = until(lambda: told_of(server.recv(65536), b"prefixHijack"), SOON_S, "a message about it")
            assert mark in message
            assert PARIS.encode() in message
        stage.reconciler.monitor.report_to(lambda _event: None)
        outlet.close()
    over(stage, EventKind.PREFIX_HIJACK)


# ── containment ────────────────────────────────────────────────────────────────────────────────────────────────────


def policy(action: str, kind: str = "prefixHijack", **changed: object) -> Resource:
    wish: Json = {"reactions": [{"kind": kind, "action": action}], "maxPercent": 50, **changed}
    return estates.resource(estates.rid(CONTAINMENT_POLICY, "all"), wish)


@contextmanager
def ruled(stage: Stage, one: Resource) -> Iterator[None]:
    with stage.store.writing() as writer:
        writer.put(one)
    yield
    with stage.store.writing() as writer:
        writer.delete(one.id)


def containments(stage: Stage) -> list[Resource]:
    with stage.store.reading() as reader:
        return list(reader.list(CONTAINMENT))


def test_a_hijack_is_dropped_by_policy_and_only_that_and_undone_when_asked(stage: Stage) -> None:
    both = {PARIS: 4, "10.20.0.0/16": 4}
    until(lambda: kernel_routes(stage, ROUTER) == {**both, PARIS: 2, "10.20.0.0/16": 2}, 10, "everybody's own routes")
    with ruled(stage, policy("dropPrefix")), announced(stage, PARIS):
        event = seen(stage, EventKind.PREFIX_HIJACK, EventState.CONTAINED)
        until(lambda: PARIS not in networks(stage, Leg.PRIMARY, "er2"), 10, "the prefix to be refused")
        assert networks(stage, Leg.PRIMARY, "er2") == {"10.20.0.0/16", "10.1.0.0/16"}
        assert is_up(customer(stage, Leg.PRIMARY, "er2"))
        made = containments(stage)
        assert [str(one.id) for one in made] == list(event.containments)
        stage.delete(made[0].id)
        until(lambda: PARIS in networks(stage, Leg.PRIMARY, "er2"), 10, "the prefix to be back")
        opened = seen(stage, EventKind.PREFIX_HIJACK)
        assert (opened.id, opened.released) == (event.id, True)
        assert containments(stage) == []
    over(stage, EventKind.PREFIX_HIJACK)


def test_a_limit_keeps_a_policy_from_acting_and_says_so(stage: Stage) -> None:
    with ruled(stage, policy("dropPrefix", "subprefixHijack", maxPrefixes=1)), \
            announced(stage, "10.10.7.0/24", "10.10.8.0/24"):
        limited = seen(stage, EventKind.CONTAINMENT_LIMITED)
        assert "maxPrefixes is 1" in limited.evidence["limit"]
        assert containments(stage) == []
        assert seen(stage, EventKind.SUBPREFIX_HIJACK).containments == ()
    over(stage, EventKind.SUBPREFIX_HIJACK)


def test_a_dry_run_says_what_it_would_do(stage: Stage) -> None:
    with ruled(stage, policy("dropPrefix", dryRun=True)), announced(stage, PARIS):
        until(lambda: [one for one in events(stage, EventKind.PREFIX_HIJACK) if "dryRun" in one.evidence], SOON_S,
              "an event that tells")
        assert containments(stage) == []
    over(stage, EventKind.PREFIX_HIJACK)


def test_a_shut_leg_and_stopped_export_leave_the_other_leg_at_work(stage: Stage) -> None:
    ends = {"expiresAt": (datetime.now(UTC) + timedelta(seconds=60)).isoformat()}
    stopped, shut = (estates.resource(estates.rid(CONTAINMENT, name), {
        "circuit": estates.link(CIRCUIT, "er2"), "leg": "primary", "action": name}, ends)
        for name in ("stopExport", "shutLeg"))
    stage.put(stopped)
    until(lambda: kernel_routes(stage, ROUTER)["10.20.0.0/16"] == 2, 10, "the routes of one leg")
    assert is_up(customer(stage, Leg.PRIMARY, "er2"))
    stage.delete(stopped.id)
    stage.put(shut)
    until(lambda: not is_up(customer(stage, Leg.PRIMARY, "er2")), 10, "the session to be closed")
    assert is_up(customer(stage, Leg.SECONDARY, "er2"))
    assert stage.pings(ROMES_HOST, "10.1.0.4")
    stage.delete(shut.id)
    both_up(stage, "er2")
