"""The light of an optic, out of its module's EEPROM (``ethtool -m``): SFF-8472 for SFP, SFF-8636 for QSFP.

What is no physical interface, or has no module that measures, has no light; nothing is made up.
"""

from __future__ import annotations

import ctypes
import fcntl
import math
import socket
import struct
from contextlib import closing

from trunkline.fabric import namespace

_SIOCETHTOOL, _GMODULEINFO, _GMODULEEEPROM = 0x8946, 0x42, 0x43
_INFO, _EEPROM = struct.Struct("=4I32x"), struct.Struct("=4I")
_SFF_8472, _SFF_8636, _SFF_8436 = 2, 3, 4

#: Of an SFP the second page follows the first; diagnostics are there if bit 6 of byte 92 says so.
_SFP_TYPE_AT, _SFP_MEASURES = 92, 1 << 6
_SFP_SENT_AT, _SFP_RECEIVED_AT = 256 + 102, 256 + 104
_QSFP_RECEIVED_AT, _QSFP_SENT_AT, _LANES = 34, 50, 4

#: Tenths of a microwatt in a milliwatt.
_PER_MILLIWATT = 10_000
_DARK_DBM = -40.0

Light = tuple[tuple[float, float], ...]


def read(node: int, interface: str) -> Light:
    """Received and sent power in dBm, by lane. ``node``: a descriptor of its namespace."""
    try:
        with namespace.entered(node), closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as wire:
            kind, length = _INFO.unpack(_asked(wire, interface, _INFO.pack(_GMODULEINFO, 0, 0, 0)))[1:3]
            length = min(length, 512)
            question = _EEPROM.pack(_GMODULEEEPROM, 0, 0, length) + bytes(length)
            return parse(kind, _asked(wire, interface, question)[_EEPROM.size:])
    except OSError:
        return ()


def parse(kind: int, eeprom: bytes) -> Light:
    """``kind``: ETH_MODULE_SFF_*."""
    if kind == _SFF_8472 and len(eeprom) >= _SFP_RECEIVED_AT + 2 and eeprom[_SFP_TYPE_AT] & _SFP_MEASURES:
        return ((_dbm(eeprom, _SFP_RECEIVED_AT), _dbm(eeprom, _SFP_SENT_AT)),)
    if kind in (_SFF_8636, _SFF_8436) and len(eeprom) >= _QSFP_SENT_AT + 2 * _LANES:
        return tuple((_dbm(eeprom, _QSFP_RECEIVED_AT + 2 * lane), _dbm(eeprom, _QSFP_SENT_AT + 2 * lane))
                     for lane in range(_LANES))
    return ()


def _dbm(eeprom: bytes, at: int) -> float:
    tenths = int.from_bytes(eeprom[at:at + 2], "big")
    return round(10 * math.log10(tenths / _PER_MILLIWATT), 2) if tenths else _DARK_DBM


def _asked(wire: socket.socket, interface: str, question: bytes) -> bytes:
    """The kernel writes its answer over the question, to which a struct ifreq points."""
    buffer = ctypes.create_string_buffer(question, len(question))
    request = struct.pack("=16sQ16x", interface.encode(), ctypes.addressof(buffer))
    fcntl.ioctl(wire, _SIOCETHTOOL, request)
    return buffer.raw
