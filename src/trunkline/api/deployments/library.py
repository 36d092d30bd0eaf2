"""The functions of the template language that need nothing but their arguments. Pure, and bounded: nothing that is
short to write makes something enormous.

``ValueError`` and the like mean that the arguments do not fit.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_network
from typing import Any
from urllib.parse import quote, unquote, urljoin
from uuid import UUID, uuid5

from trunkline.model.resource import Json

#: As in Azure: entries of a range, and what anything made of repetitions may have.
_MOST_ENTRIES = 10_000
_MOST_CHARACTERS = 1024 * 1024

#: Azure's namespace for ``guid()``, so that the same words give the same role assignment's name.
_GUIDS = UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")

Function = Callable[..., Any]


def text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    return json.dumps(value, separators=(",", ":"))


def concat(*parts: Any) -> Any:
    if parts and all(isinstance(part, list) for part in parts):
        return [one for part in parts for one in part]
    if any(isinstance(part, dict | list) for part in parts):
        raise ValueError("texts and lists do not mix")
    return "".join(map(text, parts))


def _bounded(number: int) -> int:
    if not -(2 ** 63) <= number < 2 ** 63:
        raise ValueError("beyond 64 bits")
    return number


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a whole number is needed")
    return value


def _arithmetic(combine: Callable[[int, int], int]) -> Function:
    return lambda one, other: _bounded(combine(_whole(one), _whole(other)))


def _divided(one: int, other: int) -> int:
    """Towards zero, as in .NET."""
    if other == 0:
        raise ValueError("division by zero")
    sign = 1 if one * other >= 0 else -1
    return sign * (abs(one) // abs(other))


def _rest(one: int, other: int) -> int:
    return one - other * _divided(one, other)


def _integer(value: Any) -> int:
    return _bounded(int(value))


def _boolean(value: Any) -> bool:
    if isinstance(value, str):
        return {"true": True, "false": False, "1": True, "0": False}[value.lower()]
    return bool(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("a truth value is needed")
    return value


def _extreme(choose: Callable[[Iterable[int]], int]) -> Function:
    def pick(*given: Any) -> int:
        values = given[0] if len(given) == 1 and isinstance(given[0], list) else given
        return choose([_whole(one) for one in values])
    return pick


def _range(start: int, count: int) -> list[int]:
    if not 0 <= _whole(count) <= _MOST_ENTRIES:
        raise ValueError("too many entries")
    return list(range(_whole(start), start + count))


def _equals(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _contains(holder: Any, wanted: Any) -> bool:
    if isinstance(holder, dict):
        return str(wanted).lower() in {name.lower() for name in holder}
    if isinstance(holder, str):
        return text(wanted) in holder
    return any(_equals(one, wanted) for one in holder)


def _empty(value: Any) -> bool:
    return value is None or len(value) == 0


def _union(*parts: Any) -> Any:
    if all(isinstance(part, dict) for part in parts):
        merged: Json = {}
        for part in parts:
            merged = _merged(merged, part)
        return merged
    found: list[Any] = []
    for part in parts:
        found += [one for one in part if not _contains(found, one)]
    return found


def _merged(one: Json, other: Json) -> Json:
    both = {name: _merged(one[name], value) if isinstance(value, dict) and isinstance(one.get(name), dict) else value
            for name, value in other.items()}
    return {**one, **both}


def _intersection(first: Any, *others: Any) -> Any:
    if isinstance(first, dict):
        return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}
    return [one for one in first if all(_contains(other, one) for other in others)]


def _replace(whole: str, old: str, new: str) -> str:
    if whole.count(old) * len(new) > _MOST_CHARACTERS:
        raise ValueError("too long")
    return whole.replace(old, new)


def _join(parts: list[Any], between: str) -> str:
    if len(parts) * len(between) > _MOST_CHARACTERS:
        raise ValueError("too long")
    return between.join(map(text, parts))


def _split(whole: str, marks: Any) -> list[str]:
    for mark in marks[1:] if isinstance(marks, list) else ():
        whole = whole.replace(mark, marks[0])
    return whole.split(marks[0] if isinstance(marks, list) else marks)


def _pad_left(value: Any, width: int, character: str = " ") -> str:
    if _whole(width) > _MOST_ENTRIES or len(character) != 1:
        raise ValueError("too wide")
    return text(value).rjust(width, character)


def _substring(whole: str, start: int, length: int | None = None) -> str:
    end = len(whole) if length is None else start + length
    if not 0 <= start <= end <= len(whole):
        raise ValueError("beyond the text")
    return whole[start:end]


def _create_object(*pairs: Any) -> Json:
    if len(pairs) % 2:
        raise ValueError("names and values in pairs")
    return {text(name): value for name, value in zip(pairs[::2], pairs[1::2], strict=True)}


def _array(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _unique(*words: str) -> str:
    """Thirteen characters that follow from the words; not those that Azure would make."""
    digest = hashlib.sha256("-".join(words).encode()).digest()
    return base64.b32encode(digest).decode().lower()[:13]


def _guid(*words: str) -> str:
    return str(uuid5(_GUIDS, "-".join(map(text, words))))


def _coalesce(*values: Any) -> Any:
    return next((one for one in values if one is not None), None)


def _try_get(holder: Any, *path: Any) -> Any:
    for piece in path:
        if isinstance(holder, dict):
            holder = next((value for name, value in holder.items() if name.lower() == str(piece).lower()), None)
        elif isinstance(holder, list) and isinstance(piece, int) and 0 <= piece < len(holder):
            holder = holder[piece]
        else:
            return None
    return holder


def _cidr_subnet(network: str, length: int, index: int) -> str:
    found = ip_network(network, strict=False)
    step = 2 ** (found.max_prefixlen - length)
    if not found.prefixlen <= length <= found.max_prefixlen or not 0 <= index < found.num_addresses // step:
        raise ValueError("no such subnet")
    return f"{found.network_address + index * step}/{length}"


def _cidr_host(network: str, index: int) -> str:
    found = ip_network(network, strict=False)
    if not 0 <= index < found.num_addresses - 1:
        raise ValueError("no such host")
    return str(found.network_address + 1 + index)


def _parse_cidr(network: str) -> Json:
    found = ip_network(network, strict=False)
    return {"network": str(found.network_address), "netmask": str(found.netmask), "cidr": found.prefixlen,
            "broadcast": str(found.broadcast_address), "firstUsable": str(found.network_address + 1),
            "lastUsable": str(found.broadcast_address - 1)}


def _items(given: Json) -> list[Json]:
    return [{"key": name, "value": given[name]} for name in sorted(given)]


def _ends(method: str) -> Function:
    return lambda whole, part: getattr(whole.lower(), method)(part.lower())


def _find(method: str) -> Function:
    return lambda whole, part: getattr(whole.lower(), method)(part.lower())


FUNCTIONS: Mapping[str, Function] = {
    "add": _arithmetic(lambda one, other: one + other), "sub": _arithmetic(lambda one, other: one - other),
    "mul": _arithmetic(lambda one, other: one * other), "div": _arithmetic(_divided), "mod": _arithmetic(_rest),
    "int": _integer, "bool": _boolean, "min": _extreme(min), "max": _extreme(max), "range": _range,
    "equals": _equals, "less": lambda one, other: one < other, "lessorequals": lambda one, other: one <= other,
    "greater": lambda one, other: one > other, "greaterorequals": lambda one, other: one >= other,
    "and": lambda *given: all(map(_truth, given)), "or": lambda *given: any(map(_truth, given)),
    "not": lambda given: not _truth(given), "true": lambda: True, "false": lambda: False, "null": lambda: None,
    "coalesce": _coalesce, "contains": _contains, "empty": _empty, "length": len,
    "first": lambda holder: holder[0] if holder else ("" if isinstance(holder, str) else None),
    "last": lambda holder: holder[-1] if holder else ("" if isinstance(holder, str) else None),
    "take": lambda holder, count: holder[:max(0, count)], "skip": lambda holder, count: holder[max(0, count):],
    "union": _union, "intersection": _intersection, "createarray": lambda *given: list(given), "array": _array,
    "createobject": _create_object, "items": _items, "objectkeys": sorted, "tryget": _try_get,
    "flatten": lambda lists: [one for inner in lists for one in inner],
    "indexof": _find("find"), "lastindexof": _find("rfind"), "startswith": _ends("startswith"),
    "endswith": _ends("endswith"), "replace": _replace, "join": _join, "split": _split, "padleft": _pad_left,
    "substring": _substring, "trim": str.strip, "tolower": str.lower, "toupper": str.upper, "string": text,
    "concat": concat, "uniquestring": _unique, "guid": _guid, "json": json.loads,
    "base64": lambda whole: base64.b64encode(whole.encode()).decode(),
    "base64tostring": lambda whole: base64.b64decode(whole, validate=True).decode(),
    "base64tojson": lambda whole: json.loads(base64.b64decode(whole, validate=True)),
    "uri": urljoin, "uricomponent": lambda whole: quote(whole, safe=""), "uricomponenttostring": unquote,
    "cidrsubnet": _cidr_subnet, "cidrhost": _cidr_host, "parsecidr": _parse_cidr,
}
