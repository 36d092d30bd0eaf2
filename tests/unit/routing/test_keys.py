"""Passwords that change: which sessions get theirs past the daemon, and what the daemon is told meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trunkline.intent.bgp import PERMIT_ALL, Router, Session
from trunkline.model.resource import Secret
from trunkline.model.site import Daemon
from trunkline.routing import keys
from trunkline.routing.bird.render import render as bird
from trunkline.routing.frr.render import render as frr

RENDER = {Daemon.BIRD: bird, Daemon.FRR: frr}
ONE = Session("one", "customer", "c", "172.16.0.2", "172.16.0.1", 12076, 65010, PERMIT_ALL, PERMIT_ALL,
              password=Secret("first"))
SIX = replace(ONE, name="six", local_address="fd00::2", peer_address="fd00::1")
PLAIN = replace(ONE, name="plain", interface="d", local_address="172.16.0.6", peer_address="172.16.0.5", password=None)
both = pytest.mark.parametrize("daemon", [Daemon.BIRD, Daemon.FRR])


def router(daemon: Daemon, *sessions: Session) -> Router:
    return Router("vrf", daemon, 12076, "192.0.2.1", sessions)


def turned(before: Router, after: Router, *up: str) -> keys.Rotation:
    render = RENDER[before.daemon]
    return keys.rotation(render(before), render(after), after, up)


@both
def test_sessions_that_are_up_keep_the_old_password_in_the_text(daemon: Daemon) -> None:
    before = router(daemon, PLAIN, ONE, SIX)
    after = router(daemon, PLAIN, *(replace(one, password=Secret("second")) for one in (ONE, SIX)))
    found = turned(before, after, "one", "six", "plain")
    assert found.text == RENDER[daemon](before)
    assert found.keys == {"172.16.0.1": "second", "fd00::1": "second"}
    assert keys.any_other(RENDER[daemon](before), after)


@both
def test_a_session_that_is_down_is_simply_told(daemon: Daemon) -> None:
    before = router(daemon, ONE, SIX)
    after = router(daemon, *(replace(one, password=Secret("x")) for one in (ONE, SIX)))
    found = turned(before, after, "six")
    assert found.text == RENDER[daemon](router(daemon, replace(ONE, password=Secret("x")), SIX))
    assert found.sessions == {"six"}


@both
@pytest.mark.parametrize(("old", "new"), [(None, Secret("x")), (Secret("x"), None), (Secret("x"), Secret("x"))])
def test_a_password_that_comes_or_goes_is_no_rotation(daemon: Daemon, old: Secret | None, new: Secret | None) -> None:
    before, after = (router(daemon, replace(ONE, password=one)) for one in (old, new))
    assert turned(before, after, "one") == keys.Rotation(RENDER[daemon](after))
    assert not keys.any_other(RENDER[daemon](before), after)


def test_bird_that_closes_the_session_anyway_is_told_the_password_with_the_rest() -> None:
    after = router(Daemon.BIRD, replace(ONE, password=Secret("second"), hold_time_s=90))
    assert turned(router(Daemon.BIRD, ONE), after, "one") == keys.Rotation(bird(after))


@both
def test_what_else_changed_is_told_at_once(daemon: Daemon) -> None:
    new = replace(ONE, password=Secret("second"), export_policy=replace(PERMIT_ALL, rules=()))
    found = turned(router(daemon, ONE), router(daemon, new), "one")
    assert found.text == RENDER[daemon](router(daemon, replace(new, password=ONE.password)))
