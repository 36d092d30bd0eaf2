"""TAPs: made in their node, and persistent, so that a program finds one, opens it, leaves, and finds it again."""

from __future__ import annotations

import fcntl
import os
import struct

from trunkline.errors import DriverFailure, Unsupported
from trunkline.fabric import interface, namespace, ownership
from trunkline.fabric.interface import State
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Tap

_DEVICE = "/dev/net/tun"
_TUNSETIFF, _TUNSETPERSIST = 0x400454CA, 0x400454CB
_IFF_TAP, _IFF_NO_PI, _IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
_IFREQ = struct.Struct("=16sH22x")
_KIND = "tun"


def is_settled(visit: Visit, tap: Tap) -> bool:
    state = _find(visit, tap)
    return state is not None and _is_ours(visit, tap, state) and (state.is_up, state.mtu) == (
        interface.wants_up(visit, tap.node, state, tap.up), tap.mtu)


def ensure(visit: Visit, tap: Tap) -> None:
    channel = visit.channel(tap.node)
    state = _find(visit, tap)
    if state is not None and not _is_ours(visit, tap, state):
        if state.kind != _KIND or state.alias:
            raise DriverFailure(f"{tap.node} has another interface {tap.interface}: name the TAP differently")
        interface.delete(channel, state.index)  # what a crash left without alias
        state = None
    if state is None:
        with namespace.entered(visit.descriptor(tap.node)):
            os.close(opened(tap.interface, persistent=True))
        state = _find(visit, tap)
    if state is None:
        raise DriverFailure(f"{tap.interface} was made and is not in {tap.node}")
    alias = str(ownership.mark_tap(visit.places.instance, tap))
    up = interface.wants_up(visit, tap.node, state, tap.up)
    interface.configure(channel, state.index, [("IFLA_IFALIAS", alias), ("IFLA_MTU", tap.mtu)], up=up)


def remove(visit: Visit, tap: Tap) -> None:
    state = _find(visit, tap)
    if state is not None and _is_ours(visit, tap, state):
        interface.delete(visit.channel(tap.node), state.index)


def may_use(visit: Visit, tap: Tap, state: State) -> bool:
    """Whether what is found under the TAP's name is its owner's, or no TAP at all."""
    return state.kind != _KIND or _is_ours(visit, tap, state)


def opened(name: str, persistent: bool = False, headed: bool = False) -> int:
    """A descriptor of the TAP of this name in the thread's namespace, made if it is not there: each read is a frame
    that leaves the node, each write one that arrives in it; ``headed``: behind a ``struct virtio_net_hdr``."""
    try:
        descriptor = os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC)
    except OSError as problem:
        raise Unsupported(f"{_DEVICE} cannot be opened ({problem.strerror}): no TAPs; load the kernel's module tun") \
            from None
    flags = _IFF_TAP | _IFF_NO_PI | (_IFF_VNET_HDR if headed else 0)
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, _IFREQ.pack(name.encode(), flags))
        if persistent:
            fcntl.ioctl(descriptor, _TUNSETPERSIST, 1)
    except OSError as problem:
        os.close(descriptor)
        raise DriverFailure(f"TAP {name} cannot be opened: {problem.strerror}") from None
    return descriptor


def _find(visit: Visit, tap: Tap) -> State | None:
    return interface.find(visit.channel(tap.node), tap.interface) if visit.has(tap.node) else None


def _is_ours(visit: Visit, tap: Tap, state: State) -> bool:
    return state.kind == _KIND and state.alias == str(ownership.mark_tap(visit.places.instance, tap))
