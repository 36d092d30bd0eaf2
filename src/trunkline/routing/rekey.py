"""Another TCP-MD5 key for sessions that are up, without a reset.

BIRD 2.0 and FRR 8 close a session when its password changes. The kernel does not: it takes another key for an open
socket (RFC 2385 leaves to the ends when they change). So the key is changed on the daemon's own sockets, lent by
``pidfd_getfd``: on that of the session, and on the one that listens, through which the peer may come again. The daemon
is told at the next occasion: when the session is down, or it starts anew.

What was sent with the old key to an end that has the new one already is dropped, and sent again by TCP; so both ends
change within the hold time.
"""

from __future__ import annotations

import ctypes
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from ipaddress import ip_address

from trunkline.intent.bgp.signature import TCP_MD5SIG, key_for

log = logging.getLogger(__name__)

_PIDFD_GETFD = 438
_libc = ctypes.CDLL(None, use_errno=True)


def rekey(pid: int, keys: Mapping[str, str]) -> None:
    """``keys``: by the peers' addresses. Raises OSError where the kernel does not lend sockets."""
    wanted = {str(ip_address(peer)): key for peer, key in keys.items()}
    with _opened(pid) as pidfd:
        for number in _sockets(pid):
            with suppress(FileNotFoundError), _lent(pidfd, number) as one:
                _turn(one, wanted)


def attempt(pid: int, keys: Mapping[str, str]) -> bool:
    """Whether the sockets have their keys; where the kernel does not lend them, the session is to be reset."""
    try:
        rekey(pid, keys)
    except OSError as error:
        log.warning("keys change with a reset", extra={"pid": pid, "problem": str(error)})
        return False
    return True


def _turn(one: socket.socket, wanted: Mapping[str, str]) -> None:
    if one.family not in (socket.AF_INET, socket.AF_INET6) or one.type != socket.SOCK_STREAM:
        return
    listens = one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    for peer in wanted if listens else _peer(one) & wanted.keys():
        if listens and (":" in peer) != (one.family == socket.AF_INET6):
            continue
        one.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, key_for(peer, one.family, wanted[peer]))


def _peer(one: socket.socket) -> frozenset[str]:
    try:
        address = ip_address(one.getpeername()[0].partition("%")[0])
    except OSError:
        return frozenset()
    mapped = getattr(address, "ipv4_mapped", None)
    return frozenset({str(mapped or address)})


def _sockets(pid: int) -> Iterator[int]:
    """Numbers of a process's descriptors that are sockets."""
    for entry in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):
            if os.readlink(f"/proc/{pid}/fd/{entry}").startswith("socket:"):
                yield int(entry)


@contextmanager
def _opened(pid: int) -> Iterator[int]:
    pidfd = os.pidfd_open(pid)
    try:
        yield pidfd
    finally:
        os.close(pidfd)


@contextmanager
def _lent(pidfd: int, number: int) -> Iterator[socket.socket]:
    """The same socket in this process; its state is shared, and closing ours leaves it open."""
    descriptor = _libc.syscall(_PIDFD_GETFD, pidfd, number, 0)
    if descriptor < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    with socket.socket(fileno=descriptor) as one:
        yield one
