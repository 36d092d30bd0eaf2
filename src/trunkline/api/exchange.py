"""A request as the endpoints see it, and what they answer: HTTP without the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from trunkline.api.accounts import Account
from trunkline.model.resource import Json, ResourceId


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request. ``origin``: scheme, host and port as the client wrote them. ``query`` and ``headers``:
    names in lower case. ``names``: what stands in the path's variable pieces, by the route's names for them. ``sees``:
    whether the client may read a resource, where a list holds others too."""

    method: str
    path: str
    origin: str
    account: Account
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    correlation_id: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    sees: Callable[[ResourceId], bool] = lambda _resource: True

    @property
    def api_version(self) -> str:
        return self.query.get("api-version", "")

    @property
    def writes(self) -> bool:
        return self.method in ("PUT", "PATCH", "DELETE", "POST")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Awaited:
    """The answer is an operation's result; the caller waits for it on the same connection."""

    operation: str


@dataclass(frozen=True, slots=True)
class Later:
    """The answer is what ``look`` finds within ``patience_s``, else ``otherwise``; nobody's thread waits meanwhile."""

    look: Callable[[], Answer | None]
    otherwise: Answer
    patience_s: float


def render(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def answer(body: Json | list[Json] | str | None, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON body; ``None`` is JSON's ``null``. For no body at all, write ``Answer``."""
    return Answer(status, render(body), headers or {})
