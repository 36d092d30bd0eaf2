"""Recorded sessions between azure-cli and Azure, played against us: each answer of ours beside the one Azure gave.

What differs is told as ``METHOD type: path of the member: what``, without names and numbers, so that an explanation
holds wherever the same difference is met.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from conformance.cloud import Cloud, Heard
from waiting import until

#: The subscription that Microsoft's recorder writes instead of the real one.
_NOBODY = "00000000-0000-0000-0000-000000000000"

_GROUP = re.compile(r"/subscriptions/[^/]+/resourceGroups/([^/]+)(/.*)?", re.IGNORECASE)

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

#: Members whose value only Azure can have; ours must be of the same type.
_OWN = frozenset({
    "etag", "resourceGuid", "serviceKey", "authorizationKey", "stag", "primaryAzurePort", "secondaryAzurePort",
    "ipAddress", "principalId", "clientId", "tenantId", "allocationDate", "encodedContent", "routerName",
    "interfaceName", "patchPanelId", "rackId", "coloLocation", "message", "gatewayManagerEtag"})

#: Headers that are part of the protocol; of their values only the presence counts.
_HEADERS = ("azure-asyncoperation", "location")


@dataclass(frozen=True)
class Step:
    """One exchange as it was recorded."""

    method: str
    path: str
    query: Mapping[str, str]
    request: Any
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def polls(self) -> str:
        """``operations`` or ``operationResults`` when it asks how something goes on, else empty."""
        found = re.search(r"/locations/[^/]+/(operations|operationResults)/", self.path, re.IGNORECASE)
        return found[1] if found else ""

    @property
    def name(self) -> str:
        """The method and the type: ``PUT expressRouteCircuits/peerings``."""
        tail = self.path.partition("/providers/")[2].split("/")[1:]
        return f"{self.method} {'/'.join(tail[0::2]) or 'resourceGroups'}"


def load(path: Path) -> list[Step]:
    return [_step(one, urlsplit(one["url"])) for one in json.loads(path.read_text())]


def _step(one: Any, url: SplitResult) -> Step:
    return Step(one["method"], url.path, dict(parse_qsl(url.query)), one["request_body"], one["status"], one["headers"],
                one["body"])


@dataclass
class Player:
    """Plays one session. ``seen``: for each answer of Azure, what ours has different."""

    cloud: Cloud
    seen: list[tuple[Step, list[str]]] = field(default_factory=list)
    _pointers: Mapping[str, str] = field(default_factory=dict)
    _groups: dict[str, Any] = field(default_factory=dict)

    def play(self, steps: list[Step]) -> None:
        self._prepare(steps)
        for step in steps:
            heard = self._poll(step) if step.polls else self._send(step)
            self.seen.append((step, list(self._differences(step, heard))))

    def _prepare(self, steps: list[Step]) -> None:
        """The resource groups, which the recordings do not show being made."""
        for step in steps:
            found = _GROUP.match(step.path)
            body = step.body if isinstance(step.body, dict) else {}
            if found and body.get("location") and (found[1] not in self._groups or not found[2]):
                tags = {} if found[2] else body.get("tags", {})
                self._groups[found[1]] = {"location": body["location"], "tags": tags}
            elif found:
                self._groups.setdefault(found[1], {"location": "westus"})
        for group, wanted in self._groups.items():
            made = self._ask("PUT", group, wanted)
            assert made.status in (200, 201), made.body

    def tidy(self) -> None:
        """Delete the groups, so that the next session meets an empty subscription."""
        for group in self._groups:
            self._ask("DELETE", group)
        for group in self._groups:
            until(lambda group=group: self._ask("GET", group).status == 404, 20, f"{group} to be gone")

    def _ask(self, method: str, group: str, body: Any = None) -> Heard:
        path = f"/subscriptions/{self.cloud.subscription}/resourceGroups/{group}"
        return self.cloud.send(method, path, body, {"api-version": "2022-09-01"})

    def _send(self, step: Step) -> Heard:
        heard = self.cloud.send(step.method, self._ours(step.path), self._ours(step.request), step.query)
        if step.method != "GET":
            self._pointers = {name: heard.headers[name] for name in _HEADERS if name in heard.headers}
        return heard

    def _poll(self, step: Step) -> Heard:
        """Where our own headers point; until it has ended if Azure's had."""
        pointer = self._pointers.get("azure-asyncoperation" if step.polls.lower() == "operations" else "location")
        if pointer is None:
            return Heard(0, {}, "nothing to poll")
        if step.status == 202 or step.body == {"status": "InProgress"}:
            return self.cloud.send("GET", pointer)

        def ended() -> Heard | None:
            heard = self.cloud.send("GET", pointer)
            running = heard.status == 202 or (heard.body or {}).get("status") == "InProgress"
            return None if running else heard
        return until(ended, 20, f"{step.path} to end")

    def _ours(self, value: Any) -> Any:
        if value is None:
            return None
        return json.loads(json.dumps(value).replace(_NOBODY, self.cloud.subscription))

    def _differences(self, step: Step, heard: Heard) -> Iterator[str]:
        if step.polls and step.status == 202 and heard.status in (200, 204):
            return  # the same order of states, sooner
        if heard.status != step.status:
            said = heard.body.get("error", heard.body) if isinstance(heard.body, dict) else heard.body
            yield f"{step.name}: status {heard.status} is not {step.status} ({json.dumps(said)[:300]})"
            return
        for name in _HEADERS:
            theirs = name in {key.lower() for key in step.headers}
            if (name in heard.headers) is not theirs:
                yield f"{step.name}: header {name} only in {'theirs' if theirs else 'ours'}"
        if step.polls and step.body == {"status": "InProgress"} and heard.body == {"status": "Succeeded"}:
            return  # the same order of states, sooner
        if isinstance(step.body, str) and step.body:
            return  # a long list that was moved to a file of its own; the catalogue's tests compare it
        yield from (f"{step.name}: {one}" for one in compare(heard.body, self._ours(step.body) or None))


def compare(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Presence, type, constants."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        yield from _members(ours, theirs, path)
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            yield f"{path}: {len(ours)} entries, theirs has {len(theirs)}"
        for one, other in zip(ours, theirs, strict=False):
            yield from compare(one, other, f"{path}[]")
    elif type(ours) is not type(theirs):
        yield f"{path}: {type(ours).__name__} is not {type(theirs).__name__}"
    elif path.rpartition(".")[2] not in _OWN and _plain(ours) != _plain(theirs):
        yield f"{path}: {ours!r} is not {theirs!r}"


def _members(ours: dict[str, Any], theirs: dict[str, Any], path: str) -> Iterator[str]:
    for name in sorted({*ours, *theirs}):
        if name not in ours or name not in theirs:
            yield f"{path}.{_plain(name)} only in {'theirs' if name in theirs else 'ours'}"
        else:
            yield from compare(ours[name], theirs[name], f"{path}.{_plain(name)}")


def _plain(value: Any) -> Any:
    """Without numbers that are anybody's."""
    return _GUID.sub("GUID", value) if isinstance(value, str) else value
