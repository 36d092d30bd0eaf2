"""The attacker's process inside its namespace: asked by lines of JSON, and gone when we are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trunkline.cli.failure import Failed

Json = dict[str, Any]
NETNS = Path("/run/netns")


def within(namespace: str, *command: str) -> list[str]:
    """A command line in a namespace, killed by the kernel when this process ends, however it ends."""
    return ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net={NETNS / namespace}", "--", *command]


@dataclass(frozen=True, slots=True)
class Told:
    """What an attacker's session came to."""

    established: bool
    notification: str
    code: tuple[int, ...]
    error: str
    routes: dict[str, Json]


class Agent:
    def __init__(self, namespace: str) -> None:
        self._process = subprocess.Popen(
            within(namespace, sys.executable, "-m", "trunkline.drill.agent"), text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)

    def open(self, session: str, within_s: float, **words: object) -> Told:
        return self._told({"do": "open", "as": session, "within_s": within_s, **words})

    def say(self, session: str, messages: Sequence[bytes]) -> Told:
        return self._told({"do": "say", "as": session, "hex": [one.hex() for one in messages]})

    def told(self, session: str) -> Told:
        return self._told({"do": "told", "as": session})

    def close(self, session: str) -> None:
        self._ask({"do": "close", "as": session})

    def wire(self, interface: str, frames: Sequence[bytes], listen_s: float = 0.0,
             nudge: str = "") -> tuple[bytes, list[bytes]]:
        """The interface's MAC, and the frames that came meanwhile. ``nudge``: a session whose peer has to answer."""
        told = self._ask({"do": "wire", "interface": interface, "hex": [one.hex() for one in frames],
                          "listen_s": listen_s, "nudge": nudge})
        return bytes.fromhex(told["mac"].replace(":", "")), [bytes.fromhex(frame) for frame in told["frames"]]

    def end(self) -> None:
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def _told(self, asked: Json) -> Told:
        told = self._ask(asked)
        return Told(told["established"], told["notification"], tuple(told["code"]), told["error"], told["routes"])

    def _ask(self, asked: Json) -> Json:
        if not (self._process.stdin and self._process.stdout):
            raise Failed("the attacker's process has no input")
        try:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Failed("the attacker's process ended before the drill did")
        answer: Json = json.loads(line)
        if "failed" in answer:
            raise Failed(f"the attacker could not {asked['do']}: {answer['failed']}")
        return answer
