"""Why a prefix is or is not in a router, in sentences."""

from __future__ import annotations

import pytest

from trunkline.diagnosis.explaining import Seen, explain
from trunkline.intent.bgp import PERMIT_ALL, Router, Session, SessionState, SessionStatus
from trunkline.model.site import Daemon

ONE = Session("one", "a", "a0", "10.0.1.2", "10.0.1.1", 65000, 65001, PERMIT_ALL, PERMIT_ALL)
IDLE = SessionStatus("one", SessionState.IDLE)


def incoming(session: Session, status: SessionStatus) -> str:
    router = Router("r", Daemon.BIRD, 65000, "192.0.2.1", (session,))
    return explain(Seen(router, (status,), {}, (), {}), "10.1.0.0/16")[0].sentence


@pytest.mark.parametrize("by", ["a containment", "a session policy", "a link failover test"])
def test_a_session_that_is_closed_on_purpose_is_told_with_by_what(by: str) -> None:
    assert incoming(ONE.unless(True, by), IDLE) == f"the session is closed by {by}"


def test_what_closed_it_first_is_told() -> None:
    assert ONE.unless(True, "a session policy").unless(True, "a containment").closed_by == "a session policy"
    assert ONE.unless(False, "a containment").enabled


def test_a_session_that_is_down_for_another_reason_tells_its_state() -> None:
    assert incoming(ONE, IDLE) == "the session is Idle, not Established"
