"""What a service says of itself over DNS: well-formed for every question, silent to what is none."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from trunkline.fabric.answering import Catalogue, plain, reply

NAME = b"\x04blob\x05azure\x00"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    (tmp_path / "services.json").write_text(json.dumps({"region": "westeurope", "answers": [
        ["13.80.0.0/15", "AzureWestEurope"], ["13.80.1.0/24", "AzureStorageWestEurope"], ["2603:1020::/32", "Six"]]}))
    return Catalogue(tmp_path / "services.json")


def query(kind: int, flags: int = 0x0100) -> bytes:
    return struct.pack("!6H", 7, flags, 1, 0, 0, 0) + NAME + struct.pack("!2H", kind, 1)


def test_the_longest_prefix_speaks(catalogue: Catalogue) -> None:
    assert catalogue.told("13.80.1.9", "1.1.1.1")["service"] == "AzureStorageWestEurope"
    assert catalogue.told("13.81.1.9", "1.1.1.1")["service"] == "AzureWestEurope"


@pytest.mark.parametrize(("kind", "asked", "answers"), [
    (1, "13.80.1.9", 1), (28, "13.80.1.9", 0), (28, "2603:1020::9", 1), (1, "2603:1020::9", 0), (16, "13.80.1.9", 1),
    (15, "13.80.1.9", 0)])
def test_an_address_is_answered_in_its_family_and_text_in_both(
        catalogue: Catalogue, kind: int, asked: str, answers: int) -> None:
    found = reply(catalogue, query(kind), asked, "104.1.0.1")
    assert found
    assert struct.unpack_from("!6H", found) == (7, 0x8500, 1, answers, 0, 0)


def test_text_says_who_is_asked_and_who_asks(catalogue: Catalogue) -> None:
    found = reply(catalogue, query(16), "13.80.1.9", "104.1.0.1")
    assert found
    assert b"service=AzureStorageWestEurope region=westeurope address=13.80.1.9 you=104.1.0.1" in found


def test_an_answer_is_never_answered(catalogue: Catalogue) -> None:
    assert reply(catalogue, query(1, flags=0x8000), "13.80.1.9", "1.1.1.1") is None


def test_garbage_is_survived(catalogue: Catalogue) -> None:
    for length in range(200):
        reply(catalogue, bytes(11 * n % 256 for n in range(length)), "13.80.1.9", "1.1.1.1")
    for length in range(len(query(1))):
        reply(catalogue, query(1)[:length], "13.80.1.9", "1.1.1.1")


@pytest.mark.parametrize(("text", "told"), [
    ("::ffff:1.2.3.4", "1.2.3.4"), ("fe80::1%eth0", "fe80::1"), ("1.2.3.4", "1.2.3.4")])
def test_addresses_are_told_plainly(text: str, told: str) -> None:
    assert plain(text) == told
