"""Whether anybody else feels an attack: packets between the victim's host and its machine, over both legs, and the
sessions of the victim and of the circuits that the operator wants watched."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from trunkline.cli.client import Clients, Json
from trunkline.cli.commands.status import LEGS, overview
from trunkline.cli.drill import scratch as names
from trunkline.cli.drill.agent import within
from trunkline.cli.drill.scratch import Scratch
from trunkline.cli.failure import Failed
from trunkline.cli.nodes import pick, present
from trunkline.settings import Places

#: Each equal path carries some of so many flows; together 400 datagrams a second.
_FLOWS, _INTERVAL_MS = 16, 40
#: BIRD computes since when a session is up from two clocks each time it is asked, FRR rounds to seconds.
_JITTER_S = 1.5

#: Since when each session is Established, by circuit, leg and name; None if it is not.
Sessions = dict[str, datetime | None]


def sessions(clients: Clients, circuits: Sequence[str]) -> Sessions:
    """``circuits``: names or ids."""
    wanted = {name.lower() for name in circuits}
    found = [one for one in overview(clients)["circuits"]
             if str(one["name"]).lower() in wanted or str(one["id"]).lower() in wanted]
    return {f"{one['name']} {leg} {row['name']}": _since(row)
            for one in found for leg in LEGS for row in one["legs"][leg]["sessions"]}


def _since(session: Json) -> datetime | None:
    up = session["state"] == "Established" and session["since"]
    return datetime.fromisoformat(session["since"]) if up else None


def reset(before: Sessions, after: Sessions) -> tuple[str, ...]:
    """Those that were up before and are not any more, or began anew."""
    return tuple(sorted(name for name, since in before.items() if since and _is_other(since, after.get(name))))


def _is_other(since: datetime, now: datetime | None) -> bool:
    return now is None or abs((now - since).total_seconds()) > _JITTER_S


class Prober:
    """Filled when ``probing`` has ended: when datagrams left that were never answered, and how many left at all."""

    def __init__(self) -> None:
        self.lost_ns: list[int] = []
        self.sent = 0

    def lost_within(self, began_ns: int, ended_ns: int) -> int:
        return sum(began_ns <= at < ended_ns for at in self.lost_ns)


@contextmanager
def probing(scratch: Scratch, places: Places) -> Iterator[Prober]:
    found = Prober()
    nodes = present(places)
    host, machine = pick(nodes, f"{scratch.victim}-h1"), pick(nodes, scratch.machine)
    with _running(places, machine, "echo", "--bind", names.VICTIM_MACHINE), _running(
            places, host, "send", names.VICTIM_MACHINE, "--flows", str(_FLOWS), "--interval-ms", str(_INTERVAL_MS),
            "--json") as sender:
        yield found
        sender.send_signal(signal.SIGINT)
        told = json.loads(sender.communicate(timeout=20)[0])
        found.lost_ns, found.sent = told["lost_ns"], told["sent"]


@contextmanager
def _running(places: Places, node: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A prober, once it has said that it is ready."""
    command = within(places.namespace_prefix + node, sys.executable, "-m", "trunkline.telemetry.probe", *words)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            if not (process.stderr and process.stderr.readline()):
                raise Failed(f"the prober in {node} did not start")
            yield process
        finally:
            process.kill()
