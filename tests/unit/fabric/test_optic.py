"""The light of optics, out of bytes as their EEPROMs have them."""

from __future__ import annotations

import pytest

from trunkline.fabric.optic import parse

SFF_8472, SFF_8636 = 2, 3


def sfp(measures: bool = True, received: int = 5012, sent: int = 10_000) -> bytes:
    """Powers in tenths of a microwatt."""
    eeprom = bytearray(512)
    eeprom[92] = 0x68 if measures else 0
    eeprom[256 + 102:256 + 106] = sent.to_bytes(2, "big") + received.to_bytes(2, "big")
    return bytes(eeprom)


def test_an_sfp_has_one_lane() -> None:
    assert parse(SFF_8472, sfp()) == ((-3.0, 0.0),)


def test_darkness_is_told_as_forty_below() -> None:
    assert parse(SFF_8472, sfp(received=0)) == ((-40.0, 0.0),)


def test_a_qsfp_has_four_lanes() -> None:
    eeprom = bytearray(256)
    for lane in range(4):
        eeprom[34 + 2 * lane:36 + 2 * lane] = (1_000 * (lane + 1)).to_bytes(2, "big")
        eeprom[50 + 2 * lane:52 + 2 * lane] = (10_000).to_bytes(2, "big")
    assert parse(SFF_8636, bytes(eeprom)) == ((-10.0, 0.0), (-6.99, 0.0), (-5.23, 0.0), (-3.98, 0.0))


@pytest.mark.parametrize(("kind", "eeprom"), [
    pytest.param(SFF_8472, sfp(measures=False), id="does not measure"),
    pytest.param(SFF_8472, sfp()[:256], id="first page alone"),
    pytest.param(SFF_8636, bytes(32), id="cut"),
    pytest.param(1, bytes(256), id="SFF-8079 has no diagnostics")])
def test_what_does_not_measure_has_no_light(kind: int, eeprom: bytes) -> None:
    assert parse(kind, eeprom) == ()
