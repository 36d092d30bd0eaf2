"""TCP-MD5 keys as Linux takes them (RFC 2385; struct tcp_md5sig in linux/tcp.h). Pure."""

from __future__ import annotations

import socket
import struct
from ipaddress import ip_address

#: Option of IPPROTO_TCP.
TCP_MD5SIG = 14
_LONGEST, _STORAGE, _SETTINGS = 80, 128, struct.Struct("=BBHi80s")


def key_for(peer: str, family: int, key: str) -> bytes:
    """``family``: of the socket; one of IPv6 knows an IPv4 peer by its mapped address (RFC 4291, 2.5.5.2)."""
    address, secret = ip_address(peer), key.encode()
    packed = address.packed if family == socket.AF_INET or address.version == 6 else (
        b"\0" * 10 + b"\xff\xff" + address.packed)
    before = struct.pack("=HH", family, 0) + (b"" if family == socket.AF_INET else b"\0" * 4)
    return (before + packed).ljust(_STORAGE, b"\0") + _SETTINGS.pack(0, 0, len(secret), 0, secret[:_LONGEST])
