"""What this machine lacks for what wishes may ask for: its kernel, and its daemons."""

from __future__ import annotations

from trunkline.fabric.probe import kernel_lacks_tcp_ao
from trunkline.routing.bird import ability


def lacks_tcp_ao() -> tuple[str, ...]:
    """Asked anew each time: another kernel or daemon may have come."""
    return tuple(lacking for lacking in (kernel_lacks_tcp_ao(), ability.lacks_tcp_ao()) if lacking)
