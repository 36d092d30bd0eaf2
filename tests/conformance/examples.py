"""Microsoft's examples of requests, sent to us: status, headers and body beside what the example answers.

An example's answer shows one resource in one moment, often another than the one it asks for. So a member counts as
missing if the example's request gave it, or if the schema calls it read-only and every resource has it; and whatever we
answer must fit the schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from conformance.cloud import Cloud, Heard
from conformance.swagger import Example, misfits
from conformance.world import VERSION, World, above, kind_of

#: Names that stand for one of few.
_NAMES = {"peeringName": "AzurePrivatePeering", "devicePath": "primary", "peeringLocationName": "Equinix-Ashburn-DC2",
          "locationName": "Equinix-Ashburn-DC2", "linkName": "link1"}

_ALWAYS = ("id", "name")


def differences(cloud: Cloud, example: Example) -> list[str]:
    world = World(cloud, f"example-{example.name}".lower())
    path = _place(world, example)
    body = _named(world.adapt(example.body)) if example.body is not None else None
    _prepare(world, example, path, body)
    heard = cloud.send(example.method, path, body, {**VERSION, **example.query})
    found = [*_statuses(example, heard)] or [*_answer(world, example, path, heard)]
    cloud.send("DELETE", world.path(""), None, VERSION)
    return [f"{example.method} {example.type}: {one}" for one in found]


def _place(world: World, example: Example) -> str:
    """The path in our world. A cross connection is named by its circuit's key."""
    path = _named(world.adapt(example.path))
    if "/expressroutecrossconnections/" in path.lower():
        circuit = world.path("expressRouteCircuits/circuit")
        world.ensure(circuit)
        if "/peerings" in path:
            world.ensure(f"{circuit}/peerings/AzurePrivatePeering")
        pieces = path.split("/")
        return "/".join([world.twin(circuit), *pieces[9:]])
    return path


def _named(value: Any) -> Any:
    text = json.dumps(value)
    for theirs, ours in _NAMES.items():
        text = re.sub(rf'(?<=["/]){theirs}(?=["/])', ours, text)
    return json.loads(text)


def _is_item(path: str) -> bool:
    return len(path.partition("/providers/")[2].split("/")) % 2 == 1


def _prepare(world: World, example: Example, path: str, body: Any) -> None:
    if example.method == "PUT" and _is_item(path):
        if kind_of(path) == "virtualnetworks/subnets":
            world.reserve(above(path), "10.0.0.0/16")
        if kind_of(path) == "virtualhubs/hubvirtualnetworkconnections":  # whose static routes lead to 10.0.0.65
            world.reserve(body["properties"]["remoteVirtualNetwork"]["id"], "10.0.0.0/16")
        world.hold(path)
        world.ensure_all(body, but=path)
    elif _is_item(path):
        world.ensure(path)
        if example.method == "DELETE" and kind_of(path) == "expressroutecircuits":
            world.provision(path, "NotProvisioned")
    elif example.method == "GET" and "/resourcegroups/" in path.lower() and len(path.split("/")) % 2 == 0:
        world.ensure(path.rpartition("/")[0] if kind_of(path + "/x").count("/") else f"{path}/one")
    else:
        world.ensure(path.rpartition("/")[0])
        world.ensure_all(body, but=path)


def _statuses(example: Example, heard: Heard) -> Iterator[str]:
    allowed = set(example.answers) | ({200, 201} if example.method == "PUT" else set())
    if heard.status not in allowed:
        yield f"status {heard.status} is none of {sorted(allowed)}: {heard.body}"
    if heard.status in (201, 202) and example.method != "POST" and "azure-asyncoperation" not in heard.headers:
        yield "header azure-asyncoperation is missing"


def _answer(world: World, example: Example, path: str, heard: Heard) -> Iterator[str]:
    ended = world.ended(heard)
    if isinstance(ended.body, dict) and ended.body.get("status") == "Failed":
        yield f"failed: {ended.body}"
    final = world.cloud.send("GET", path, None, VERSION).body if example.method == "PUT" else ended.body
    if example.method == "DELETE":
        gone = world.cloud.send("GET", path, None, VERSION)
        if gone.status != 404:
            yield f"still there after DELETE: {gone.status}"
        return
    yield from misfits(final, example.schema, example.file)
    theirs = example.answers.get(200) or example.answers.get(201)
    if isinstance(theirs, dict) and isinstance(final, dict):
        yield from _missing(final, theirs)
        if isinstance(example.body, dict) and example.method == "PUT":
            yield from _lost(final, _named(world.adapt(example.body)), "")


def _missing(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[str]:
    """Of the envelope, and of lists."""
    for name in (*_ALWAYS, "type", "location", "etag", "value", "properties", "sku"):
        if name in theirs and name not in ours:
            yield f".{name} is missing"
    for one, other in zip(ours.get("value") or [], theirs.get("value") or [], strict=False):
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _missing(one, other)


def _lost(ours: Any, sent: Any, path: str) -> Iterator[str]:
    """What was sent and is not answered."""
    if isinstance(sent, dict) and isinstance(ours, dict):
        for name, value in sent.items():
            if name not in ours:
                yield f"{path}.{name} was sent and is not answered"
            else:
                yield from _lost(ours[name], value, f"{path}.{name}")
    elif isinstance(sent, list) and isinstance(ours, list) and len(sent) == len(ours):
        for one, other in zip(ours, sent, strict=True):
            yield from _lost(one, other, f"{path}[]")
    elif type(ours) is not type(sent):
        yield f"{path} was {sent!r} and is {ours!r}"
