"""What azure-cli sent to Azure and what Azure answered: we take the same requests and answer with the same members."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.window import Window

#: Generated, or names of what only Azure has; compared by type.
_OWN = frozenset({
    "id", "etag", "resourceGuid", "serviceKey", "authorizationKey", "stag", "primaryAzurePort", "secondaryAzurePort",
    "gatewayManagerEtag", "ipAddress", "location"})

#: Members of api-versions other than most.
_OF_SOME_VERSIONS = frozenset({"ipamPoolPrefixAllocations"})

_FILES = {name: json.loads((Path(__file__).parent / "recorded" / f"{name}.json").read_text())
          for name in ("circuit", "network", "route_filter")}


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted({*ours, *theirs} - _OF_SOME_VERSIONS):
            if name not in ours or name not in theirs:
                yield f"{path}.{name} only in {'theirs' if name in theirs else 'ours'}"
            else:
                yield from differences(ours[name], theirs[name], f"{path}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif type(ours) is not type(theirs) or (path.rpartition(".")[2] not in _OWN and ours != theirs):
        yield f"{path}: {ours!r} is not {theirs!r}"


@pytest.mark.parametrize("name", sorted(_FILES))
def test_a_recorded_session_goes_the_same_way(window: Window, name: str) -> None:
    for number, step in enumerate(_FILES[name]):
        reply = window.request(step["method"], window.path(step["path"]), _ours(step["request"]))
        where = f"{number}: {step['method']} {step['path']}"
        assert reply.status == step["status"], f"{where}: {reply.body}"
        found = list(differences(reply.body or "", step["body"], where))
        assert found == [f for f in found if _known(f)], "\n".join(found)
        window.settle()


def _ours(request: Any) -> Any:
    """In a region of ours, and without the ids of another subscription."""
    if isinstance(request, dict):
        return {**{name: value for name, value in request.items() if name != "id"},
                **({"location": "westus"} if "location" in request else {})}
    return request


def _known(difference: str) -> bool:
    """A PUT that changes nothing is Succeeded at once in Azure; here it is Updating until it was looked at."""
    return "PUT virtualNetworks/vnet2/subnets" in difference and "provisioningState" in difference
