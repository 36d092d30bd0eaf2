"""What TCP has refused in a namespace, as the kernel counts it (Documentation/networking/snmp_counter): signatures of
RFC 2385 that are wrong, missing or not asked for, and segments from too far away (RFC 5082).
"""

from __future__ import annotations

import os
from itertools import pairwise

REASONS = ("TCPMD5NotFound", "TCPMD5Unexpected", "TCPMD5Failure", "TCPMinTTLDrop")
_GROUP, _PATH = "TcpExt:", "/proc/thread-self/net/netstat"


def read() -> dict[str, int]:
    """Of the calling thread's namespace; all zero where nothing was refused."""
    file = os.open(_PATH, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return parse(os.read(file, 1 << 16).decode())
    finally:
        os.close(file)


def parse(text: str) -> dict[str, int]:
    """Each group has a row of names and a row of numbers."""
    for names, numbers in pairwise(text.splitlines()):
        if names.startswith(_GROUP) and numbers.startswith(_GROUP):
            found = dict(zip(names.split(), numbers.split(), strict=True))
            return {reason: int(found[reason]) for reason in REASONS if reason in found}
    return {}
