"""What Python packs for the guard program is what the C program reads."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_address

import pytest

from trunkline.errors import DriverFailure
from trunkline.fabric.bpf import build
from trunkline.fabric.bpf import guard_records as records
from trunkline.intent.network import Counter, Sentry

HEADER = (build.HERE / "guard.h").read_text()
PIECE = Sentry("vrf", "customer", 7, "edge", "c1.primary.private", ("172.16.0.2", "fd00::2"), ("172.16.0.1", "fd00::1"))


def test_both_sides_know_the_same_numbers_and_reasons() -> None:
    assert int(re.findall(r"#define GUARD_NAME (\w+)", HEADER)[0]) == records.NAME_BYTES
    names = re.findall(r"\tGUARD_(\w+),", HEADER)
    classes, reasons = names[:names.index("CLASSES")], names[names.index("CLASSES") + 1:names.index("REASONS")]
    assert len(classes) == records.CLASSES
    words = {"POLICED": "control-policed"}
    assert [words.get(name, name.lower().replace("_", "-")) for name in reasons] == list(records.REASONS)


def test_a_sentry_names_its_attachment_and_both_ends_in_both_families() -> None:
    name, *rest = records.SENTRY.unpack(records.compile_sentry(PIECE))
    assert name == b"c1.primary.private".ljust(64, b"\0")
    assert rest == [*packed("172.16.0.2", "172.16.0.1"), bytes(4), 0, *packed("fd00::2", "fd00::1"), bytes(16)]
    assert records.parse_name(records.compile_sentry(PIECE)) == PIECE.attachment


def packed(*addresses: str) -> list[bytes]:
    return [ip_address(text).packed for text in addresses]


def test_on_a_shared_link_there_may_be_two_peers() -> None:
    peers = ("80.249.208.1", "2001:7f8:1::1", "80.249.208.2", "2001:7f8:1::2")
    _, _, *rest = records.SENTRY.unpack(records.compile_sentry(replace(PIECE, peers=peers, shared=True)))
    assert rest == [*packed("80.249.208.1", "80.249.208.2"), 1, *packed("fd00::2", "2001:7f8:1::1", "2001:7f8:1::2")]


def test_a_family_that_is_not_there_is_no_address() -> None:
    six = replace(PIECE, own=("fd00::2",), peers=("fd00::1",))
    assert records.SENTRY.unpack(records.compile_sentry(six))[1:4] == (bytes(4),) * 3
    four = replace(PIECE, own=("172.16.0.2",), peers=("172.16.0.1",))
    assert records.SENTRY.unpack(records.compile_sentry(four))[5:] == (bytes(16),) * 3


@pytest.mark.parametrize("name", ["", "a" * 64])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(DriverFailure, match="1 to 63 bytes"):
        records.compile_sentry(replace(PIECE, attachment=name))


def test_refusals_are_summed_over_processors() -> None:
    assert records.sum_refusals(records.REFUSALS.pack(1, 60) + records.REFUSALS.pack(2, 120)) == Counter(3, 180)
