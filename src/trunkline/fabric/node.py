"""Nodes: a namespace with its settings, its loopback addresses and, if asked for, its bridge."""

from __future__ import annotations

import errno
import hashlib

from trunkline.errors import DriverFailure
from trunkline.fabric import (
    ground,
    guard,
    impair,
    interface,
    namespace,
    netlink,
    outage,
    port,
    rtnl,
    switchboard,
    sysctl,
)
from trunkline.fabric.netlink import Channel
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Address, Node

_LOOPBACK = "lo"
_OWN_LOOPBACK = frozenset({Address("127.0.0.1/8"), Address("::1/128")})

#: A router that lets packets in wherever they come from (ECMP is asymmetric), spreads flows by ports, asks for MACs
#: with an address of the right network, and keeps a network's other addresses when its first one is taken away.
#: A new namespace begins with the settings of the machine, so each is written.
_DEFAULTS: tuple[sysctl.Setting, ...] = (
    *((f"ipv4.conf.{which}.rp_filter", "0") for which in ("all", "default")),
    *((f"ipv4.conf.{which}.send_redirects", "0") for which in ("all", "default")),
    *((f"ipv4.conf.{which}.accept_redirects", "0") for which in ("all", "default")),
    *((f"ipv4.conf.{which}.promote_secondaries", "1") for which in ("all", "default")),
    ("ipv4.conf.all.arp_announce", "2"),
    *((f"ipv{family}.fib_multipath_hash_policy", "1") for family in (4, 6)),
)


def settings(node: Node) -> list[sysctl.Setting]:
    """In the order of writing: ``ip_forward`` resets accept_redirects. With one seed in all namespaces, routers behind
    each other may choose alike, and some paths carry nothing; it serves both families (Linux 6.11)."""
    has_ipv6 = any(":" in address for address in node.loopback)
    family = [(f"ipv6.conf.{which}.disable_ipv6", str(int(not has_ipv6))) for which in ("all", "default")]
    forwarding = [(name, str(int(node.forwarding))) for name in ("ipv4.ip_forward", "ipv6.conf.all.forwarding")]
    redirects = [(f"ipv6.conf.{which}.accept_redirects", "0") for which in ("all", "default")]
    seed = (sysctl.HASH_SEED, str(hash_seed(node.name)))
    return list(dict([*forwarding, *_DEFAULTS, seed, *family, *redirects, *node.sysctls]).items())


def hash_seed(name: str) -> int:
    """Of a node; never 0, which is the kernel's word for the seed that all namespaces share."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big") or 1


def is_settled(visit: Visit, node: Node) -> bool:
    if not visit.has(node.name):
        return False
    with namespace.entered(visit.descriptor(node.name)):
        if not sysctl.is_set(settings(node)):
            return False
    channel = visit.channel(node.name)
    loopback = interface.find(channel, _LOOPBACK)
    if loopback is None or not loopback.is_up:
        return False
    if interface.addresses(channel, loopback.index) != _loopback(node):
        return False
    bridge = interface.find(channel, interface.BRIDGE)
    return bridge is None if not node.bridge else bridge is not None and bridge.kind == "bridge" and bridge.is_up


def ensure(visit: Visit, node: Node) -> None:
    if not visit.has(node.name):
        with ground.on_namespaces():
            namespace.create(visit.name(node.name))
        switchboard.forget(visit.places, node.name)
        impair.forget(visit.places, node.name)
        outage.forget(visit.places, node.name)
    with namespace.entered(visit.descriptor(node.name)):
        sysctl.ensure(settings(node))
    channel = visit.channel(node.name)
    loopback = interface.find(channel, _LOOPBACK)
    if loopback is None:
        raise DriverFailure(f"{node.name} has no loopback interface")
    if not loopback.is_up:
        interface.configure(channel, loopback.index, [])
    interface.mend_addresses(channel, loopback.index, _loopback(node))
    if node.bridge:
        _ensure_bridge(channel)
    elif bridge := interface.find(channel, interface.BRIDGE):
        interface.delete(channel, bridge.index)


def remove(visit: Visit, node: Node) -> None:
    delete(visit, node.name)


def delete(visit: Visit, node: str) -> None:
    """Borrowed interfaces go home first: with the namespace the kernel would drop virtual ones and rename others. A
    relay would keep the namespace alive."""
    impair.forget(visit.places, node)
    if visit.has(node):
        port.give_back_all(visit, node)
    visit.leave(node)
    namespace.delete(visit.name(node))
    switchboard.forget(visit.places, node)
    guard.forget(visit.places, node)
    outage.forget(visit.places, node)


def _loopback(node: Node) -> frozenset[Address]:
    wished = frozenset(interface.canonical(Address(local)) for local in node.loopback)
    has_ipv6 = any(":" in local for local in node.loopback)
    return wished | {address for address in _OWN_LOOPBACK if has_ipv6 or ":" not in address.local}


def _ensure_bridge(channel: Channel) -> None:
    pairs = [("IFLA_IFNAME", interface.BRIDGE), ("IFLA_LINKINFO", netlink.nest(("IFLA_INFO_KIND", "bridge")))]
    flags = netlink.NLM_F_CREATE | netlink.NLM_F_EXCL
    channel.tell(netlink.encode(rtnl.ifinfmsg, rtnl.RTM_NEWLINK, flags, {}, pairs), errno.EEXIST)
    found = interface.find(channel, interface.BRIDGE)
    if found is None or found.kind != "bridge":
        raise DriverFailure(f"{interface.BRIDGE} is not a bridge")
    if not found.is_up:
        interface.configure(channel, found.index, [])
