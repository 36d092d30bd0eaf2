"""outage.h and outage_records.py say the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from trunkline.fabric.bpf import build
from trunkline.fabric.bpf import outage_records as records
from trunkline.fabric.bpf.impair_records import NO_TAG, boottime_ns
from trunkline.intent.network import Outage

HEADER = (build.HERE / "outage.h").read_text()
BEGUN = "2020-01-01T00:00:00+00:00"


def test_both_sides_know_the_same_numbers() -> None:
    assert int(re.findall(r"#define OU_NODE (\d+)", HEADER)[0]) == records.NODE
    ways = {name: int(value) for name, value in re.findall(r"OU_(COMING|LEAVING) = (\d),", HEADER)}
    assert ways == {"COMING": records.COMING, "LEAVING": records.LEAVING}


def test_a_key_is_of_the_node_an_interface_or_a_tag_on_it() -> None:
    line, tag = Outage("edge", BEGUN, BEGUN, "p"), Outage("edge", BEGUN, BEGUN, "p", 7)
    assert [records.KEY.unpack(records.compile_key(one, 5))[:2] for one in (line, tag)] == [(5, NO_TAG), (5, 7)]
    assert records.index_of(records.compile_key(Outage("edge", BEGUN, BEGUN), records.NODE)) == records.NODE


def test_a_rule_has_its_times_by_the_clock_that_goes_on_while_the_machine_sleeps() -> None:
    ends = datetime.now(UTC) + timedelta(seconds=60)
    rule = records.compile_rule(Outage("edge", BEGUN, ends.isoformat(), down_ms=50, up_ms=100, leaving=False))
    assert abs(rule.until_ns - boottime_ns() - 60_000_000_000) < 1_000_000_000
    assert (rule.begun_ns, rule.period_ns, rule.down_ns, rule.ways) == (0, 150_000_000, 50_000_000, records.COMING)
    assert records.Rule.parse(bytes(rule)) == rule


def test_what_does_not_come_and_go_has_no_period() -> None:
    assert records.compile_rule(Outage("edge", BEGUN, BEGUN, down_ms=50)).period_ns == 0


def test_counters_of_all_processors_count() -> None:
    assert records.sum_counters(records.COUNTER.pack(1, 2) + records.COUNTER.pack(10, 20)) == (11, 22)
