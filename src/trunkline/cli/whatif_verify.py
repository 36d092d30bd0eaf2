"""Makes states on the running network through the API, sends datagrams between the ends of pairs, and compares."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from trunkline.cli.client import Clients, Json, RequestFailed
from trunkline.cli.commands.status import overview
from trunkline.cli.failure import Failed, NotRunning
from trunkline.cli.nodes import inside
from trunkline.cli.whatif import ask
from trunkline.diagnosis.whatif.agreement import Flow, disagreement
from trunkline.model.fault import FaultKind
from trunkline.settings import Places

#: A fault ends by itself after so long; a state takes less.
LEASE_S = 120
#: After a change nothing is believed before: what is detected by BFD at 300 ms × 3 has moved by then, twice over.
_SETTLE_S = 3.0
#: Until then the network may still agree: hold timers of sessions without BFD are longer, and such an estate disagrees.
_PATIENCE_S = 30.0
#: States in one question.
_ASKED = 500
#: How long sessions may take to be back before the next state, and how often one looks.
_RECOVERED_S, _LOOK_S = 60.0, 0.5
#: Rounds in a row that have to agree.
_ROUNDS = 2
#: Enough that a pair of which one of two paths is dead shows both: all flows on one side have a chance of 2 in 2^16.
_FLOWS, _INTERVAL_MS, _DURATION_S, _PORT = 16, 40.0, 0.4, 7118
_PROBE = (sys.executable, "-m", "trunkline.telemetry.probe")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of each pair that can be tried, and the faults that make the state."""

    failures: tuple[str, ...]
    fates: tuple[Json, ...]
    faults: tuple[Json, ...]

    @property
    def name(self) -> str:
        return " + ".join(self.failures) or "nothing failed"


@dataclass(frozen=True, slots=True)
class Trial:
    """One state, and what is wrong with each of its fates by the last round; ``problem``: why it could not be tried."""

    state: Prediction
    wrong: tuple[str, ...]  #: for each fate; empty where the network agrees
    problem: str = ""

    @property
    def disagreements(self) -> list[str]:
        told = [f"{self.state.name}: could not be tried: {self.problem}"] if self.problem else []
        return told + [f"{self.state.name}: {fate['pair']} is {fate['fate']} in the model; {said}."
                       for fate, said in zip(self.state.fates, self.wrong, strict=True) if said]

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        for fate, said in zip(self.state.fates, self.wrong, strict=True):
            yield self.state.name, fate["pair"], fate["fate"], said or ("not tried" if self.problem else "the same")

    def told(self) -> Json:
        return {"failures": list(self.state.failures), "agrees": not self.disagreements, "problem": self.problem,
                "pairs": [{"pair": fate["pair"], "model": fate["fate"], "disagreement": said}
                          for fate, said in zip(self.state.fates, self.wrong, strict=True)]}


class Verifier:
    """``left``: faults that could not be ended, with the reason; they end with their lease."""

    def __init__(self, clients: Clients, places: Places) -> None:
        self._clients, self._places = clients, places
        self._well = frozenset[str]()  #: sessions that have been up, and watched, while nothing failed
        self.left: list[str] = []

    def failable(self) -> tuple[str, ...]:
        """All that a fault can make fail, in a lasting order."""
        known = sorted(one["failure"] for one in ask(self._clients, {})["failable"] if one["fault"])
        if not known:
            raise Failed("there is nothing here that could fail; order a circuit first.")
        return tuple(known)

    def predicted(self, states: Sequence[tuple[str, ...]]) -> tuple[Prediction, ...]:
        """All of them before the first is made: a name that is wrong costs nobody a packet."""
        asked = [states[begin:begin + _ASKED] for begin in range(0, len(states), _ASKED)]
        told = [one for part in asked for one in ask(self._clients, {"states": [list(one) for one in part]})["states"]]
        return tuple(_prediction(failures, state) for failures, state in zip(states, told, strict=True))

    def tried(self, state: Prediction, watch: Callable[[str], None]) -> Trial:
        """What goes wrong with one state is told with it, and others are still tried."""
        try:
            self._whole(watch)
            with self._failed(state.faults), self._answering(state.fates):
                return Trial(state, self._watched(state.fates, watch))
        except NotRunning:
            raise
        except Failed as problem:
            return Trial(state, ("",) * len(state.fates), str(problem))

    def _whole(self, watch: Callable[[str], None]) -> None:
        """What one state has closed is up before the next: a session that BFD does not watch yet would notice nothing
        but by its hold time, and the network be slow where the model is right."""
        began = time.monotonic()
        while True:
            well = frozenset(sessions_up(overview(self._clients)))
            missing = self._well - well
            self._well |= well
            if not missing or time.monotonic() - began > _RECOVERED_S:
                return
            watch(f"{len(missing)} sessions to be back")
            time.sleep(_LOOK_S)

    @contextmanager
    def _failed(self, faults: Sequence[Json]) -> Iterator[None]:
        subscription = self._clients.accounts.customer_subscription
        paths = []
        try:
            for fault in sorted(faults, key=_width):
                path = (f"/subscriptions/{subscription}/resourceGroups/{self._group(fault)}/providers/Trunkline.Plant/"
                        f"faults/whatif-{uuid4().hex[:12]}")
                paths.append(path)
                self._make(path, {**fault, "expiresInSeconds": LEASE_S})
            yield
        finally:
            self._end(paths)

    def _end(self, paths: Sequence[str]) -> None:
        """Each is tried, whatever becomes of the others, and however impatient the user is."""
        impatient = False
        for path in paths:
            try:
                self._clients.named("operator").delete(path)
            except Failed as problem:
                self.left.append(f"{path.rpartition('/')[2]}: {problem}")
            except KeyboardInterrupt:
                impatient = True
        if impatient:
            raise KeyboardInterrupt

    def _make(self, path: str, fault: Json) -> None:
        """What fails already with something wider is refused, and fails."""
        try:
            self._clients.named("operator").put(path, {"properties": fault})
        except RequestFailed as refusal:
            if refusal.code != "FaultOverlaps":
                raise

    def _group(self, fault: Json) -> str:
        """Of what fails, if that is the customer's."""
        named = fault.get("circuit") or fault.get("gateway")
        if named:
            return str(named["id"].split("/")[4])
        subscription = self._clients.accounts.customer_subscription
        groups = list(self._clients.named("operator").list(f"/subscriptions/{subscription}/resourcegroups"))
        return str(groups[0]["name"])

    @contextmanager
    def _answering(self, fates: Sequence[Json]) -> Iterator[None]:
        ends = {(fate["ends"][1]["node"], fate["ends"][1]["address"]) for fate in fates}
        running = [self._start(node, "echo", "--bind", address, "--port", str(_PORT)) for node, address in sorted(ends)]
        try:
            yield
        finally:
            for each in running:
                each.terminate()
            for each in running:
                each.communicate()

    def _start(self, node: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(inside(self._places, node, (*_PROBE, *arguments)), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def _watched(self, fates: Sequence[Json], watch: Callable[[str], None]) -> tuple[str, ...]:
        began, agreed = time.monotonic(), 0
        while True:
            wrong = self._round(fates)
            elapsed = time.monotonic() - began
            agreed = agreed + 1 if elapsed >= _SETTLE_S and not any(wrong) else 0
            if agreed >= _ROUNDS or elapsed > _PATIENCE_S:
                return wrong
            watch(f"{sum(map(bool, wrong))} of {len(wrong)} pairs")

    def _round(self, fates: Sequence[Json]) -> tuple[str, ...]:
        sending = [self._start(
            fate["ends"][0]["node"], "send", fate["ends"][1]["address"], "--port", str(_PORT), "--flows", str(_FLOWS),
            "--interval-ms", str(_INTERVAL_MS), "--duration", str(_DURATION_S), "--json") for fate in fates]
        return tuple(disagreement(fate["fate"], _flows(each)) for fate, each in zip(fates, sending, strict=True))


def _prediction(failures: tuple[str, ...], state: Json) -> Prediction:
    fates = tuple(fate for fate in state["fates"] if all(end["node"] for end in fate["ends"]))
    if not fates:
        raise Failed("no pair has a host and a machine at its ends, so nothing can be sent; give the site a host "
                     "and the virtual network a network interface.")
    missing = [name for name, fault in zip(failures, state["faults"], strict=True) if not fault]
    if missing:
        raise Failed(f"{missing[0]} cannot be made to fail through a fault; of a customer's router set its 'down' in "
                     "the site. Nothing was tried.")
    return Prediction(failures, fates, tuple(state["faults"]))


def sessions_up(status: Json) -> Iterator[str]:
    """Those that are Established, and watched by BFD where they are to be."""
    legs = [leg for circuit in status["circuits"] for leg in circuit["legs"].values()]
    for session in (one for holder in (*legs, *status["routers"]) for one in holder["sessions"]):
        if session["state"] == "Established" and session["bfd"] in ("", "Up"):
            yield f"{session['node']} {session['name']}"


#: Wider ones first: of two that overlap one is always inside the other.
_WIDEST = (FaultKind.REGION, FaultKind.LOCATION, FaultKind.EDGE)


def _width(fault: Json) -> int:
    kind = FaultKind(fault["kind"])
    return _WIDEST.index(kind) if kind in _WIDEST else len(_WIDEST)


def _flows(sending: subprocess.Popen[bytes]) -> list[Flow]:
    said, _ = sending.communicate()
    if sending.returncode:
        raise Failed("the prober could not be run in a host of the site; 'trunkline nodes' shows what exists.")
    return [Flow(one["sent"], one["lost"]) for one in json.loads(said)["flows"]]


def sampled(known: Sequence[str], samples: int, at_once: int, seed: int) -> tuple[tuple[str, ...], ...]:
    """The same for the same seed; fewer if there are not so many."""
    choose = random.Random(seed)  # noqa: S311
    found: dict[frozenset[str], tuple[str, ...]] = {}
    for _ in range(samples * 20):
        if len(found) == samples:
            break
        size = min(choose.randint(1, at_once), len(known))
        state = tuple(choose.sample(sorted(known), size))
        found.setdefault(frozenset(state), state)
    return tuple(found.values())
