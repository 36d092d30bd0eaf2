"""VRPs: read as validators write them, RFC 6811 by its own table, and sets that cannot be true."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.errors import Fault
from trunkline.model.vrp import (
    SENTINELS,
    Bounds,
    Validation,
    Vrp,
    VrpSet,
    parse,
    parse_slurm,
    render,
    suspicion,
    with_sentinels,
)


def _file(*roas: object, **metadata: object) -> str:
    return json.dumps({"metadata": metadata, "roas": roas})


def _roa(prefix: object = "198.51.100.0/24", most: object = 24, asn: object = 64500) -> dict[str, object]:
    return {"prefix": prefix, "maxLength": most, "asn": asn, "ta": "test"}


@pytest.mark.parametrize("asn", [64500, "AS64500", "64500"])
def test_files_of_all_three_validators_are_read(asn: object) -> None:
    assert parse(_file(_roa(asn=asn))).vrps == {Vrp("198.51.100.0/24", 24, 64500)}


def test_a_prefix_is_kept_in_its_usual_spelling() -> None:
    assert parse(_file(_roa("2001:DB8:0::/32", 48))).vrps == {Vrp("2001:db8::/32", 48, 64500)}


@pytest.mark.parametrize(("metadata", "told"), [
    ({"buildtime": "2026-01-02T03:04:05Z"}, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ({"generated": 1767323045}, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ({"generatedTime": "2026-01-02T03:04:05+00:00"}, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ({"buildtime": "yesterday"}, None),
    ({}, None),
])
def test_the_time_of_a_set_is_read(metadata: dict[str, object], told: datetime | None) -> None:
    assert parse(_file(_roa(), **metadata)).generated == told


@pytest.mark.parametrize(("text", "target", "words"), [
    ("{", "", "not JSON"),
    ("[]", "", "JSON object"),
    ("{}", "roas", "no list 'roas'"),
    ('{"roas": {}}', "roas", "no list 'roas'"),
    ('{"roas": [5]}', "roas[0]", "not an object"),
    (_file(_roa(), _roa("198.51.100.1/24")), "roas[1].prefix", "bits set beyond"),
    (_file(_roa("198.51.100.0")), "roas[0].prefix", "must be a prefix"),
    (_file(_roa("198.51.100.0/33")), "roas[0].prefix", "must be a prefix"),
    (_file(_roa(None)), "roas[0].prefix", "must be a prefix"),
    (_file(_roa("２.0.0.0/8")), "roas[0].prefix", "must be a prefix"),
    (_file(_roa(most=23)), "roas[0].maxLength", "from 24 to 32"),
    (_file(_roa(most=33)), "roas[0].maxLength", "from 24 to 32"),
    (_file(_roa(most="24")), "roas[0].maxLength", "from 24 to 32"),
    (_file(_roa(most=True)), "roas[0].maxLength", "from 24 to 32"),
    (_file(_roa(asn=-1)), "roas[0].asn", "AS number"),
    (_file(_roa(asn="ASX")), "roas[0].asn", "AS number"),
    (_file(_roa(asn=1 << 32)), "roas[0].asn", "AS number"),
    (_file(_roa(asn=None)), "roas[0].asn", "AS number"),
])
def test_a_broken_file_is_refused_with_the_entry_and_what_is_right(text: str, target: str, words: str) -> None:
    with pytest.raises(Fault, match=words.replace("[", r"\[")) as caught:
        parse(text)
    assert (caught.value.code, caught.value.target) == ("VrpFileIsBroken", target)


def test_what_is_printed_is_read_as_the_same() -> None:
    found = VrpSet(frozenset({Vrp("198.51.100.0/24", 25, 64500), Vrp("2001:db8::/32", 48, 0)}),
                   datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert parse(render(found)) == found


@pytest.mark.parametrize(("prefix", "origin", "validity"), [
    ("198.51.100.0/24", 64500, "valid"),
    ("198.51.100.0/25", 64500, "valid"),
    ("198.51.100.0/26", 64500, "invalid"),
    ("198.51.100.0/24", 64501, "invalid"),
    ("198.51.100.0/24", None, "invalid"),
    ("198.51.0.0/16", 64500, "not-found"),
    ("203.0.113.0/24", 64502, "invalid"),
    ("203.0.113.0/24", 0, "invalid"),
    ("192.0.2.0/24", 64500, "not-found"),
    ("2001:db8:1::/48", 64500, "valid"),
    ("2001:db8:1::/64", 64500, "invalid"),
    ("2001:db9::/32", 64500, "not-found"),
])
def test_origins_are_validated_as_rfc_6811_says(prefix: str, origin: int | None, validity: str) -> None:
    known = [Vrp("198.51.100.0/24", 25, 64500), Vrp("203.0.113.0/24", 24, 0), Vrp("2001:db8::/32", 48, 64500)]
    assert Validation(known).of(prefix, origin) == validity


def test_one_matching_vrp_outweighs_others_that_do_not_match() -> None:
    known = [Vrp("198.51.0.0/16", 16, 64499), Vrp("198.51.100.0/24", 24, 64500)]
    assert Validation(known).of("198.51.100.0/24", 64500) == "valid"


def test_without_vrps_nothing_is_found() -> None:
    assert Validation(()).of("198.51.100.0/24", 64500) == "not-found"


_PREFIXES = st.builds(lambda bits, length: (bits >> (8 - length) << (8 - length), length),
                      st.integers(0, 255), st.integers(0, 8))


@given(st.lists(st.tuples(_PREFIXES, st.integers(0, 8), st.integers(0, 3))), _PREFIXES, st.integers(1, 3))
def test_validation_agrees_with_the_definition(
        roas: list[tuple[tuple[int, int], int, int]], route: tuple[int, int], origin: int) -> None:
    vrps = [Vrp(f"{bits}.0.0.0/{length}", max(length, most), asn) for (bits, length), most, asn in roas]
    bits, length = route
    covering = [vrp for (top, size), _, _ in roas for vrp in vrps if vrp.prefix == f"{top}.0.0.0/{size}"
                and size <= length and bits >> (8 - size) == top >> (8 - size)]
    expected = "not-found" if not covering else "invalid"
    if any(vrp.asn == origin and length <= vrp.max_length for vrp in covering):
        expected = "valid"
    assert Validation(vrps).of(f"{bits}.0.0.0/{length}", origin) == expected


def test_sentinels_make_no_routable_prefix_invalid() -> None:
    validation = Validation(with_sentinels(frozenset()))
    assert len(validation) == len(SENTINELS)
    assert validation.of("198.51.100.0/24", 64500) == "not-found"
    assert {validation.of(vrp.prefix, vrp.asn) for vrp in SENTINELS} == {"valid"}


def test_slurm_filters_and_asserts() -> None:
    slurm = parse_slurm(json.dumps({
        "slurmVersion": 1,
        "validationOutputFilters": {
            "prefixFilters": [{"prefix": "198.51.100.0/24"}, {"asn": 64501}], "bgpsecFilters": []},
        "locallyAddedAssertions": {"prefixAssertions": [
            {"asn": 64502, "prefix": "203.0.113.0/24", "maxPrefixLength": 25}], "bgpsecAssertions": []}}))
    before = frozenset({Vrp("198.51.100.0/25", 25, 64500), Vrp("192.0.2.0/24", 24, 64501), Vrp("10.0.0.0/8", 8, 64503)})
    assert slurm.applied(before) == {Vrp("10.0.0.0/8", 8, 64503), Vrp("203.0.113.0/24", 25, 64502)}


@pytest.mark.parametrize("text", [
    "{}", '{"slurmVersion": 2}', '{"slurmVersion": 1, "validationOutputFilters": {"prefixFilters": [{}]}}',
    '{"slurmVersion": 1, "locallyAddedAssertions": {"prefixAssertions": 5}}'])
def test_a_broken_slurm_file_is_refused(text: str) -> None:
    with pytest.raises(Fault) as caught:
        parse_slurm(text)
    assert caught.value.code == "VrpFileIsBroken"


def _many(count: int, asn: int = 64500) -> frozenset[Vrp]:
    return frozenset(Vrp(f"198.{18 + number // 256}.{number % 256}.0/24", 24, asn) for number in range(count))


@pytest.mark.parametrize(("before", "after", "words"), [
    (None, _many(10), ""),
    (None, frozenset(), "no VRPs"),
    (_many(5), frozenset(), "no VRPs"),
    (_many(5), _many(1), ""),
    (_many(5), frozenset({Vrp("0.0.0.0/0", 32, 0)}), "more address space"),
    (None, frozenset({Vrp("::/0", 128, 0)}), "more address space"),
    (_many(200), _many(200), ""),
    (_many(200), _many(160), ""),
    (_many(200), _many(159), "20 % is the bound"),
    (_many(200), _many(200, asn=64501), "100 % of the origins"),
    (_many(200), _many(400) - _many(9), ""),
    (_many(200), (_many(200) - _many(20)) | _many(20, asn=0), "10 % of the origins"),
    (_many(200), (_many(200) - _many(10)) | _many(10, asn=0), ""),
    (_many(200), _many(200) | frozenset({Vrp("198.0.0.0/8", 8, 0)}), ""),
])
def test_a_set_that_cannot_be_true_is_told(before: frozenset[Vrp] | None, after: frozenset[Vrp], words: str) -> None:
    found = suspicion(before, after, Bounds())
    assert words in found if words else not found
