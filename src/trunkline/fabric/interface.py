"""Interfaces of any kind: how one is read from the kernel, and how it is mended in place until it is as described.

Mending touches only what differs, so a BGP session that runs over an interface survives it.
"""

from __future__ import annotations

import errno
import functools
import ipaddress
import socket
import struct
import sys
from dataclasses import dataclass

from trunkline.errors import DriverFailure
from trunkline.fabric import held, namespace, netlink, rtnl, sysctl
from trunkline.fabric.netlink import Channel, KernelRefusal
from trunkline.fabric.visit import Visit
from trunkline.intent.network import OUTSIDE, Address, Interface

BRIDGE = "br0"
IFF_UP = 1

_SKIP_STATS = 8  #: RTEXT_FILTER_SKIP_STATS: a third of an answer is counters
_LINK_BYTES, _ADDRESS_BYTES = 16, 8  #: fixed part of the two messages
_SCOPE_LINK = 253
_NO_DAD = 0x02  #: an IPv6 address is usable at once; nobody else can have it on a link of two

# Numbers of attributes, from linux/if_link.h and linux/if_addr.h.
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_MASTER = 1, 3, 4, 5, 10
_IFLA_LINKINFO, _IFLA_IFALIAS, _IFLA_STATS64, _IFLA_AF_SPEC = 18, 20, 23, 26
_TX_DROPPED = 7  #: which word of struct rtnl_link_stats64
_IFLA_INFO_KIND, _IFLA_INFO_DATA = 1, 2
_IFLA_INET_CONF, _PROXY_ARP, _RP_FILTER = 1, 3, 8
_IFLA_INET6_CONF, _DISABLE_IPV6 = 2, 27
_IFA_ADDRESS, _IFA_LOCAL = 1, 2


@dataclass(frozen=True, slots=True)
class State:
    """An interface as the kernel has it. ``peer`` is the ifindex of a veth's other end, ``data`` its kind's own
    attributes."""

    index: int
    name: str
    is_up: bool
    mtu: int
    mac: str
    master: int
    alias: str
    peer: int
    kind: str
    proxy_arp: bool
    strict: bool
    has_ipv6: bool
    data: dict[int, bytes]


@functools.lru_cache(maxsize=8192)
def _question(name: str) -> bytes:
    pairs = [("IFLA_IFNAME", name), ("IFLA_EXT_MASK", _SKIP_STATS)]
    return netlink.encode(rtnl.ifinfmsg, rtnl.RTM_GETLINK, 0, {}, pairs)


_ALL_LINKS = netlink.encode(rtnl.ifinfmsg, rtnl.RTM_GETLINK, 0, {}, [("IFLA_EXT_MASK", _SKIP_STATS)])


def find(channel: Channel, name: str) -> State | None:
    try:
        return parse(channel.ask(_question(name))[0])
    except KernelRefusal as refusal:
        if netlink.is_missing(refusal):
            return None
        raise


def find_all(channel: Channel) -> list[State]:
    return [parse(body) for body in channel.dump(_ALL_LINKS)]


def dropped(channel: Channel, name: str) -> int:
    """Frames that an interface was to send and dropped; 0 if there is no such interface."""
    try:
        body, = channel.ask(netlink.encode(rtnl.ifinfmsg, rtnl.RTM_GETLINK, 0, {}, [("IFLA_IFNAME", name)]))[:1]
    except KernelRefusal as refusal:
        if netlink.is_missing(refusal):
            return 0
        raise
    counters = netlink.attributes(body, _LINK_BYTES).get(_IFLA_STATS64, b"")
    return int(struct.unpack_from("=8Q", counters)[_TX_DROPPED]) if counters else 0


def parse(body: bytes) -> State:
    """The body of an RTM_NEWLINK message."""
    index, flags = struct.unpack_from("=4xiI", body)
    found = netlink.attributes(body, _LINK_BYTES)
    info = netlink.attributes(found.get(_IFLA_LINKINFO, b""))
    families = netlink.attributes(found.get(_IFLA_AF_SPEC, b""))
    settings = netlink.attributes(families.get(socket.AF_INET, b"")).get(_IFLA_INET_CONF, b"")
    settings6 = netlink.attributes(families.get(socket.AF_INET6, b"")).get(_IFLA_INET6_CONF, b"")
    return State(
        index=index,
        name=_text(found.get(_IFLA_IFNAME, b"")),
        is_up=bool(flags & IFF_UP),
        mtu=_number(found.get(_IFLA_MTU)),
        mac=found.get(_IFLA_ADDRESS, b"").hex(":"),
        master=_number(found.get(_IFLA_MASTER)),
        alias=_text(found.get(_IFLA_IFALIAS, b"")),
        peer=_number(found.get(_IFLA_LINK)),
        kind=_text(info.get(_IFLA_INFO_KIND, b"")),
        proxy_arp=_is_set(settings, _PROXY_ARP),
        strict=_is_set(settings, _RP_FILTER),
        has_ipv6=bool(settings6) and not _is_set(settings6, _DISABLE_IPV6),
        data=netlink.attributes(info.get(_IFLA_INFO_DATA, b"")),
    )


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")


def _number(value: bytes | None) -> int:
    return int.from_bytes(value, sys.byteorder) if value else 0


def _is_set(settings: bytes, number: int) -> bool:
    """IFLA_INET_CONF is an array of u32 in the order of the IPV4_DEVCONF_ numbers, which begin with 1; so is
    IFLA_INET6_CONF, whose DEVCONF_ numbers begin with 0."""
    at = (number - 1) * 4
    return any(settings[at : at + 4])


# Addresses


@functools.lru_cache(maxsize=8192)
def canonical(address: Address) -> Address:
    """Equal addresses written differently become one value. Without a length it is that of a host."""
    peer = str(ipaddress.ip_address(address.peer)) if address.peer else ""
    return Address(str(ipaddress.ip_interface(address.local)), peer)


@functools.lru_cache(maxsize=8192)
def _addresses_question(index: int) -> bytes:
    return netlink.encode(rtnl.ifaddrmsg, rtnl.RTM_GETADDR, 0, {"index": index})


def addresses(channel: Channel, index: int) -> frozenset[Address]:
    """Of both families, without the link-local ones that the kernel makes itself."""
    found = (parse_address(body) for body in channel.dump(_addresses_question(index)))
    return frozenset(address for holder, address in found if holder == index and address)


def parse_address(body: bytes) -> tuple[int, Address | None]:
    """(ifindex, address) of the body of an RTM_NEWADDR message; no address if it is IPv6 link-local."""
    family, length, _, scope, index = struct.unpack_from("=BBBBI", body)
    found = netlink.attributes(body, _ADDRESS_BYTES)
    if family == socket.AF_INET6 and scope == _SCOPE_LINK:
        return index, None
    far = found.get(_IFA_ADDRESS, b"")
    near = found.get(_IFA_LOCAL, far)
    peer = "" if near == far else socket.inet_ntop(family, far)
    return index, Address(f"{socket.inet_ntop(family, near)}/{length}", peer)


def _address_message(kind: int, flags: int, index: int, address: Address) -> bytes:
    local = ipaddress.ip_interface(address.local)
    fields = {
        "family": socket.AF_INET if local.version == 4 else socket.AF_INET6,
        "prefixlen": local.network.prefixlen,
        "index": index,
        "flags": _NO_DAD if local.version == 6 else 0,
    }
    near, far = str(local.ip), address.peer or str(local.ip)
    return netlink.encode(rtnl.ifaddrmsg, kind, flags, fields, [("IFA_LOCAL", near), ("IFA_ADDRESS", far)])


def mend_addresses(channel: Channel, index: int, wished: frozenset[Address]) -> None:
    change_addresses(channel, index, addresses(channel, index), wished)


def change_addresses(channel: Channel, index: int, held: frozenset[Address], wished: frozenset[Address]) -> None:
    """Remove first: the kernel keeps the other addresses of a network (promote_secondaries) when its first one goes."""
    for address in sorted(held - wished, key=str):
        channel.tell(_address_message(rtnl.RTM_DELADDR, 0, index, address), errno.EADDRNOTAVAIL)
    create = netlink.NLM_F_CREATE | netlink.NLM_F_EXCL
    for address in sorted(wished - held, key=str):
        channel.tell(_address_message(rtnl.RTM_NEWADDR, create, index, address), errno.EEXIST)


# As described?


def differ(wish: Interface, alias: str, state: State, bridge: int) -> list[tuple[str, object]]:
    """The attributes to set; ``bridge`` is the ifindex of the node's bridge, 0 if the end is no port of it."""
    pairs: list[tuple[str, object]] = []
    if state.alias != alias:
        pairs.append(("IFLA_IFALIAS", alias))
    if state.mtu != wish.mtu:
        pairs.append(("IFLA_MTU", wish.mtu))
    if wish.mac and state.mac != wish.mac.lower():
        pairs.append(("IFLA_ADDRESS", wish.mac))
    if state.master != bridge:
        pairs.append(("IFLA_MASTER", bridge))
    return pairs


def matches(visit: Visit, wish: Interface, alias: str, state: State) -> bool:
    channel = visit.channel(wish.node)
    bridge = _bridge(channel, wish)
    if (state.proxy_arp, state.strict) != (wish.proxy_arp, wish.strict) or state.is_up != wants_up(
            visit, wish.node, state, wish.up):
        return False
    if state.has_ipv6 != _wants_ipv6(wish) and _can_ipv6():
        return False
    if differ(wish, alias, state, bridge):
        return False
    return addresses(channel, state.index) == _wished(wish)


def is_of_index(wish: Interface, state: State) -> bool:
    return wish.index in (0, state.index)


def mend(visit: Visit, wish: Interface, alias: str, state: State, fresh: bool = False) -> None:
    """A ``fresh`` one has no addresses yet."""
    channel = visit.channel(wish.node)
    bridge = _bridge(channel, wish)
    if wish.bridged and not bridge:
        raise DriverFailure(f"{wish.node} has no bridge for {wish.name} to be a port of")
    pairs = differ(wish, alias, state, bridge)
    up = wants_up(visit, wish.node, state, wish.up)
    if pairs or state.is_up != up:
        configure(channel, state.index, pairs, up)
    settings = _settings(wish, state)
    if settings:
        with namespace.entered(visit.descriptor(wish.node)):
            sysctl.ensure(settings)
    held = frozenset() if fresh else addresses(channel, state.index)
    change_addresses(channel, state.index, held, _wished(wish))


def wants_up(visit: Visit, node: str, state: State, wished: bool) -> bool:
    """What fails on purpose stays as it is."""
    return state.is_up if held.is_held(visit.places, node, state.name) else wished


def configure(channel: Channel, index: int, pairs: rtnl.Attributes, up: bool = True) -> None:
    fields = {"index": index, "flags": IFF_UP if up else 0, "change": IFF_UP}
    channel.tell(netlink.encode(rtnl.ifinfmsg, rtnl.RTM_SETLINK, 0, fields, pairs))


def delete(channel: Channel, index: int) -> None:
    message = netlink.encode(rtnl.ifinfmsg, rtnl.RTM_DELLINK, 0, {"index": index})
    channel.tell(message, errno.ENODEV)


def _wished(wish: Interface) -> frozenset[Address]:
    return frozenset(canonical(address) for address in wish.addresses)


def _bridge(channel: Channel, wish: Interface) -> int:
    found = find(channel, BRIDGE) if wish.bridged else None
    return found.index if found else 0


def _settings(wish: Interface, state: State) -> list[sysctl.Setting]:
    """IPv6 is on where an interface has an IPv6 address. Whoever answers for others answers at once: the kernel would
    wait up to 0.8 s. Nobody else has a link-local address on a link of two, so none is looked for."""
    settings = []
    if state.proxy_arp != wish.proxy_arp:
        settings.append((f"ipv4.conf.{_escaped(wish.name)}.proxy_arp", str(int(wish.proxy_arp))))
    if state.strict != wish.strict:
        settings.append((f"ipv4.conf.{_escaped(wish.name)}.rp_filter", str(int(wish.strict))))
    if wish.proxy_arp:
        settings.append((f"ipv4.neigh.{_escaped(wish.name)}.proxy_delay", "0"))
    if state.has_ipv6 != _wants_ipv6(wish) and wish.node != OUTSIDE:
        off = f"ipv6.conf.{_escaped(wish.name)}.disable_ipv6"
        settings += [(f"ipv6.conf.{_escaped(wish.name)}.accept_dad", "0"), (off, "0")] if not state.has_ipv6 else [
            (off, "1")]
    return settings


def _wants_ipv6(wish: Interface) -> bool:
    return any(":" in address.local for address in wish.addresses)


@functools.cache
def _can_ipv6() -> bool:
    return sysctl.has_ipv6()


def _escaped(name: str) -> str:
    return name.replace(".", "/")
