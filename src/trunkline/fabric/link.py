"""Links: veth pairs, made with both ends in their namespaces at once."""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.errors import Degraded, DriverFailure
from trunkline.fabric import interface, netlink, ownership, rtnl
from trunkline.fabric.interface import State
from trunkline.fabric.visit import Visit
from trunkline.intent.network import OUTSIDE, Interface, Link


def is_settled(visit: Visit, link: Link) -> bool:
    """What became of an end that was handed to the user is the user's business."""
    alias = str(ownership.mark_link(visit.places.instance, link))
    ends = _find_both(visit, link)
    if not _is_intact(link, alias, ends):
        return False
    return all(interface.matches(visit, wish, alias, state) for wish, state in ends if state and wish.node != OUTSIDE)


def ensure(visit: Visit, link: Link) -> None:
    """An intact pair is mended in place; anything else in its place is replaced. The end outside is finished first,
    because nothing but its alias says that it is ours."""
    alias = str(ownership.mark_link(visit.places.instance, link))
    ends = _find_both(visit, link)
    fresh = not _is_intact(link, alias, ends)
    if fresh:
        if any(state for _, state in ends):
            _clear(visit, link)
        _create(visit, link)
        ends = _find_both(visit, link)
    for wish, state in sorted(ends, key=lambda end: end[0].node != OUTSIDE):
        if state is not None and (fresh or wish.node != OUTSIDE):
            interface.mend(visit, wish, alias, state, fresh)


def remove(visit: Visit, link: Link) -> None:
    """Where an end is missing, or something else has its name, nothing is removed there."""
    alias = str(ownership.mark_link(visit.places.instance, link))
    for end in (link.a, link.b):
        state = _find(visit, end)
        if state is not None and state.kind == "veth" and state.alias in _removable(end, alias):
            interface.delete(visit.channel(end.node), state.index)


def _removable(end: Interface, alias: str) -> Iterable[str]:
    """Inside a node also what a crash left without alias."""
    return (alias,) if end.node == OUTSIDE else (alias, "")


def _find(visit: Visit, end: Interface) -> State | None:
    return interface.find(visit.channel(end.node), end.name) if visit.has(end.node) else None


def _find_both(visit: Visit, link: Link) -> list[tuple[Interface, State | None]]:
    return [(end, _find(visit, end)) for end in (link.a, link.b)]


def _is_intact(link: Link, alias: str, ends: list[tuple[Interface, State | None]]) -> bool:
    """Both ends carry the link's alias and are each other's peer. An end outside may have been moved away, and then
    another interface may have its name."""
    (_, near), (_, far) = ends
    if near is None or near.alias != alias or not interface.is_of_index(link.a, near):
        return False
    if link.b.node == OUTSIDE:
        return True
    return far is not None and far.alias == alias and (near.peer, far.peer) == (far.index, near.index)


def _clear(visit: Visit, link: Link) -> None:
    """Make room for both ends: whatever has their names in our nodes is a wreck or an earlier wish."""
    for end in (link.a, link.b):
        state = _find(visit, end)
        if state is None:
            continue
        if end.node == OUTSIDE and not ownership.is_ours(state.alias, visit.places.instance):
            raise Degraded(f"this machine has an interface {end.name} already: rename it, or the hand-off")
        mark = ownership.parse(state.alias)
        if mark is not None and mark.name:
            raise DriverFailure(f"{end.node}: {end.name} is a port taken from the machine: remove that port first")
        interface.delete(visit.channel(end.node), state.index)


def _create(visit: Visit, link: Link) -> None:
    peer = netlink.nest(*_birth(link.b), ("IFLA_NET_NS_FD", visit.descriptor(link.b.node)))
    info = netlink.nest(("IFLA_INFO_KIND", "veth"), ("IFLA_INFO_DATA", netlink.nest(("VETH_INFO_PEER", peer))))
    flags = netlink.NLM_F_CREATE | netlink.NLM_F_EXCL
    pairs = [*_birth(link.a), ("IFLA_LINKINFO", info)]
    number = {"index": link.a.index}
    visit.channel(link.a.node).tell(netlink.encode(rtnl.ifinfmsg, rtnl.RTM_NEWLINK, flags, number, pairs))


def _birth(end: Interface) -> list[tuple[str, object]]:
    """What can be said when an interface is made. It cannot be born up (its peer is not there yet), nor with an
    alias, which the kernel takes only later."""
    pairs: list[tuple[str, object]] = [("IFLA_IFNAME", end.name), ("IFLA_MTU", end.mtu)]
    return [*pairs, ("IFLA_ADDRESS", end.mac)] if end.mac else pairs
