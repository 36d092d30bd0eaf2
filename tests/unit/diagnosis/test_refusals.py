"""Why a session does not come up, from what TCP refused and what the daemon says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from trunkline.diagnosis.refusals import Readings, last_error, warning
from trunkline.intent.bgp import PERMIT_ALL, BfdKey, LimitAction, Session, SessionState, SessionStatus
from trunkline.model.profile import Bfd, BfdMethod
from trunkline.model.resource import Secret

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PLAIN = Session("customer", "customer", "c", "172.16.0.2", "172.16.0.1", 12076, 65010, PERMIT_ALL, PERMIT_ALL)
KEYED = replace(PLAIN, password=Secret("key"))
DOWN = SessionStatus("customer", SessionState.ACTIVE)


def readings(*counts: int, reason: str = "TCPMD5Failure", every_s: float = 1) -> Readings:
    found = Readings()
    for number, count in enumerate(counts):
        found = found.read(NOON + timedelta(seconds=every_s * number), {reason: count})
    return found


@pytest.mark.parametrize(("session", "reason", "words"), [
    (KEYED, "TCPMD5Failure", "the peer's TCP-MD5 key is wrong: 3 segments refused since 12:00:00 UTC"),
    (KEYED, "TCPMD5NotFound", "the peer signs nothing, and this session has a TCP-MD5 key: 3 segments refused"),
    (PLAIN, "TCPMD5Unexpected", "the peer signs with a TCP-MD5 key, and this session has none: 3 segments refused"),
    (PLAIN, "TCPMD5Failure", ""),
    (KEYED, "TCPMD5Unexpected", ""),
])
def test_what_tcp_refused_is_told_in_words(session: Session, reason: str, words: str) -> None:
    found = last_error(session, DOWN, readings(2, 5, reason=reason))
    assert found.startswith(words) if words else not found


def test_what_was_refused_long_ago_is_no_reason_now() -> None:
    assert not last_error(KEYED, DOWN, readings(2, 5, 5, 5, every_s=50))
    assert last_error(KEYED, DOWN, readings(2, 5, 6, every_s=50))


def test_the_first_reading_counts_from_the_nodes_beginning() -> None:
    assert last_error(KEYED, DOWN, readings(1)).endswith("1 segment refused since this router exists")
    assert not last_error(KEYED, DOWN, readings(0))


def test_a_node_made_anew_counts_anew() -> None:
    assert last_error(KEYED, DOWN, readings(9, 2)).endswith("2 segments refused since this router exists")


def test_a_session_that_is_up_has_nothing_to_explain() -> None:
    up = SessionStatus("customer", SessionState.ESTABLISHED)
    assert not last_error(KEYED, up, readings(2, 5))


@pytest.mark.parametrize(("said", "words"), [
    ("BGP Error: Bad peer AS", "the peer's OPEN is refused: it is not of AS 65010 (BGP Error: Bad peer AS)"),
    ("Received: Bad peer AS", "the peer refuses our OPEN: it expects another AS than 12076 (Received: Bad peer AS)"),
    ("Automatic shutdown: Route limit exceeded", "the peer announced more than 100 prefixes; beyond it the session is "
     "closed, and tried again until fewer come. Summarise, then wait or reset (Automatic shutdown: Route limit "
     "exceeded)"),
    ("Hold timer expired", "Hold timer expired"),
    ("", ""),
])
def test_a_refused_open_says_who_refuses_it_and_why(said: str, words: str) -> None:
    assert last_error(replace(PLAIN, prefix_limit=100), replace(DOWN, last_error=said), Readings()) == words


@pytest.mark.parametrize(("count", "action", "words"), [
    (79, LimitAction.RESTART, ""),
    (80, LimitAction.RESTART, "80 of 100 prefixes (80 %): beyond it the session is closed, and tried again"),
    (99, LimitAction.SHUTDOWN, "99 of 100 prefixes (99 %): beyond it the session is closed until"),
    (100, LimitAction.DROP, "100 of 100 prefixes (100 %): what is beyond it is not taken"),
])
def test_a_session_near_its_limit_is_told_before_anything_follows(count: int, action: LimitAction, words: str) -> None:
    session = replace(PLAIN, prefix_limit=100, limit_action=action)
    status = replace(DOWN, state=SessionState.ESTABLISHED, prefixes_received=count)
    found = warning(session, status)
    assert found.startswith(words) if words else not found
    assert not warning(session, replace(status, state=SessionState.IDLE))
    assert not warning(PLAIN, status)


def test_authenticated_bfd_that_is_down_is_told_of_a_session_that_is_up() -> None:
    keyed = replace(PLAIN, bfd=Bfd(), bfd_key=BfdKey(BfdMethod.SHA1, Secret("c0rrectH0rse")))
    status = replace(DOWN, state=SessionState.ESTABLISHED, bfd="Down")
    assert "another key or type of BFD authentication (here KeyedSha1)" in warning(keyed, status)
    assert "c0rrectH0rse" not in warning(keyed, status)
    assert not warning(keyed, replace(status, bfd="Up"))
    assert not warning(replace(keyed, bfd_key=None), status), "the customer need not speak BFD"


def test_a_session_that_is_closed_on_purpose_says_by_what() -> None:
    closed = KEYED.unless(True, "maintenance m1")
    assert last_error(closed, DOWN, readings(2, 5)) == "closed by maintenance m1"
