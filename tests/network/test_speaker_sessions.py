"""Sessions and policies of real daemons: the subject ``mid`` runs BIRD or FRR, its peers run BIRD.

The estate (``speaking``): customer ``left`` (AS 65001) – ``mid`` (AS 12076) – gateway ``right`` (AS 65515).
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from speaking import (
    LEFT,
    RIGHT,
    TO_LEFT,
    TO_RIGHT,
    Estate,
    established,
    estate,
    kernel_routes,
    mirrored,
    prefixes,
    router,
    status,
    unbroken,
    wait_established,
)
from trunkline.intent.bgp import (
    LOCAL,
    PERMIT_ALL,
    REJECT_ALL,
    Action,
    Origin,
    Policy,
    PrefixMatch,
    Router,
    Rule,
    SessionState,
)
from trunkline.intent.drivers import Speaker
from trunkline.model.resource import Secret
from trunkline.model.site import Daemon
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root
both = pytest.mark.parametrize("daemon", [Daemon.BIRD, Daemon.FRR])


@pytest.fixture
def wired(places: Places) -> Iterator[Estate]:
    with estate(places) as made:
        yield made


def mid(daemon: Daemon, left: object = TO_LEFT, right: object = TO_RIGHT, origins: tuple[str, ...] = ()) -> Router:
    return router("mid", left, right, daemon=daemon, origins=origins)  # type: ignore[arg-type]


def announcing(one: Router, *origins: str) -> Router:
    return replace(one, origins=tuple(Origin(prefix) for prefix in origins))


def up_since(speak: Speaker, *peers: Router) -> list[datetime | None]:
    """When the sessions towards the subject came up, as the peers' BIRD says; FRR rounds to seconds."""
    return [status(speak, peer, "edge").since for peer in peers]


def all_unbroken(speak: Speaker, before: list[datetime | None], *peers: Router) -> bool:
    return all(map(unbroken, before, up_since(speak, *peers)))


@both
def test_sessions_come_up_with_md5_and_bfd_and_routes_reach_the_kernel(wired: Estate, daemon: Daemon) -> None:
    subject, speak = mid(daemon, origins=("10.200.0.0/16",)), wired.daemons
    wired.start(LEFT, RIGHT, subject)
    wait_established(speak, subject, "customer", "gateway-0")
    until(lambda: status(speak, subject, "customer").bfd == "Up", 10, "BFD up on both ends")
    until(lambda: prefixes(speak, LEFT) == {"10.1.0.0/16", "10.50.0.0/16", "10.200.0.0/16"}, 5, "all routes at left")
    until(lambda: "10.50.0.0/16 " in kernel_routes(wired.places, "left"), 5, "the route in left's kernel")
    learned = next(entry for entry in speak.routes(LEFT) if entry.prefix == "10.50.0.0/16")
    assert (learned.as_path, learned.next_hop, learned.session) == ((12076, 65515), "10.0.1.2", "edge")
    assert {entry.prefix for entry in speak.advertised(subject, "customer")} >= {"10.50.0.0/16", "10.200.0.0/16"}
    assert status(speak, subject, "customer").since is not None


@both
def test_policies_pass_only_what_they_name(wired: Estate, daemon: Daemon) -> None:
    """Import by prefix with a local preference; export by group, with the gateway's number taken off."""
    wanted = Policy((Rule(Action.PERMIT, (PrefixMatch("10.1.0.0/16", 16, 24),), local_pref=250),))
    to_left = replace(TO_LEFT, import_policy=wanted, export_policy=Policy((
        Rule(Action.PERMIT, groups=("gateway",), strip_asns=(65515,)),)))
    to_right = replace(TO_RIGHT, export_policy=Policy((Rule(Action.PERMIT, groups=(LOCAL,)),)))
    subject, speak = mid(daemon, to_left, to_right, origins=("10.200.0.0/16",)), wired.daemons
    left = announcing(LEFT, "10.1.0.0/16", "10.1.7.0/24", "10.1.7.0/25", "10.66.0.0/16")
    wired.start(left, RIGHT, subject)
    wait_established(speak, subject, "customer", "gateway-0")

    until(lambda: prefixes(speak, subject, "customer") == {"10.1.0.0/16", "10.1.7.0/24"}, 5, "denied ones left out")
    assert {entry.local_pref for entry in speak.routes(subject) if entry.session == "customer"} == {250}
    until(lambda: (status(speak, subject, "customer").prefixes_received,
                   status(speak, subject, "customer").prefixes_accepted) == (4, 2), 5, "both counts")
    until(lambda: prefixes(speak, left, "edge") == {"10.50.0.0/16"}, 5, "only the gateway's routes towards left")
    assert [entry.as_path for entry in speak.routes(left) if entry.session == "edge"] == [(12076,)]
    until(lambda: prefixes(speak, RIGHT, "edge") == {"10.200.0.0/16"}, 5, "only own routes towards right")


@both
def test_a_path_with_a_forbidden_number_is_refused(wired: Estate, daemon: Daemon) -> None:
    refusing = Policy((Rule(Action.DENY, contains_asn=((65515, 65520),)), Rule(Action.PERMIT)))
    subject, speak = mid(daemon, right=replace(TO_RIGHT, import_policy=refusing)), wired.daemons
    wired.start(LEFT, RIGHT, subject)
    wait_established(speak, subject, "customer", "gateway-0")
    until(lambda: status(speak, subject, "gateway-0").prefixes_received == 1, 5, "the route received")
    until(lambda: prefixes(speak, subject) == {"10.1.0.0/16"}, 5, "only the other session's route")


@both
def test_a_session_without_policy_passes_nothing(wired: Estate, daemon: Daemon) -> None:
    closed = replace(TO_LEFT, import_policy=REJECT_ALL, export_policy=REJECT_ALL)
    subject, speak = mid(daemon, closed), wired.daemons
    wired.start(LEFT, RIGHT, subject)
    wait_established(speak, subject, "customer", "gateway-0")
    until(lambda: status(speak, subject, "customer").prefixes_received == 1, 5, "the route received")
    until(lambda: prefixes(speak, subject) == {"10.50.0.0/16"}, 5, "only the other session's route")
    assert prefixes(speak, LEFT) == {"10.1.0.0/16"}


@both
def test_a_wrong_key_keeps_the_session_down_until_it_is_mended(wired: Estate, daemon: Daemon) -> None:
    subject, speak = mid(daemon), wired.daemons
    wrong = mid(daemon, replace(TO_LEFT, password=Secret("somethingElse")))
    wired.start(LEFT, RIGHT, wrong)
    wait_established(speak, wrong, "gateway-0")
    assert not established(speak, wrong, "customer")
    since = up_since(speak, RIGHT)
    speak.apply(subject)
    wait_established(speak, subject, "customer")
    assert all_unbroken(speak, since, RIGHT)


@both
def test_a_policy_changes_without_a_reset(wired: Estate, daemon: Daemon) -> None:
    subject, speak = mid(daemon), wired.daemons
    wired.start(LEFT, RIGHT, subject)
    wait_established(speak, subject, "customer", "gateway-0")
    before = up_since(speak, LEFT, RIGHT)
    narrow = mid(daemon, replace(TO_LEFT, import_policy=Policy((
        Rule(Action.PERMIT, (PrefixMatch.exactly("10.9.0.0/16"),)),))))
    speak.apply(narrow)
    until(lambda: prefixes(speak, narrow) == {"10.50.0.0/16"}, 5, "the customer's route refused")
    speak.apply(subject)
    until(lambda: prefixes(speak, subject) == {"10.50.0.0/16", "10.1.0.0/16"}, 5, "the customer's route again")
    assert all_unbroken(speak, before, LEFT, RIGHT)


@both
def test_a_session_comes_and_goes_beside_another(wired: Estate, daemon: Daemon) -> None:
    both_sessions, speak = mid(daemon), wired.daemons
    alone = replace(both_sessions, sessions=(TO_RIGHT,))
    wired.start(LEFT, RIGHT, alone)
    wait_established(speak, alone, "gateway-0")
    since = up_since(speak, RIGHT)
    speak.apply(both_sessions)
    wait_established(speak, both_sessions, "customer")
    disabled = mid(daemon, replace(TO_LEFT, enabled=False))
    speak.apply(disabled)
    until(lambda: status(speak, disabled, "customer").state is SessionState.IDLE, 5, "the disabled one Idle")
    until(lambda: not established(speak, LEFT, "edge"), 5, "the peer sees it down")
    speak.apply(alone)
    assert status(speak, both_sessions, "customer").state is SessionState.IDLE
    assert all_unbroken(speak, since, RIGHT)


@pytest.mark.parametrize("daemon", [Daemon.BIRD, pytest.param(Daemon.FRR, marks=pytest.mark.slow)])
def test_too_many_prefixes_tear_the_session_down_until_they_are_fewer(wired: Estate, daemon: Daemon) -> None:
    """FRR tries again after a minute and knows no less."""
    subject, speak = mid(daemon, replace(TO_LEFT, prefix_limit=2)), wired.daemons
    many = announcing(LEFT, "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16")
    wired.start(LEFT, RIGHT, subject)
    wait_established(speak, subject, "customer", "gateway-0")
    since = up_since(speak, RIGHT)
    speak.apply(many)
    until(lambda: not established(speak, subject, "customer"), 5, "the session torn down")
    assert status(speak, subject, "customer").last_error
    speak.apply(LEFT)
    until(lambda: established(speak, subject, "customer"), 80, "the session back")
    assert all_unbroken(speak, since, RIGHT)


@both
def test_equal_paths_share_the_load(wired: Estate, daemon: Daemon) -> None:
    """Both peers announce one prefix: the kernel of the subject has two next hops."""
    left, right = (announcing(one, "10.77.0.0/16") for one in (LEFT, RIGHT))
    subject, speak = mid(daemon), wired.daemons
    wired.start(left, right, subject)
    wait_established(speak, subject, "customer", "gateway-0")
    until(lambda: kernel_routes(wired.places, "mid").count("nexthop via") == 2, 5, "two next hops in the kernel")
    assert len([entry for entry in speak.routes(subject) if entry.prefix == "10.77.0.0/16"]) == 2


@both
def test_routes_pass_inside_an_as_and_not_through_it(wired: Estate, daemon: Daemon) -> None:
    """iBGP towards ``right``, as between two routers of a site; it learns the customer's route with our next hop."""
    to_right = replace(TO_RIGHT, peer_asn=12076, next_hop_self=True)
    right = router("right", mirrored(to_right, "edge", "mid0"), origins=("10.50.0.0/16",), router_id="192.0.2.3")
    subject, speak = mid(daemon, right=to_right), wired.daemons
    wired.start(LEFT, right, subject)
    wait_established(speak, subject, "customer", "gateway-0")
    until(lambda: "10.1.0.0/16" in prefixes(speak, right, "edge"), 5, "the customer's route at right")
    learned = next(entry for entry in speak.routes(right) if entry.session == "edge")
    assert (learned.as_path, learned.next_hop) == ((65001,), "100.64.0.2")


@pytest.mark.parametrize(("secured", "comes_up"), [(True, True), (False, False)])
def test_ttl_security_refuses_a_peer_without_it(wired: Estate, secured: bool, comes_up: bool) -> None:
    """Only with BIRD: beside BFD FRR cannot express it."""
    subject, speak = mid(Daemon.BIRD, right=replace(TO_RIGHT, ttl_security=True)), wired.daemons
    right = replace(RIGHT, sessions=(replace(RIGHT.sessions[0], ttl_security=secured),))
    wired.start(LEFT, right, subject)
    wait_established(speak, subject, "customer", *(["gateway-0"] if comes_up else []))
    assert established(speak, subject, "gateway-0") is comes_up


LIAR = """
router id 192.0.2.9;
protocol device {}
protocol static { ipv4; route 10.1.0.0/16 unreachable; route 10.2.0.0/16 unreachable; }
protocol bgp {
  local 10.0.1.1 as 65001;
  neighbor 10.0.1.2 as 12076;
  password "correctHorseBattery1";
  rs client;  # keeps its own number out of the path
  ipv4 {
    import none;
    export filter {
      if net = 10.1.0.0/16 then bgp_path.prepend(64999); else bgp_path.prepend(65001);
      accept;
    };
  };
}
"""


@contextmanager
def hand_made(places: Places, text: str, directory: Path) -> Iterator[None]:
    """A BIRD at ``left`` that nobody manages, for what no policy of ours would say."""
    (directory / "liar.conf").write_text(text)
    with subprocess.Popen(
            ["ip", "netns", "exec", f"{places.namespace_prefix}left", "bird", "-f", "-c", directory / "liar.conf",
             "-s", directory / "liar.ctl"], stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


TAGGING = """
router id 192.0.2.9;
protocol device {}
protocol static { ipv4; route 10.1.0.0/16 unreachable; route 10.2.0.0/16 unreachable; }
protocol bgp {
  local 10.0.1.1 as 65001;
  neighbor 10.0.1.2 as 12076;
  password "correctHorseBattery1";
  ipv4 {
    import none;
    export filter {
      bgp_community.add((65535, 65281));  # NO_EXPORT
      bgp_ext_community.add((rt, 65001, 7));
      bgp_large_community.add((65001, 7, 7));
      accept;
    };
  };
}
"""


@both
@pytest.mark.parametrize(("ignored", "reaches"), [(True, True), (False, False)])
def test_a_customers_communities_mean_nothing_when_they_are_ignored(
        wired: Estate, daemon: Daemon, tmp_path: Path, ignored: bool, reaches: bool) -> None:
    """The customer says NO_EXPORT, and the gateway in another AS hears of the route all the same."""
    wanted = Policy((Rule(Action.PERMIT, strip_communities=ignored),))
    subject, speak = mid(daemon, replace(TO_LEFT, bfd=None, import_policy=wanted), origins=("10.200.0.0/16",)), \
        wired.daemons
    with hand_made(wired.places, TAGGING, tmp_path):
        wired.start(RIGHT, subject)
        wait_established(speak, subject, "customer", "gateway-0")
        until(lambda: {"10.1.0.0/16", "10.2.0.0/16"} <= prefixes(speak, subject, "customer"), 5, "the routes accepted")
        expected = {"10.200.0.0/16", *(("10.1.0.0/16", "10.2.0.0/16") if reaches else ())}
        until(lambda: prefixes(speak, RIGHT, "edge") == expected, 5, "what the gateway may hear")
        socket = wired.places.run / "nodes" / "right" / "bird.ctl"
        told = subprocess.run(["birdc", "-s", socket, "show route all"], capture_output=True, text=True, check=True)
        assert "community" not in told.stdout


@both
def test_a_path_that_does_not_begin_with_the_peer_is_refused(wired: Estate, daemon: Daemon, tmp_path: Path) -> None:
    subject, speak = mid(daemon, replace(TO_LEFT, bfd=None, import_policy=PERMIT_ALL)), wired.daemons
    with hand_made(wired.places, LIAR, tmp_path):
        wired.start(RIGHT, subject)
        wait_established(speak, subject, "customer")
        until(lambda: "10.2.0.0/16" in prefixes(speak, subject), 5, "the honest route")
        assert "10.1.0.0/16" not in prefixes(speak, subject)
        assert established(speak, subject, "customer")
