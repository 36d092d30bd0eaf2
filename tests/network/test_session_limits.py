"""Prefix limits of real sessions: the warning at 80 %, what follows beyond, and the way back, for each profile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from speaking import (
    LEFT,
    TO_LEFT,
    Estate,
    established,
    estate,
    prefixes,
    router,
    status,
    unbroken,
    wait_established,
)
from trunkline.diagnosis.refusals import Readings, last_error, warning
from trunkline.intent.bgp import LimitAction, Origin, Router, SessionState
from trunkline.model.profile import AWS, AZURE, GCP, Profile
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

LIMIT = 10


@pytest.fixture
def wired(places: Places) -> Iterator[Estate]:
    with estate(places) as made:
        yield made


def edge(profile: Profile, enabled: bool = True) -> Router:
    """Its limit is ten, so that the test is short; what follows is the profile's."""
    return router("mid", replace(TO_LEFT, password=None, bfd=None, prefix_limit=LIMIT, enabled=enabled,
                                 limit_action=profile.limit_action, hold_time_s=profile.hold_time_s,
                                 keepalive_time_s=profile.keepalive_time_s))


def customer(count: int) -> Router:
    return replace(LEFT, sessions=(replace(LEFT.sessions[0], password=None, bfd=None),),
                   origins=tuple(Origin(f"10.{number}.0.0/16") for number in range(count)))


def announced(wired: Estate, one: Router, count: int) -> None:
    until(lambda: len(prefixes(wired.daemons, one)) == count, 10, f"{count} prefixes taken")


def said(wired: Estate, one: Router) -> str:
    return last_error(one.sessions[0], status(wired.daemons, one, "customer"), Readings())


@pytest.mark.parametrize("profile", [AZURE, AWS, GCP], ids=lambda one: one.name)
def test_from_eighty_percent_on_the_customer_is_warned_and_nothing_is_lost(wired: Estate, profile: Profile) -> None:
    one = edge(profile)
    wired.start(one, customer(7))
    announced(wired, one, 7)
    assert not warning(one.sessions[0], status(wired.daemons, one, "customer"))
    since = status(wired.daemons, one, "customer").since
    wired.start(customer(8))
    announced(wired, one, 8)
    found = status(wired.daemons, one, "customer")
    assert warning(one.sessions[0], found).startswith("8 of 10 prefixes (80 %)")
    assert unbroken(since, found.since)


def test_azure_closes_the_session_and_it_comes_back_when_the_count_is_below(wired: Estate) -> None:
    one = edge(AZURE)
    wired.start(one, customer(12))
    until(lambda: "more than 10 prefixes" in said(wired, one), 10, "the reason said")
    assert not prefixes(wired.daemons, one)
    wired.start(customer(9))
    wait_established(wired.daemons, one, "customer")
    announced(wired, one, 9)


def test_aws_leaves_the_session_idle_until_it_is_switched_off_and_on(wired: Estate) -> None:
    one = edge(AWS)
    assert one.sessions[0].limit_action is LimitAction.SHUTDOWN
    wired.start(one, customer(12))
    until(lambda: "switched off and on again" in said(wired, one), 10, "the reason said")
    wired.start(customer(9))
    with pytest.raises(AssertionError, match="not within"):
        until(lambda: established(wired.daemons, one, "customer"), 3, "a session that must not come back by itself")
    assert status(wired.daemons, one, "customer").state is SessionState.IDLE
    wired.start(edge(AWS, enabled=False))
    wired.start(one)
    announced(wired, one, 9)


def test_gcp_drops_what_is_beyond_and_takes_it_when_there_is_room(wired: Estate) -> None:
    one = edge(GCP)
    wired.start(one, customer(10))
    announced(wired, one, 10)
    since = status(wired.daemons, one, "customer").since
    wired.start(customer(12))
    until(lambda: status(wired.daemons, one, "customer").updates >= 12, 10, "all twelve heard")
    assert len(prefixes(wired.daemons, one)) == 10
    found = warning(one.sessions[0], status(wired.daemons, one, "customer"))
    assert found == "10 of 10 prefixes (100 %): what is beyond it is not taken, and the session stays"
    wired.start(customer(6))
    announced(wired, one, 6)
    assert unbroken(since, status(wired.daemons, one, "customer").since)
