"""What really answers on the addresses of public services."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.intent.network.node import Key


@dataclass(frozen=True, slots=True, order=True)
class Answer:
    """All addresses of ``prefix`` say that they are ``service``; of several the longest prefix speaks."""

    prefix: str
    service: str


@dataclass(frozen=True, slots=True)
class Responder:
    """A program in ``node`` that answers HTTP on port 80 and DNS on port 53 (UDP and TCP), over both families: which
    service it is, in which region, and who asked."""

    node: str
    region: str
    answers: tuple[Answer, ...]

    @property
    def key(self) -> Key:
        return ("responder", self.node)
