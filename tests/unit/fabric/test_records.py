"""What Python packs is what the C program reads."""

from __future__ import annotations

import re

import pytest

from trunkline.errors import DriverFailure
from trunkline.fabric.bpf import build, records
from trunkline.intent.bucket import REACH, SHIFT, TICK
from trunkline.intent.network import ETH_P_8021AD, Counter, CrossConnect, Direction, Policer, Tag

HEADER = (build.HERE / "xconnect.h").read_text()
FRAME = (build.HERE / "frame.h").read_text()
QINQ = (Tag(100, ETH_P_8021AD), Tag(20))
PIECE = CrossConnect("edge", "p", "a", "circuit-1", Direction.OUT, match=QINQ, push=(Tag(7),))


def test_both_sides_know_the_same_numbers_and_reasons() -> None:
    defined = dict(re.findall(r"#define (XC_\w+) (\w+)", HEADER))
    assert int(defined["XC_ROOM"]) == records.ROOMS[0]
    assert int(defined["XC_NONE"]) == records.NONE
    assert int(re.findall(r"#define FRAME_NO_TAG (\w+)", FRAME)[0], 0) == records.NO_TAG
    assert int(defined["XC_NAME"]) == records.NAME_BYTES
    reasons = re.findall(r"\tXC_(\w+),", HEADER)
    assert [reason.lower().replace("_", "-") for reason in reasons] == [*records.REASONS, "reasons"]


def test_both_sides_reckon_in_the_same_units() -> None:
    defined = dict(re.findall(r"#define (POLICE_\w+) (\w+)", (build.HERE / "police.h").read_text()))
    assert [int(defined[f"POLICE_{name}"]) for name in ("SHIFT", "TICK", "REACH")] == [SHIFT, TICK, REACH]


def test_the_key_is_ingress_and_both_vlan_ids() -> None:
    assert records.KEY.unpack(records.compile_key(PIECE, 5)) == (5, 100, 20)


def test_an_absent_tag_is_not_vlan_zero() -> None:
    untagged = CrossConnect("edge", "a", "p", "circuit-1", Direction.OUT)
    priority = CrossConnect("edge", "a", "p", "circuit-1", Direction.OUT, match=(Tag(0),))
    assert records.KEY.unpack(records.compile_key(untagged, 5)) == (5, 0xFFFF, 0xFFFF)
    assert records.KEY.unpack(records.compile_key(priority, 5)) == (5, 0, 0xFFFF)


def test_the_entry_says_what_to_do_and_who_counts_and_polices() -> None:
    value = records.compile_entry(PIECE, records.Wiring(5, 6, meter=7, policer=8))
    assert records.ENTRY.unpack(value) == (6, 7, 8, 1500, 0x88A8, 0x8100, 0x8100, 7, 0, 0, 2, 1, 0)


@pytest.mark.parametrize("name", ["", "x" * 64, "é" * 32])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(DriverFailure, match="1 to 63 bytes"):
        records.compile_name(name, records.Kind.IN)


def test_a_name_is_read_as_it_was_written() -> None:
    assert records.parse_name(records.meter_name(PIECE)) == ("circuit-1", records.Kind.OUT)
    assert records.where(records.meter_name(PIECE)) == ("circuit-1", Direction.OUT)


def test_three_tags_are_refused() -> None:
    piece = CrossConnect("edge", "p", "a", "one", Direction.IN, match=(*QINQ, Tag(1)))
    with pytest.raises(DriverFailure, match="two tags at most"):
        records.compile_entry(piece, records.Wiring(5, 6, 1))


def test_only_reasons_that_there_were_are_told() -> None:
    words = [0] * (3 + 2 * len(records.REASONS))
    at = 3 + 2 * records.REASONS.index("policed")
    words[at:at + 2] = 2, 3000
    assert records.drops(tuple(words)) == {"policed": Counter(2, 3000)}


def test_a_tolerant_policer_knows_both_rates() -> None:
    hard = records.POLICER.unpack(records.compile_policer(Policer("edge", "one", 10**9, 300)))
    soft = records.POLICER.unpack(records.compile_policer(Policer("edge", "one", 10**9, 300, tolerance_percent=20)))
    assert hard[:4] == (8 << SHIFT, 300_000_000, 0, 0)
    assert soft[:2] == hard[:2]
    assert soft[2] == pytest.approx(hard[0] / 1.2, rel=1e-6)
