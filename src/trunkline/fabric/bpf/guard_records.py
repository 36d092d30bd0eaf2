"""``guard.h`` in Python: the layout of keys and values of guard's maps, and the names of its reasons."""

from __future__ import annotations

import ipaddress
import struct

from trunkline.errors import DriverFailure
from trunkline.intent.network import Counter, Sentry

#: In the order of ``enum guard_reason``.
REASONS = ("spoofed", "stranger", "control-policed", "malformed", "foreign", "no-sentry", "transit")

NAME_BYTES, CLASSES = 64, 8
KEY = struct.Struct("=I")
SENTRY = struct.Struct(f"={NAME_BYTES}s4s4s4sI16s16s16s")  #: what the program itself writes follows
UNUSED = bytes(8 * (1 + CLASSES))  #: no connection yet, and full buckets
SENTRY_BYTES = SENTRY.size + len(UNUSED)
REFUSED_KEY = struct.Struct("=II")
REFUSALS = struct.Struct("=QQ")

_NOBODY = {4: bytes(4), 6: bytes(16)}


def compile_sentry(piece: Sentry) -> bytes:
    """Without what the program writes."""
    name = piece.attachment.encode()
    if not 0 < len(name) < NAME_BYTES:
        raise DriverFailure(f"attachment {piece.attachment!r}: its name must have 1 to {NAME_BYTES - 1} bytes")
    own, peers = _by_family(piece.own), _by_family(piece.peers)
    return SENTRY.pack(name, own[4][0], *peers[4], piece.shared, own[6][0], *peers[6])


def _by_family(addresses: tuple[str, ...]) -> dict[int, tuple[bytes, ...]]:
    """The first two of each."""
    found = [ipaddress.ip_address(address) for address in addresses]
    return {version: tuple(([one.packed for one in found if one.version == version] + [nobody] * 2)[:2])
            for version, nobody in _NOBODY.items()}


def parse_name(sentry: bytes) -> str:
    return sentry[: sentry.index(0)].decode()


def sum_refusals(per_cpu: bytes) -> Counter:
    numbers = memoryview(per_cpu).cast("Q").tolist()
    return Counter(sum(numbers[::2]), sum(numbers[1::2]))
