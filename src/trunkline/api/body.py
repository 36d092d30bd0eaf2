"""Request bodies: how much is read, what counts as JSON, how deep it may go. Whatever comes, the worst is a Fault."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Mapping
from typing import Any

from trunkline.errors import Fault
from trunkline.model.resource import Json

#: Deepest nesting of objects and arrays.
_DEPTH = 64
#: Of the longest whole number: a store's integers have 19.
_DIGITS = 100


class TooLarge(Fault):
    """The body was not read to its end (HTTP 413)."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__("RequestEntityTooLarge", f"The request content is larger than {limit_bytes} bytes, the most "
                         "that is allowed; send less.", status=413)


async def read(chunks: AsyncIterator[bytes], declared_bytes: str, limit_bytes: int) -> bytes:
    """The whole body, or TooLarge as soon as that is known. ``declared_bytes``: the Content-Length, if any."""
    if declared_bytes.isdecimal() and int(declared_bytes) > limit_bytes:
        raise TooLarge(limit_bytes)
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) > limit_bytes:
            raise TooLarge(limit_bytes)
    return bytes(held)


def object_in(headers: Mapping[str, str], body: bytes) -> Json:
    """The JSON object a request brings; a request without a body brings an empty one."""
    if body:
        _check_media_type(headers.get("content-type", ""))
    return parse_object(body)


def _check_media_type(content_type: str) -> None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in ("application/json", "text/json", "application/merge-patch+json"):
        raise Fault("UnsupportedMediaType", f"The content media type '{kind[:80]}' is not supported. Only "
                    "'application/json' is supported.", "Content-Type", 415)


def parse_object(body: bytes) -> Json:
    """A JSON object; nothing at all counts as an empty one."""
    if not body.strip():
        return {}
    found = parse(body)
    if not isinstance(found, dict):
        raise _invalid(f"its top is {_word(found)}, not an object; write {{\"properties\": {{…}}}}")
    return found


def parse(body: bytes) -> Any:
    """JSON (RFC 8259) without its dark corners: no NaN, no doubled names, no lone surrogates, no endless nesting."""
    try:
        found = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_constant,
                           parse_float=_float, parse_int=_int)
    except UnicodeDecodeError as wrong:
        raise _invalid(f"it is not UTF-8 at byte {wrong.start}; encode it as UTF-8") from wrong
    except RecursionError as deep:
        raise _too_deep() from deep
    except ValueError as wrong:
        raise _invalid(f"{wrong}; correct the JSON") from wrong
    _check_tree(found)
    return found


def _invalid(why: str) -> Fault:
    return Fault("InvalidRequestContent", f"The request content was invalid and could not be deserialized: {why}.")


def _too_deep() -> Fault:
    return _invalid(f"it nests deeper than {_DEPTH} levels; make it flatter")


def _object(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"member '{doubled[:80]}' stands twice in one object")
    return found


def _constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def _int(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"the number {text[:40]}… has more than {_DIGITS} digits")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _check_tree(top: Any) -> None:
    level = [top]
    for _ in range(_DEPTH + 1):
        for value in level:
            _check_texts(value)
        level = [inner for value in level for inner in _inner(value)]
        if not level:
            return
    raise _too_deep()


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _check_texts(value: Any) -> None:
    """Texts that could be stored nowhere."""
    for text in value if isinstance(value, dict) else [value]:
        if isinstance(text, str) and ("\0" in text or not _encodes(text)):
            raise _invalid("a text holds a NUL or half of a surrogate pair; leave it out")


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _word(value: Any) -> str:
    words = {list: "an array", str: "a text", bool: "a truth value", type(None): "null"}
    return words.get(type(value), "a number")
