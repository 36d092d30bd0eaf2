"""Any policy means the same in Python and in the daemon: what it lets in and out, as what, and why it refuses.

``left`` (AS 65001) says any routes to ``mid`` (AS 12076, the subject), which tells them on to ``right`` (AS 65515).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from speaking import EDGE_ASN, link, namespaces, status, wait_established
from trunkline import settings as instance
from trunkline.drill.message import OPTIONAL, Code, Introduction, Route, announcement, attribute, withdrawal
from trunkline.drill.speaker import Peer, Speaker
from trunkline.fabric import namespace
from trunkline.intent.bgp import (
    PERMIT_ALL,
    Action,
    CommunityMatch,
    Policy,
    PrefixMatch,
    Refusal,
    RibEntry,
    Router,
    Rule,
    Session,
    Validity,
)
from trunkline.intent.bgp.evaluate import evaluate, received
from trunkline.intent.bgp.sent import as_sent, withheld
from trunkline.model.site import Daemon
from trunkline.routing import BirdSpeaker, Daemons, FrrSpeaker
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

OWN, PEER, FOREIGN = "10.0.1.2", "10.0.1.1", "10.0.1.77"
LEFT = Session("left", "customer", "left0", OWN, PEER, EDGE_ASN, 65001, PERMIT_ALL, Policy())
RIGHT = Session("right", "cloud", "right0", "10.0.2.2", "10.0.2.1", EDGE_ASN, 65515, Policy(), PERMIT_ALL)

PREFIXES = [f"10.{second}.{third}.0/{length}" for second in (1, 2, 3) for third, length in (
    (0, 16), (0, 24), (64, 18), (64, 24), (128, 25))] + ["0.0.0.0/0", "198.51.100.0/24"]
#: (sequence, set at its end)
PATHS = [
    ((65001,), ()), ((65001, 64500), ()), ((65001, 64500, 64501), ()), ((65001, 65001, 65001, 64500), ()),
    ((65001, 64501, 64500, 64502, 64503, 64504, 64505), ()), ((65001, 64500), (64501, 64502)), ((65001,), (64510,)),
    ((65002, 64500), ()), ((65001, 4_200_000_001), ()), ((65001, EDGE_ASN, 64500), ()),
]
COMMUNITIES = [(65001, 80), (65001, 90), (0, 64500), (65535, 65281), (12076, 50001), (1, 2, 3), (12076, 5, 9),
               (4_200_000_000, 0, 7)]

#: More with EXAMPLES=…, and others each time.
EXAMPLES = int(os.environ.get("EXAMPLES", "15"))

asn_ranges = st.lists(st.sampled_from(
    [(64500, 64500), (64500, 64509), (65001, 65001), (64496, 64511), (0, 0), (4_200_000_000, 4_294_967_294)]),
    min_size=1, max_size=2).map(tuple)
prefixes = st.lists(st.sampled_from(
    [PrefixMatch.exactly("10.1.0.0/16"), PrefixMatch.orlonger("10.2.0.0/16"), PrefixMatch("10.0.0.0/8", 17, 24),
     PrefixMatch.exactly("0.0.0.0/0"), PrefixMatch.orlonger("2001:db8::/32"), PrefixMatch("0.0.0.0/0", 25, 32)]),
    min_size=1, max_size=2).map(tuple)
small = st.lists(st.sampled_from(
    [CommunityMatch(((65001, 65001), (80, 89))), CommunityMatch.exactly((0, 64500)),
     CommunityMatch(((0, 65535), (80, 90))), CommunityMatch(((65535, 65535), (0, 65535)))]),
    min_size=1, max_size=2).map(tuple)
large = st.lists(st.sampled_from(
    [CommunityMatch.exactly((1, 2, 3)), CommunityMatch(((0, 4_294_967_295), (2, 5), (0, 4_294_967_295))),
     CommunityMatch(((12076, 12076), (0, 4_294_967_295), (0, 4_294_967_295)))]), min_size=1, max_size=2).map(tuple)
added = st.lists(st.sampled_from([(12076, 1), (65001, 80), (1, 2, 3), (12076, 7, 1)]), max_size=2, unique=True).map(
    tuple)
#: FRR asks at most one question about the path in one rule.
questions = st.one_of(
    st.just({}), st.just({}), st.fixed_dictionaries({"contains_asn": asn_ranges}),
    st.fixed_dictionaries({"origin_asn": asn_ranges}), st.fixed_dictionaries({"longer_than": st.integers(0, 7)}),
    st.just({"as_set": True}))
lengthenings = st.one_of(st.just({}), st.fixed_dictionaries({"prepend": st.sampled_from([(64999,), (1, 2)])}),
                         st.fixed_dictionaries({"repeat_first": st.integers(1, 3)}))


@st.composite
def rules(draw: st.DrawFn, *, importing: bool) -> Rule:
    optional = {
        "prefixes": draw(st.one_of(st.just(()), st.just(()), prefixes)),
        "communities": draw(st.one_of(st.just(()), st.just(()), small, large)),
        "groups": () if importing else draw(st.sampled_from([(), ("customer",), ("other", "customer"), ("other",)])),
        "validity": draw(st.sampled_from([(), (), (), (Validity.BLIND, Validity.INVALID), (Validity.VALID,)])),
        "foreign_next_hop": importing and draw(st.sampled_from([False, False, False, True])),
    }
    done = {
        "local_pref": draw(st.sampled_from([None, 80, 150])), "med": draw(st.sampled_from([None, 7, 4_000_000_000])),
        "strip_asns": draw(st.sampled_from([(), (), (64500,), (64501, 64502)])),
        "strip_communities": draw(st.sampled_from([False, False, False, True])),
        "remove_communities": draw(st.one_of(st.just(()), small, large, st.tuples(
            st.just(CommunityMatch.exactly((65001, 80))), st.just(CommunityMatch.exactly((1, 2, 3)))))),
        "add_communities": draw(added), **draw(lengthenings),
    }
    action = draw(st.sampled_from(list(Action)))
    reason = {"refusal": draw(st.sampled_from(list(Refusal)))} if action is Action.DENY else done
    return Rule(action, **optional, **draw(questions), **reason)  # type: ignore[arg-type]


def policies(*, importing: bool) -> st.SearchStrategy[Policy]:
    """Most end by permitting what is left, or little would be told on."""
    listed = st.lists(rules(importing=importing), min_size=1, max_size=5).map(tuple)
    return st.builds(lambda some, open_end: Policy(some + PERMIT_ALL.rules * open_end), listed,
                     st.sampled_from([0, 1, 1]))


@st.composite
def route_sets(draw: st.DrawFn) -> list[Route]:
    chosen = draw(st.lists(st.sampled_from(PREFIXES), unique=True, min_size=4))
    return [_route(draw, prefix) for prefix in chosen]


def _route(draw: st.DrawFn, prefix: str) -> Route:
    sequence, as_set = draw(st.sampled_from(PATHS))
    med = draw(st.sampled_from([b"", attribute(Code.MED, (55).to_bytes(4), OPTIONAL)]))
    return Route((prefix,), sequence, draw(st.sampled_from([PEER, PEER, PEER, FOREIGN])), as_set, communities=tuple(
        draw(st.lists(st.sampled_from(COMMUNITIES), unique=True, max_size=4))), extra=med)


def as_heard(route: Route) -> RibEntry:
    return RibEntry(route.prefixes[0], route.next_hop, "left", (*route.as_path, *route.as_set), med=55 if route.extra
                    else 0, communities=route.communities, as_sets=len(route.as_set))


@dataclass
class Subject:
    """``mid`` and the two who talk with it."""

    daemon: Daemon
    daemons: Daemons
    left: Speaker
    right: Speaker
    router: Router
    said: set[str] = field(default_factory=set)

    def configure(self, importing: Policy, exporting: Policy) -> None:
        self.router = replace(self.router, sessions=(
            replace(LEFT, import_policy=importing), replace(RIGHT, export_policy=exporting)))
        self.daemons.apply(self.router)

    def say(self, routes: list[Route]) -> int:
        """These routes and no others; answers in how many messages."""
        now = {route.prefixes[0] for route in routes}
        messages = [withdrawal(gone) for gone in self.said - now] + [
            message for route in routes for message in announcement(route)]
        for raw in messages:
            self.left.send(raw)
        self.said = now
        return len(messages)

    def updates(self) -> int:
        return status(self.daemons, self.router, "left").updates

    def known(self) -> dict[str, RibEntry]:
        return {entry.prefix: entry for entry in self.daemons.received(self.router, "left")}


@contextmanager
def wired(places: Places, daemon: Daemon) -> Iterator[Subject]:
    daemons = Daemons(BirdSpeaker(places), FrrSpeaker(places))
    router = Router("mid", daemon, EDGE_ASN, "192.0.2.1", (LEFT, RIGHT))
    with namespaces(places, "left", "mid", "right"):
        link(places, ("mid", "left0", f"{OWN}/24"), ("left", "mid0", f"{PEER}/24"))
        link(places, ("mid", "right0", "10.0.2.2/24"), ("right", "mid0", "10.0.2.1/24"))
        try:
            daemons.apply(router)
            left, right = (_spoken(places, node, asn, session) for node, asn, session in (
                ("left", 65001, LEFT), ("right", 65515, RIGHT)))
            wait_established(daemons, router, "left", "right")
            yield Subject(daemon, daemons, left, right, router)
            left.close()
            right.close()
        finally:
            daemons.sweep()
            shutil.rmtree(places.run, ignore_errors=True)


def _spoken(places: Places, node: str, asn: int, session: Session) -> Speaker:
    """A session from ``node``, opened again until the subject listens."""
    open_ones: list[Speaker] = []

    def opened() -> bool:
        introduction = Introduction(asn, f"192.0.2.{asn % 99}")
        open_ones[:] = [Speaker(Peer(session.peer_address, session.local_address, introduction))]
        with inside(places, node):
            return open_ones[0].open(3).established

    until(opened, 15, f"a session from {node}")
    return open_ones[0]


@contextmanager
def inside(places: Places, node: str) -> Iterator[None]:
    descriptor = namespace.descriptor(f"{places.namespace_prefix}{node}")
    try:
        with namespace.entered(descriptor):
            yield
    finally:
        os.close(descriptor)


def plain(entry: RibEntry) -> RibEntry:
    """Without what depends on other routes, or on the order in which a daemon shows things."""
    return replace(entry, best=False, session="", validity=None, communities=tuple(sorted(set(entry.communities))))


def expected(subject: Subject, importing: Policy, routes: list[Route]) -> dict[str, RibEntry]:
    """BIRD keeps nothing of a loop, FRR nothing of a path with a wrong first AS number."""
    gone = Refusal.PATH_LOOP if subject.daemon is Daemon.BIRD else Refusal.WRONG_FIRST_AS
    verdicts = (received(replace(LEFT, import_policy=importing), as_heard(route)) for route in routes)
    return {verdict.entry.prefix: plain(replace(verdict.entry, refusal=verdict.refusal))
            for verdict in verdicts if verdict.refusal is not gone}


def found(subject: Subject) -> dict[str, RibEntry]:
    return {prefix: plain(entry) for prefix, entry in subject.known().items()}


def told(subject: Subject, exporting: Policy) -> dict[str, tuple[object, ...]]:
    """What ``right`` must have been told: of each accepted route, as the session sends it."""
    session = replace(RIGHT, export_policy=exporting)
    verdicts = ((entry, evaluate(exporting, entry, "customer")) for entry in subject.known().values()
                if entry.refusal is None and not withheld(entry, session))
    return {entry.prefix: on_the_wire(as_sent(verdict.entry, session)) for entry, verdict in verdicts
            if verdict.permitted and RIGHT.peer_asn not in verdict.entry.as_path}


def on_the_wire(entry: RibEntry) -> tuple[object, ...]:
    return entry.as_path, entry.next_hop, tuple(sorted(set(entry.communities)))


def learned(subject: Subject) -> dict[str, tuple[object, ...]]:
    return {prefix: (heard.as_path, heard.next_hop, tuple(sorted(set(heard.communities))))
            for prefix, heard in subject.right.told().routes.items()}


def agrees(subject: Subject, importing: Policy, exporting: Policy, routes: list[Route]) -> None:
    before = subject.updates()
    subject.configure(importing, exporting)
    messages = subject.say(routes)
    until(lambda: subject.updates() >= before + messages, 5, "all updates taken")
    settles(lambda: comparable(subject, importing, expected(subject, importing, routes)),
            lambda: comparable(subject, importing, found(subject)))
    settles(lambda: told(subject, exporting), lambda: learned(subject))


def settles(wanted: Callable[[], object], seen: Callable[[], object]) -> None:
    with suppress(AssertionError):
        until(lambda: seen() == wanted(), 4, "as wanted")
    assert seen() == wanted()


def comparable(subject: Subject, importing: Policy, entries: dict[str, RibEntry]) -> dict[str, object]:
    """All of BIRD's. FRR shows a refused route as it came, and no communities, by which the reason may be guessed."""
    if subject.daemon is Daemon.BIRD:
        return dict(entries)
    guessed = any(rule.communities for rule in importing.rules)
    return {prefix: (entry if entry.refusal is None else guessed or entry.refusal) for prefix, entry in entries.items()}


def unvalidated(policy: Policy) -> Policy:
    """FRR has no origin validation here."""
    return Policy(tuple(replace(rule, validity=()) for rule in policy.rules))


@pytest.fixture(scope="module", params=[Daemon.BIRD, Daemon.FRR])
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    places = instance.load({}, home=str(tmp_path_factory.mktemp("policy") / "home")).places
    with wired(places, request.param) as made:
        yield made


@settings(max_examples=EXAMPLES, deadline=None, derandomize="EXAMPLES" not in os.environ, database=None,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(importing=policies(importing=True), exporting=policies(importing=False), routes=route_sets())
def test_a_policy_means_the_same_here_and_there(
    subject: Subject, importing: Policy, exporting: Policy, routes: list[Route]
) -> None:
    if subject.daemon is Daemon.FRR:
        importing, exporting = unvalidated(importing), unvalidated(exporting)
    agrees(subject, importing, exporting, routes)
