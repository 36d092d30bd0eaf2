"""Which states are tried on the network, and what a trial tells."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from trunkline.cli.client import RequestFailed, unwatched
from trunkline.cli.whatif_verify import Prediction, Trial, Verifier, _width, sampled, sessions_up
from trunkline.model.resource import Json

KNOWN = [f"edge {place} {leg}" for place in ("Amsterdam", "London") for leg in ("primary", "secondary")]


def test_a_seed_gives_the_same_states_again() -> None:
    assert sampled(KNOWN, 5, 2, 7) == sampled(list(reversed(KNOWN)), 5, 2, 7)
    assert sampled(KNOWN, 5, 2, 7) != sampled(KNOWN, 5, 2, 8)


def test_no_state_is_tried_twice_and_none_has_more_failures_than_asked_for() -> None:
    found = sampled(KNOWN, 100, 2, 1)
    assert len({frozenset(one) for one in found}) == len(found) == 10
    assert max(len(set(one)) for one in found) == 2


def test_a_trial_names_the_state_and_the_pair_that_disagree() -> None:
    fates = ({"pair": "paris ↔ hub", "fate": "kept"}, {"pair": "paris ↔ spoke", "fate": "lost"})
    trial = Trial(Prediction(("edge Amsterdam primary",), fates, ()), ("none of 160 were answered", ""))
    assert trial.disagreements == [
        "edge Amsterdam primary: paris ↔ hub is kept in the model; none of 160 were answered."]
    assert trial.told()["agrees"] is False


def test_wider_failures_are_made_before_those_inside_them() -> None:
    kinds = ["backboneNode", "edge", "leg", "region", "location"]
    assert sorted(kinds, key=lambda kind: _width({"kind": kind}))[:3] == ["region", "location", "edge"]


class Operator:
    """Refuses to end the faults that were made first."""

    def __init__(self, *troubles: BaseException) -> None:
        self.troubles, self.made, self.ended = list(troubles), list[str](), list[str]()

    def put(self, path: str, _body: Json) -> None:
        self.made.append(path)

    def delete(self, path: str) -> None:
        self.ended.append(path)
        if self.troubles:
            raise self.troubles.pop(0)


def verifier(monkeypatch: pytest.MonkeyPatch, operator: Operator) -> Verifier:
    clients = SimpleNamespace(accounts=SimpleNamespace(customer_subscription="sub-c"), named=lambda _name: operator)
    found = Verifier(cast(Any, clients), cast(Any, None))
    monkeypatch.setattr(found, "_group", lambda _fault: "rg1")
    monkeypatch.setattr(found, "_whole", lambda _watch: None)
    monkeypatch.setattr(found, "_watched", lambda _fates, _watch: ())
    return found


STATE = Prediction(("edge Amsterdam primary", "edge London primary"), (), ({"kind": "edge"}, {"kind": "edge"}))


def test_every_fault_is_ended_also_if_one_cannot_be_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = Operator(RequestFailed(500, "InternalServerError", "no"))
    trying = verifier(monkeypatch, operator)
    assert trying.tried(STATE, unwatched).disagreements == []
    assert operator.ended == operator.made
    assert [one.partition(": ")[2] for one in trying.left] == ["InternalServerError: no"]


def test_an_impatient_user_is_obeyed_after_every_fault_was_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = Operator(KeyboardInterrupt())
    trying = verifier(monkeypatch, operator)
    with pytest.raises(KeyboardInterrupt):
        trying.tried(STATE, unwatched)
    assert operator.ended == operator.made


def test_a_state_that_cannot_be_made_keeps_none_from_being_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = Operator()
    trying = verifier(monkeypatch, operator)

    def refuse(_path: str, _body: Json) -> None:
        raise RequestFailed(409, "Conflict", "not now")
    monkeypatch.setattr(operator, "put", refuse)
    told, = trying.tried(STATE, unwatched).disagreements
    assert told.endswith("could not be tried: Conflict: not now")
    assert len(operator.ended) == 1


def test_a_session_that_nobody_watches_yet_is_not_back() -> None:
    def session(name: str, state: str, bfd: str) -> Json:
        return {"node": "vrf", "name": name, "state": state, "bfd": bfd}
    leg = {"sessions": [session("a", "Established", "Up"), session("b", "Established", "Down"),
                        session("c", "Idle", "")]}
    told = {"circuits": [{"legs": {"primary": leg}}], "routers": [{"sessions": [session("d", "Established", "")]}]}
    assert set(sessions_up(told)) == {"vrf a", "vrf d"}
