from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.api import body
from trunkline.errors import Fault

LIMIT = 1000


@pytest.mark.parametrize(("content", "why"), [
    (b"{", "line 1 column 2"), (b'{"a": NaN}', "NaN"), (b'{"a": 1e999}', "too large"), (b'{"a":1,"a":2}', "twice"),
    (b'{"a":"\\ud800"}', "surrogate"), (b'{"a":"\\u0000"}', "NUL"), (b"\xff\xfe{", "UTF-8"), (b"[1]", "an array"),
    (b'{"a":' * 70 + b"1" + b"}" * 70, "deeper"), (b"[" * 100_000, "deeper"),
    (b'{"a":' + b"9" * 5000 + b"}", "more than 100 digits"),
    (b'"text"', "a text"), (b"null", "null"),
])
def test_what_is_no_proper_json_object_is_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(Fault, match=why) as refused:
        body.parse_object(content)
    assert refused.value.code == "InvalidRequestContent"


@pytest.mark.parametrize("content", [b"", b"  \n", b"{}"])
def test_nothing_is_an_empty_object(content: bytes) -> None:
    assert body.parse_object(content) == {}


def test_a_byte_order_mark_is_no_harm() -> None:
    assert body.parse_object(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_a_fault(content: bytes) -> None:
    try:
        found = body.parse_object(content)
    except Fault:
        return
    json.dumps(found, allow_nan=False, ensure_ascii=False).encode()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=5), inner,
                        max_size=4), max_leaves=20))
def test_proper_json_is_read_as_it_was_written(value: object) -> None:
    assert body.parse(json.dumps(value).encode()) == value


def _read(chunks: list[bytes], declared: str = "") -> bytes:
    taken: list[bytes] = []

    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            taken.append(chunk)
            yield chunk

    try:
        return asyncio.run(body.read(stream(), declared, LIMIT))
    except body.TooLarge:
        return b"refused after %d" % len(taken)


def test_a_declared_excess_is_not_read_at_all() -> None:
    assert _read([b"x" * 10], declared=str(LIMIT + 1)) == b"refused after 0"


def test_an_undeclared_excess_is_read_no_further_than_the_limit() -> None:
    assert _read([b"x" * 400] * 1000) == b"refused after 3"


def test_a_body_of_just_the_limit_is_taken() -> None:
    assert _read([b"x" * LIMIT], declared=str(LIMIT)) == b"x" * LIMIT
