"""What Python packs for the impair programs is what they read."""

from __future__ import annotations

import re
import struct
from dataclasses import replace

import pytest

from conditions import ends_in
from trunkline.fabric import relay
from trunkline.fabric.bpf import build
from trunkline.fabric.bpf import impair_records as records
from trunkline.fabric.bpf.impair_records import CERTAIN, Rule
from trunkline.intent.network import Impairment

HEADER = (build.HERE / "impair.h").read_text()
LINE = Impairment("edge", "p", True, ends_in(60))


def test_both_sides_know_the_same_numbers() -> None:
    defined = {name: int(value, 0) for name, value in re.findall(r"#define (IM_\w+) (\w+)", HEADER)}
    assert defined == {"IM_RULES": records.RULES, "IM_PASSED": records.PASSED}


@pytest.mark.parametrize(("name", "layout"), [
    ("im_key", records.KEY), ("im_rule", records.RULE), ("im_counter", records.COUNTER),
    ("im_relayed", records.RELAYED), ("im_return", records.RETURN)])
def test_both_sides_know_the_same_records(name: str, layout: struct.Struct) -> None:
    body = re.search(rf"struct {name} {{(.*?)}};", HEADER, re.DOTALL)
    assert body
    bits = [int(width) for width in re.findall(r"__u(\d+) ", body[1])]
    assert sum(bits) // 8 == layout.size


def test_a_rule_is_read_back_as_it_was_written() -> None:
    rule = records.compile_rule(replace(LINE, loss_ppm=20_000, delay_us=3, jitter_us=2))
    assert Rule.parse(bytes(rule)) == rule
    assert (rule.delay_ns, rule.jitter_ns, rule.lose) == (3000, 2000, CERTAIN // 50)


def test_a_rate_of_a_thousandth_of_a_percent_is_not_nothing_and_all_is_all() -> None:
    assert 42_000 < records.compile_rule(replace(LINE, loss_ppm=10)).lose < 43_000
    assert records.compile_rule(replace(LINE, loss_ppm=1_000_000)).lose == CERTAIN


@pytest.mark.parametrize(("harm", "detour", "reorder"), [
    pytest.param({"loss_ppm": 10}, 0, 0, id="loss needs no relay"),
    pytest.param({"delay_us": 1}, CERTAIN, 0, id="every frame is delayed"),
    pytest.param({"corruption_ppm": 1}, CERTAIN, 0, id="every frame may be the one that is corrupted"),
    pytest.param({"reordering_ppm": 500_000}, CERTAIN // 2, CERTAIN, id="only what is overtaken leaves the path"),
    pytest.param({"reordering_ppm": 500_000, "delay_us": 1}, CERTAIN, CERTAIN // 2, id="all are delayed, some longer"),
])
def test_what_goes_through_the_relay(harm: dict[str, int], detour: int, reorder: int) -> None:
    rule = records.compile_rule(replace(LINE, **harm))
    assert (rule.detour, rule.reorder) == (detour, reorder)


def ipv4(payload: bytes, tags: bytes = b"", padding: bytes = b"") -> bytes:
    header = struct.pack("!BBH16x", 0x45, 0, 20 + len(payload))
    return bytes(relay.VNET_HEADER) + bytes(12) + tags + b"\x08\x00" + header + payload + padding


@pytest.mark.parametrize("tags", [b"", bytes.fromhex("88a80064"), bytes.fromhex("88a8006481000014")])
def test_corruption_changes_one_bit_of_what_the_checksum_covers(tags: bytes) -> None:
    frame = ipv4(bytes(8), tags, padding=bytes(18))
    first = relay.VNET_HEADER + 14 + len(tags) + 20
    for _ in range(200):
        changed = relay.corrupt(frame)
        assert changed is not None
        different = [(at, was ^ now) for at, (was, now) in enumerate(zip(frame, changed, strict=True)) if was != now]
        (at, bits), = different
        assert first <= at < first + 8
        assert bits.bit_count() == 1


@pytest.mark.parametrize("frame", [
    pytest.param(bytes(relay.VNET_HEADER) + bytes(12) + b"\x08\x06" + bytes(28), id="ARP has no checksum"),
    pytest.param(ipv4(b""), id="an empty packet"),
    pytest.param(ipv4(bytes(100))[:40], id="ends within its header"),
    pytest.param(bytes(relay.VNET_HEADER + 14), id="nothing behind Ethernet"),
])
def test_a_frame_whose_corruption_nobody_would_notice_stays_whole(frame: bytes) -> None:
    assert relay.corrupt(frame) is None
