"""TCP-MD5 between real daemons: a key that is wrong, missing or not asked for is counted by the kernel and said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from speaking import KEY, LEFT, TO_LEFT, Estate, estate, router, status, wait_established
from trunkline.diagnosis.refusals import Readings, last_error
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.bgp import Router, Session
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


def subject(daemon: Daemon, password: Secret | None = KEY) -> Router:
    return router("mid", replace(TO_LEFT, password=password, bfd=None), daemon=daemon)


def peer(password: Secret | None = KEY, asn: int = 65001) -> Router:
    one = replace(LEFT.sessions[0], password=password, bfd=None, local_asn=asn)
    return replace(LEFT, asn=asn, sessions=(one,))


def said(wired: Estate, session: Session, one: Router) -> str:
    counts = LinuxPlane(wired.places).refused("mid")
    return last_error(session, status(wired.daemons, one, session.name), Readings().read(datetime.now(UTC), counts))


@pytest.mark.parametrize(("mine", "theirs", "counter", "words"), [
    (KEY, Secret("anotherKey1"), "TCPMD5Failure", "the peer's TCP-MD5 key is wrong"),
    (KEY, None, "TCPMD5NotFound", "the peer signs nothing"),
    (None, KEY, "TCPMD5Unexpected", "the peer signs with a TCP-MD5 key"),
])
@both
def test_a_key_that_does_not_fit_is_said(
        wired: Estate, daemon: Daemon, mine: Secret | None, theirs: Secret | None, counter: str, words: str) -> None:
    one = subject(daemon, mine)
    wired.start(one, peer(theirs))
    until(lambda: said(wired, one.sessions[0], one).startswith(words), 10, words)
    assert [name for name, count in LinuxPlane(wired.places).refused("mid").items() if count] == [counter]
    wired.start(peer(mine))
    wait_established(wired.daemons, one, "customer")
    assert not said(wired, one.sessions[0], one).startswith(words)


def test_an_open_of_another_as_is_said_at_both_ends(wired: Estate) -> None:
    one, other = subject(Daemon.BIRD), peer(asn=65099)
    wired.start(one, other)
    until(lambda: "it is not of AS 65001" in said(wired, one.sessions[0], one), 10, "our refusal")
    until(lambda: "it expects another AS than 65099" in last_error(
        other.sessions[0], status(wired.daemons, other, "edge"), Readings()), 10, "the peer's view")
