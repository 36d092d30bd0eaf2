"""Ports: an interface of this machine, borrowed into a node and given back under its own name.

Its alias, set before it is moved, says whose it is and what it was, so any later process can give it back.
"""

from __future__ import annotations

from dataclasses import replace

from trunkline.errors import Degraded, DriverFailure
from trunkline.fabric import interface, netlink, ownership, rtnl
from trunkline.fabric.interface import State
from trunkline.fabric.netlink import Channel
from trunkline.fabric.ownership import Mark
from trunkline.fabric.visit import Visit
from trunkline.intent.network import OUTSIDE, Port


def is_settled(visit: Visit, port: Port) -> bool:
    state = interface.find(visit.channel(port.node), port.interface) if visit.has(port.node) else None
    return state is not None and _is_for(visit, port, state) and not _differ(visit, port, state) and (
        state.is_up == interface.wants_up(visit, port.node, state, port.up))


def ensure(visit: Visit, port: Port) -> None:
    channel = visit.channel(port.node)
    state = interface.find(channel, port.interface)
    if state is not None and not _is_for(visit, port, state):
        _give_back(visit, port.node, state)
        state = None
    if state is None:
        state = _take(visit, port)
    interface.configure(channel, state.index, _differ(visit, port, state),
                        interface.wants_up(visit, port.node, state, port.up))


def _differ(visit: Visit, port: Port, state: State) -> list[tuple[str, object]]:
    """The attributes to set."""
    bridge = interface.find(visit.channel(port.node), interface.BRIDGE) if port.bridged else None
    wished = (("IFLA_MTU", port.mtu, state.mtu), ("IFLA_MASTER", bridge.index if bridge else 0, state.master))
    return [(name, value) for name, value, held in wished if value != held]


def remove(visit: Visit, port: Port) -> None:
    if not visit.has(port.node):
        return
    state = interface.find(visit.channel(port.node), port.interface)
    if state is not None and _is_for(visit, port, state):
        _give_back(visit, port.node, state)


def give_back_all(visit: Visit, node: str) -> None:
    for state in interface.find_all(visit.channel(node)):
        if _borrowed(visit, state) is not None:
            _give_back(visit, node, state)


def release(channel: Channel, state: State, mark: Mark) -> None:
    """Make an interface that is outside (again) what it was; only its being down stays."""
    pairs: list[tuple[str, object]] = [("IFLA_MTU", mark.mtu), ("IFLA_IFALIAS", "")]
    if state.name != mark.name:
        pairs.append(("IFLA_IFNAME", mark.name))
    interface.configure(channel, state.index, pairs, up=False)


def _is_for(visit: Visit, port: Port, state: State) -> bool:
    mark = _borrowed(visit, state)
    return mark is not None and mark.digest == ownership.mark_port(visit.places.instance, port).digest


def _borrowed(visit: Visit, state: State) -> Mark | None:
    mark = ownership.parse(state.alias)
    return mark if mark and mark.name and mark.instance == visit.places.instance else None


def _take(visit: Visit, port: Port) -> State:
    outside = visit.channel(OUTSIDE)
    state = interface.find(outside, port.takes) or _strayed(visit, port)
    if state is None:
        raise Degraded(
            f"this machine has no interface {port.takes} for {port.node}; if it had one, somebody has moved it into a "
            "namespace, perhaps another instance of Trunkline: have it given back, or name another one (`ip link` "
            "shows them)"
        )
    if not _is_for(visit, port, state):
        _check_free(outside, state)
        mark = replace(ownership.mark_port(visit.places.instance, port), mtu=state.mtu, name=port.takes)
        interface.configure(outside, state.index, [("IFLA_IFALIAS", str(mark))], up=False)
    _move(visit, state, OUTSIDE, port.node, port.interface)
    taken = interface.find(visit.channel(port.node), port.interface)
    if taken is None:
        raise DriverFailure(f"{port.takes} was moved into {port.node} and is not there")
    return taken


def _strayed(visit: Visit, port: Port) -> State | None:
    """What was taken and is outside under the node's name for it: the kernel puts a physical interface there when its
    namespace ends, and so may somebody by hand."""
    return next((state for state in interface.find_all(visit.channel(OUTSIDE)) if _is_for(visit, port, state)), None)


def _check_free(channel: Channel, state: State) -> None:
    held = interface.addresses(channel, state.index)
    reasons = [
        (bool(held), f"it has addresses ({', '.join(sorted(address.local for address in held))}); remove them first"),
        (bool(state.master), "it is part of a bridge or bond; take it out first"),
        (ownership.parse(state.alias) is not None, "another port or link of Trunkline has it; remove that first"),
        (state.name == "lo", "the loopback interface cannot be moved; name another one"),
    ]
    for applies, reason in reasons:
        if applies:
            raise Degraded(f"interface {state.name} is not free: {reason}")


def _give_back(visit: Visit, node: str, state: State) -> None:
    mark = _borrowed(visit, state)
    if mark is None:
        raise DriverFailure(f"{node} has an interface {state.name} that is not a port")
    _move(visit, state, node, OUTSIDE, mark.name)
    outside = visit.channel(OUTSIDE)
    returned = interface.find(outside, mark.name)
    if returned is not None:
        release(outside, returned, mark)


def _move(visit: Visit, state: State, source: str, target: str, name: str) -> None:
    """The kernel moves first and renames then: if the name is in use it would leave the interface there, nameless to
    us. So it is looked for before."""
    if interface.find(visit.channel(target), name) is not None:
        where = target or "the machine"
        raise DriverFailure(f"interface {state.name} cannot be moved to {where}: the name {name} is in use there")
    pairs = [("IFLA_NET_NS_FD", visit.descriptor(target)), ("IFLA_IFNAME", name)]
    fields = {"index": state.index, "flags": 0, "change": interface.IFF_UP}
    visit.channel(source).tell(netlink.encode(rtnl.ifinfmsg, rtnl.RTM_SETLINK, 0, fields, pairs))
