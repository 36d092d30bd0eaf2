"""What Python packs is what the C program reads."""

from __future__ import annotations

import re

import pytest

from trunkline.errors import DriverFailure
from trunkline.fabric.bpf import build, records
from trunkline.intent.network import ETH_P_8021AD, Counter, CrossConnect, Direction, Tag

HEADER = build.SOURCES[1].read_text()
QINQ = (Tag(100, ETH_P_8021AD), Tag(20))
PIECE = CrossConnect("edge", "p", "a", "circuit-1", Direction.OUT, match=QINQ, push=(Tag(7),), drop=True)


def test_both_sides_know_the_same_numbers_and_reasons() -> None:
    defined = dict(re.findall(r"#define (XC_\w+) (\w+)", HEADER))
    assert int(defined["XC_ENTRIES"]) == records.ENTRIES
    assert int(defined["XC_NO_TAG"], 0) == records.NO_TAG
    assert int(defined["XC_NAME"]) == records.NAME_BYTES
    reasons = re.findall(r"\tXC_(\w+),", HEADER)
    assert [reason.lower().replace("_", "-") for reason in reasons] == [*records.REASONS, "reasons"]


def test_the_key_is_ingress_and_both_vlan_ids() -> None:
    assert records.KEY.unpack(records.compile_key(PIECE, 5)) == (5, 100, 20)


def test_an_absent_tag_is_not_vlan_zero() -> None:
    untagged = CrossConnect("edge", "a", "p", "circuit-1", Direction.OUT)
    priority = CrossConnect("edge", "a", "p", "circuit-1", Direction.OUT, match=(Tag(0),))
    assert records.KEY.unpack(records.compile_key(untagged, 5)) == (5, 0xFFFF, 0xFFFF)
    assert records.KEY.unpack(records.compile_key(priority, 5)) == (5, 0, 0xFFFF)


def test_the_entry_names_its_counter_and_says_what_to_do() -> None:
    value = records.compile_entry(PIECE, 5, 6).value
    assert len(value) == records.ENTRY_BYTES == 84
    assert records.parse_counter_key(value[:64]) == ("circuit-1", Direction.OUT)
    assert records.ENTRY_TAIL.unpack(value[64:]) == (6, 0x88A8, 0x8100, 0x8100, 7, 0, 0, 2, 1, 1, 0)


@pytest.mark.parametrize("name", ["", "x" * 64, "é" * 32])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(DriverFailure, match="1 to 63 bytes"):
        records.compile_counter_key(name, Direction.IN)


def test_three_tags_are_refused() -> None:
    with pytest.raises(DriverFailure, match="two tags at most"):
        records.compile_entry(CrossConnect("edge", "p", "a", "one", Direction.IN, match=(*QINQ, Tag(1))), 5, 6)


def test_counters_are_the_sum_over_cpus() -> None:
    assert records.sum_counters(records.COUNTER.pack(1, 100) + records.COUNTER.pack(2, 50)) == Counter(3, 150)
