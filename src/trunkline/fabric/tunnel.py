"""Tunnels: a point-to-point VXLAN device, made from its underlay (where its UDP socket stays) in the end's node."""

from __future__ import annotations

import errno
import ipaddress
import sys

from trunkline.errors import DriverFailure, Unsupported
from trunkline.fabric import interface, netlink, ownership, rtnl
from trunkline.fabric.interface import State
from trunkline.fabric.netlink import KernelRefusal
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Tunnel

UDP_PORT = 4789  #: RFC 7348
_TTL = 64

#: From linux/if_link.h: the attributes of VNI, remote and local, by IP version.
_VNI = 1
_ENDPOINTS = {4: (2, 4), 6: (16, 17)}


def is_settled(visit: Visit, tunnel: Tunnel) -> bool:
    state = _find(visit, tunnel)
    alias = str(ownership.mark_tunnel(visit.places.instance, tunnel))
    return state is not None and _is_intact(tunnel, alias, state) and interface.matches(visit, tunnel.end, alias, state)


def ensure(visit: Visit, tunnel: Tunnel) -> None:
    alias = str(ownership.mark_tunnel(visit.places.instance, tunnel))
    channel = visit.channel(tunnel.end.node)
    state = _find(visit, tunnel)
    if state is not None and not _is_intact(tunnel, alias, state):
        interface.delete(channel, state.index)
        state = None
    fresh = state is None
    if fresh:
        _create(visit, tunnel)
        state = _find(visit, tunnel)
    if state is None:
        raise DriverFailure(f"{tunnel.end.name} was made and is not in {tunnel.end.node}")
    interface.mend(visit, tunnel.end, alias, state, fresh)


def remove(visit: Visit, tunnel: Tunnel) -> None:
    state = _find(visit, tunnel)
    if state is not None and state.kind == "vxlan":
        interface.delete(visit.channel(tunnel.end.node), state.index)


def _find(visit: Visit, tunnel: Tunnel) -> State | None:
    node = tunnel.end.node
    return interface.find(visit.channel(node), tunnel.end.name) if visit.has(node) else None


def _is_intact(tunnel: Tunnel, alias: str, state: State) -> bool:
    remote, local = ipaddress.ip_address(tunnel.remote), ipaddress.ip_address(tunnel.local)
    remote_at, local_at = _ENDPOINTS[remote.version]
    ends = (state.data.get(remote_at), state.data.get(local_at))
    vni = tunnel.vni.to_bytes(4, sys.byteorder)
    return (state.alias, state.kind, state.data.get(_VNI)) == (alias, "vxlan", vni) and ends == (
        remote.packed,
        local.packed,
    )


def _create(visit: Visit, tunnel: Tunnel) -> None:
    message = netlink.encode(
        rtnl.ifinfmsg,
        rtnl.RTM_NEWLINK,
        netlink.NLM_F_CREATE | netlink.NLM_F_EXCL,
        {},
        [
            ("IFLA_IFNAME", tunnel.end.name),
            ("IFLA_MTU", tunnel.end.mtu),
            *([("IFLA_ADDRESS", tunnel.end.mac)] if tunnel.end.mac else []),
            ("IFLA_NET_NS_FD", visit.descriptor(tunnel.end.node)),
            ("IFLA_LINKINFO", netlink.nest(("IFLA_INFO_KIND", "vxlan"), ("IFLA_INFO_DATA", _device(tunnel)))),
        ],
    )
    try:
        visit.channel(tunnel.underlay).tell(message)
    except KernelRefusal as refusal:
        if refusal.number == errno.EOPNOTSUPP:
            raise Unsupported("this kernel has no VXLAN (CONFIG_VXLAN): no tunnels") from None
        if refusal.number == errno.EEXIST:
            raise DriverFailure(f"VNI {tunnel.vni} is in use in {tunnel.underlay}: {refusal}") from None
        raise


def _device(tunnel: Tunnel) -> rtnl.Attributes:
    """Nothing to learn: there is one remote."""
    six = "6" if ":" in tunnel.remote else ""
    return netlink.nest(
        ("IFLA_VXLAN_ID", tunnel.vni),
        (f"IFLA_VXLAN_GROUP{six}", tunnel.remote),
        (f"IFLA_VXLAN_LOCAL{six}", tunnel.local),
        ("IFLA_VXLAN_PORT", UDP_PORT),
        ("IFLA_VXLAN_TTL", _TTL),
        ("IFLA_VXLAN_LEARNING", 0),
    )
