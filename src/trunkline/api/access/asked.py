"""Which of Azure's actions a request is, over which scope. Pure: method and path say it all."""

from __future__ import annotations

from dataclasses import dataclass

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete", "POST": "action"}

_RESOURCES = "Microsoft.Resources"


@dataclass(frozen=True, slots=True)
class Asked:
    """``scope``: as the client spells it. ``wide``: a read of a whole subscription or group, which shows whoever may
    see anything in there just that."""

    action: str
    scope: str
    wide: bool = False


def asked(method: str, path: str) -> Asked:
    """Of a path that begins with a subscription."""
    pieces = path.strip("/").split("/")
    verb = _VERBS.get(method, "read")
    at = max((index for index in range(0, len(pieces), 2) if pieces[index].lower() == "providers"), default=None)
    if at is None:
        return _container(pieces, verb)
    namespace, rest = pieces[at + 1:at + 2], pieces[at + 2:]
    if not rest:
        return Asked(f"{_RESOURCES}/subscriptions/providers/{verb}", _path(pieces[:at]), verb == "read")
    kinds, own = rest[0::2], _own(rest, verb)
    scope = pieces[:at + 2] + own if own else pieces[:at]
    return Asked("/".join((*namespace, *kinds, verb)), _path(scope), verb == "read" and not own)


def _own(rest: list[str], verb: str) -> list[str]:
    """The pieces that name a resource: without the action's, or the collection's, or an operation's that is polled."""
    if [piece.lower() for piece in rest[0::2]][:2] in (["locations", "operations"], ["locations", "operationresults"]):
        return []
    if len(rest) % 2:
        return rest[:-1]
    return rest[:-2] if verb == "action" else rest


def _container(pieces: list[str], verb: str) -> Asked:
    """A subscription, a group, or a list of them or in them."""
    kinds = ["subscriptions", *(["resourceGroups"] if len(pieces) > 2 and pieces[2].lower() == "resourcegroups" else
                                pieces[2:3])]
    item = pieces[:len(pieces) - len(pieces) % 2]
    wide = verb == "read" and (len(pieces) % 2 == 1 or len(pieces) == 2 or kinds[-1].lower() == "operationresults")
    if kinds[-1].lower() == "operationresults":
        item = pieces[:2]
    return Asked("/".join((_RESOURCES, *kinds, verb)), _path(item), wide)


def _path(pieces: list[str]) -> str:
    return "/" + "/".join(pieces)
