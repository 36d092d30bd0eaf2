"""Validated ROA payloads (VRPs): reading them, checking origins by them (RFC 6811), and whether a new set can be true.

Files are JSON as rpki-client, Routinator and StayRTR write it: ``{"metadata": {…}, "roas": [{"prefix", "maxLength",
"asn", "ta"}]}``. Exceptions are a SLURM file's (RFC 8416).
"""

from __future__ import annotations

import json
import socket
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from trunkline.errors import Fault

_BITS = {4: 32, 6: 128}
_LARGEST_ASN = (1 << 32) - 1
#: No registry holds more than that in one piece, so no honest ROA covers more.
_WIDEST = {4: 8, 6: 12}
#: Where the time of a set stands: rpki-client's, Routinator's, StayRTR's own.
_TIMES = ("buildtime", "generatedTime", "generated", "exportTime")


class Vrp(NamedTuple):
    """Whoever originates ``prefix``, or what is more specific up to ``max_length``, must be ``asn``; AS 0 is nobody."""

    prefix: str
    max_length: int
    asn: int

    def __str__(self) -> str:
        return f"{self.prefix}-{self.max_length} AS{self.asn}"


#: A router that has these has validation data. TEST-NET-1 and the documentation prefix are never routed, and the AS
#: number is for private use, so no route's validity depends on them; the first is for IPv4, the second for IPv6.
SENTINELS = (Vrp("192.0.2.255/32", 32, 4_200_000_000), Vrp("2001:db8:ffff::/48", 48, 4_200_000_000))


@dataclass(frozen=True, slots=True)
class VrpSet:
    """``generated``: when the validator made it, if it tells."""

    vrps: frozenset[Vrp]
    generated: datetime | None = None


class _Key(NamedTuple):
    family: int
    bits: int
    length: int


class Validation:
    """RFC 6811, section 2, over a set of VRPs. Each family is a dictionary by prefix; a lookup asks once for each
    length that occurs in it, at most 32 or 128 times."""

    def __init__(self, vrps: Iterable[Vrp]) -> None:
        self._by_prefix: dict[_Key, list[tuple[int, int]]] = defaultdict(list)
        lengths: dict[int, set[int]] = defaultdict(set)
        for vrp in vrps:
            key = _key(vrp.prefix)
            self._by_prefix[key].append((vrp.max_length, vrp.asn))
            lengths[key.family].add(key.length)
        self._lengths = {family: tuple(sorted(found)) for family, found in lengths.items()}

    def __len__(self) -> int:
        return sum(map(len, self._by_prefix.values()))

    def covering(self, prefix: str) -> Iterator[tuple[int, int]]:
        """(max length, AS number) of each VRP that covers the prefix."""
        route = _key(prefix)
        for length in self._lengths.get(route.family, ()):
            if length > route.length:
                return
            drop = _BITS[route.family] - length
            yield from self._by_prefix.get(_Key(route.family, route.bits >> drop << drop, length), ())

    def of(self, prefix: str, origin: int | None) -> str:
        """``valid``, ``invalid`` or ``not-found``. ``origin`` is None of a path that ends in an AS_SET (RFC 6811: it
        matches nothing)."""
        found, length = "not-found", int(prefix.partition("/")[2])
        for max_length, asn in self.covering(prefix):
            if asn and asn == origin and length <= max_length:
                return "valid"
            found = "invalid"
        return found


def _key(prefix: str) -> _Key:
    address, _, length = prefix.partition("/")
    family, kind = (6, socket.AF_INET6) if ":" in address else (4, socket.AF_INET)
    return _Key(family, int.from_bytes(socket.inet_pton(kind, address)), int(length))


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────────


def parse(text: str) -> VrpSet:
    """Raises Fault that names the entry, its field and what is right. One wrong entry condemns the whole: half a set
    would make honest routes invalid."""
    found = _object(text, "VRP")
    roas = found.get("roas")
    if not isinstance(roas, list):
        raise _broken("it has no list 'roas'. Write JSON as rpki-client or Routinator does: "
                      '{"roas": [{"prefix": "192.0.2.0/24", "maxLength": 24, "asn": 64500}]}', "roas")
    vrps = frozenset(_vrp(entry, f"roas[{index}]") for index, entry in enumerate(roas))
    metadata = found.get("metadata")
    return VrpSet(vrps, _generated(metadata) if isinstance(metadata, dict) else None)


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Fault("VrpFileIsBroken", f"The {what} file is not JSON: {error}. Write it anew, and replace it at once "
                    "(rename), so that nobody reads a half.") from error
    if not isinstance(found, dict):
        raise Fault("VrpFileIsBroken", f"The {what} file must be a JSON object, not {type(found).__name__}.")
    return found


def _broken(problem: str, target: str) -> Fault:
    return Fault("VrpFileIsBroken", f"The VRP file is broken: {problem}.", target)


def _vrp(entry: object, where: str) -> Vrp:
    if not isinstance(entry, dict):
        raise _broken(f"{where} is not an object", where)
    prefix, length = _prefix(entry.get("prefix"), f"{where}.prefix")
    asn = _asn(entry.get("asn"), f"{where}.asn")
    most, bits = entry.get("maxLength", length), _BITS[6 if ":" in prefix else 4]
    if not isinstance(most, int) or isinstance(most, bool) or not length <= most <= bits:
        raise _broken(f"{where}.maxLength is {most!r}; of {prefix} it is a number from {length} to {bits}",
                      f"{where}.maxLength")
    return Vrp(prefix, most, asn)


def _prefix(text: object, where: str) -> tuple[str, int]:
    """In the usual spelling, with its length. ``ip_network`` takes ten times as long, and there are 500,000."""
    address, slash, digits = text.partition("/") if isinstance(text, str) else ("", "", "")
    kind, bits = (socket.AF_INET6, 128) if ":" in address else (socket.AF_INET, 32)
    try:
        packed = socket.inet_pton(kind, address)
        length = int(digits) if digits.isascii() and digits.isdigit() else -1
    except (OSError, ValueError, UnicodeError):
        length = -1
    if not slash or not 0 <= length <= bits:
        raise _broken(f"{where} is {text!r}; it must be a prefix such as 192.0.2.0/24", where)
    if int.from_bytes(packed) & ((1 << (bits - length)) - 1):
        raise _broken(f"{where} is {text!r}, which has bits set beyond its length", where)
    return f"{socket.inet_ntop(kind, packed)}/{length}", length


def _asn(value: object, where: str) -> int:
    """A number, or text like AS64500, which Routinator writes."""
    if isinstance(value, str):
        digits = value[2:] if value[:2].upper() == "AS" else value
        value = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else value
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST_ASN:
        raise _broken(f"{where} is {value!r}; it must be an AS number from 0 to {_LARGEST_ASN}", where)
    return value


def _generated(metadata: Mapping[str, Any]) -> datetime | None:
    """The time of the set; what cannot be read as a time is no time."""
    for name in _TIMES:
        value = metadata.get(name)
        try:
            if isinstance(value, int) and not isinstance(value, bool):
                return datetime.fromtimestamp(value, UTC)
            if isinstance(value, str) and value:
                read = datetime.fromisoformat(value)
                return read if read.tzinfo else read.replace(tzinfo=UTC)
        except (ValueError, OverflowError, OSError):
            continue
    return None


def render(found: VrpSet, metadata: Mapping[str, Any] | None = None) -> str:
    """The file that a cache serves; the same set gives the same bytes."""
    roas = [{"prefix": vrp.prefix, "maxLength": vrp.max_length, "asn": vrp.asn, "ta": "trunkline"}
            for vrp in sorted(found.vrps)]
    made = {"generated": int(found.generated.timestamp())} if found.generated else {}
    about = {**made, "vrps": len(roas), **(metadata or {})}
    return json.dumps({"metadata": about, "roas": roas}, separators=(",", ":"))


def with_sentinels(vrps: frozenset[Vrp]) -> frozenset[Vrp]:
    return vrps | frozenset(SENTINELS)


# ── local exceptions ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class PrefixFilter:
    """VRPs inside ``prefix`` (if given) and of ``asn`` (if given) are ignored (RFC 8416, section 3.3.1)."""

    prefix: str | None = None
    asn: int | None = None

    def catches(self, vrp: Vrp) -> bool:
        return (self.asn is None or self.asn == vrp.asn) and (self.prefix is None or _inside(vrp.prefix, self.prefix))


def _inside(prefix: str, other: str) -> bool:
    one, whole = _key(prefix), _key(other)
    drop = _BITS[whole.family] - whole.length
    return one.family == whole.family and one.length >= whole.length and one.bits >> drop == whole.bits >> drop


@dataclass(frozen=True, slots=True)
class Slurm:
    filters: tuple[PrefixFilter, ...] = ()
    assertions: frozenset[Vrp] = frozenset()

    def applied(self, vrps: frozenset[Vrp]) -> frozenset[Vrp]:
        kept = (vrp for vrp in vrps if not any(one.catches(vrp) for one in self.filters))
        return frozenset(kept if self.filters else vrps) | self.assertions


def parse_slurm(text: str) -> Slurm:
    """Prefix filters and prefix assertions; keys of BGPsec are not ours. Raises Fault."""
    found = _object(text, "SLURM")
    if found.get("slurmVersion") != 1:
        raise Fault("VrpFileIsBroken", f"slurmVersion is {found.get('slurmVersion')!r}; only 1 is known (RFC 8416).",
                    "slurmVersion")
    filters = _list(found, "validationOutputFilters", "prefixFilters")
    assertions = _list(found, "locallyAddedAssertions", "prefixAssertions")
    return Slurm(tuple(_filter(one, f"prefixFilters[{index}]") for index, one in enumerate(filters)),
                 frozenset(_assertion(one, f"prefixAssertions[{index}]") for index, one in enumerate(assertions)))


def _list(found: Mapping[str, Any], section: str, name: str) -> Sequence[object]:
    inner = found.get(section, {})
    value = inner.get(name, []) if isinstance(inner, dict) else None
    if not isinstance(value, list):
        raise Fault("VrpFileIsBroken", f"{section}.{name} must be a list (RFC 8416, section 3.2).", name)
    return value


def _filter(entry: object, where: str) -> PrefixFilter:
    if not isinstance(entry, dict) or not {"prefix", "asn"} & entry.keys():
        raise Fault("VrpFileIsBroken", f"{where} needs a prefix, an asn or both.", where)
    return PrefixFilter(_prefix(entry["prefix"], f"{where}.prefix")[0] if "prefix" in entry else None,
                        _asn(entry["asn"], f"{where}.asn") if "asn" in entry else None)


def _assertion(entry: object, where: str) -> Vrp:
    named = {**entry, "maxLength": entry["maxPrefixLength"]} if isinstance(entry, dict) and (
        "maxPrefixLength" in entry) else entry
    return _vrp(named, where)


# ── can it be true? ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one change of a set may do, in percent of the set before. ``few``: a smaller set is written by hand, and
    may change in any way but become empty."""

    lost_percent: int = 20
    invalidated_percent: int = 5
    few: int = 50


def suspicion(before: frozenset[Vrp] | None, after: frozenset[Vrp], bounds: Bounds) -> str:
    """Why a new set is not to be believed; empty if it may be true. ``before``: the last good one, None at first."""
    if not after:
        return "it has no VRPs at all, which would open the door to every origin"
    if wide := min((vrp for vrp in after if _is_wide(vrp.prefix)), default=None):
        return f"its VRP {wide} covers more address space than any registry holds in one piece"
    if before is None or len(before) < bounds.few:
        return ""
    lost = 100 * max(0, len(before) - len(after)) / len(before)
    if lost > bounds.lost_percent:
        return (f"it has {len(after)} VRPs where there were {len(before)}: {lost:.0f} % less, and "
                f"{bounds.lost_percent} % is the bound")
    turned = 100 * len(_invalidated(before, after, bounds.invalidated_percent)) / len(before)
    if turned > bounds.invalidated_percent:
        return (f"it makes {turned:.0f} % of the origins invalid that were valid before, and "
                f"{bounds.invalidated_percent} % is the bound")
    return ""


def _is_wide(prefix: str) -> bool:
    return int(prefix.partition("/")[2]) < _WIDEST[6 if ":" in prefix else 4]


def _invalidated(before: frozenset[Vrp], after: frozenset[Vrp], percent: int) -> list[Vrp]:
    """VRPs whose own prefix and origin were valid and are invalid now. Only those that are gone can be; while these are
    fewer than matters, nobody has to look closer."""
    gone = [vrp for vrp in before - after if vrp.asn]
    if 100 * len(gone) <= percent * len(before):
        return []
    validation = Validation(after)
    return [vrp for vrp in gone if validation.of(vrp.prefix, vrp.asn) == "invalid"]
