"""Settings under /proc/sys/net, of the namespace in which the calling thread is."""

from __future__ import annotations

import os
from collections.abc import Iterable

from trunkline.errors import DriverFailure
from trunkline.fabric import rtnl

#: Name below ``net.`` and value.
Setting = tuple[str, str]

_ROOT = "/proc/sys/net/"

HASH_SEED = "ipv4.fib_multipath_hash_seed"
#: What kernels may lack and a node can stand without; ``trunkline doctor`` says what follows.
_OPTIONAL = frozenset({HASH_SEED, "ipv6.fib_multipath_hash_policy"})


def read(name: str) -> str:
    """Empty if this kernel has no such setting."""
    try:
        file = os.open(_path(name), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        return " ".join(os.read(file, 4096).decode().split())
    finally:
        os.close(file)


def write(name: str, value: str) -> None:
    try:
        file = os.open(_path(name), os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise DriverFailure(f"this kernel has no setting net.{name}") from None
    try:
        with rtnl.TURN:
            os.write(file, value.encode())
    finally:
        os.close(file)


def is_set(settings: Iterable[Setting]) -> bool:
    return all(read(name) == value for name, value in _applicable(settings))


def ensure(settings: Iterable[Setting]) -> None:
    """Write only what differs: some settings do things when written (``all.disable_ipv6`` reaches every interface)."""
    for name, value in _applicable(settings):
        if read(name) != value:
            write(name, value)


def _applicable(settings: Iterable[Setting]) -> list[Setting]:
    """A kernel that was started without IPv6 has nothing to set there."""
    known = has_ipv6()
    return [(name, value) for name, value in settings
            if (known or not name.startswith("ipv6.")) and (name not in _OPTIONAL or os.path.exists(_path(name)))]


def has_ipv6() -> bool:
    return os.path.exists(_ROOT + "ipv6")


def _path(name: str) -> str:
    """Dots separate; an interface's own dots are written as slashes, as sysctl(8) has it."""
    return _ROOT + name.translate({ord("."): "/", ord("/"): "."})
