"""Port hygiene of a shared LAN: who may send what into a port, as a table of nftables for each port.

    frame comes in ─ own MAC? ─ IPv4, IPv6 or ARP? ─ ARP and ND speak for the port's own address ─ not to the discard
    address ─ to one station ─ from a source that may be behind the port ─ the bridge

Everything else is dropped and counted by reason. The hook stands before the bridge learns the frame's source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address

from trunkline.fabric import ruleset
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Counter, Hygiene
from trunkline.model.bgp import of_family

#: Why a frame was dropped, in the order in which it is asked.
REASONS = ("foreign-mac", "ethertype", "arp-spoof", "advertisement", "nd-spoof", "blackholed", "multicast", "spoofed")

_TABLE = "port-"
#: Messages by which a router is chosen or a host led elsewhere (RFC 4861): nobody on a peering LAN sends them.
_ROUTER_MESSAGES = "{ nd-router-solicit, nd-router-advert, nd-redirect }"
#: All that IPv6 sends to a group on this link by right: who asks for an address (RFC 4291, 2.7.1).
_SOLICITED = "ff02::1:ff00:0/104"


def is_settled(visit: Visit, wish: Hygiene) -> bool:
    return ruleset.is_settled(visit, wish.node, table(wish.interface), list(rules(wish)))


def ensure(visit: Visit, wish: Hygiene) -> None:
    ruleset.ensure(visit, wish.node, table(wish.interface), list(rules(wish)))


def remove(visit: Visit, wish: Hygiene) -> None:
    ruleset.remove(visit, wish.node, table(wish.interface))


def read_counters(visit: Visit, node: str) -> dict[str, dict[str, Counter]]:
    """Of all ports of a node, in one question."""
    found: dict[str, dict[str, Counter]] = {}
    for (name, reason), counter in ruleset.read_all_counters(visit, node).items():
        if name.startswith(_TABLE):
            found.setdefault(name.removeprefix(_TABLE), {})[reason] = counter
    return found


def table(interface: str) -> str:
    return f"netdev {_TABLE}{interface}"


def rules(wish: Hygiene) -> Iterator[str]:
    own = table(wish.interface)
    yield from (f"add counter {own} {reason}" for reason in REASONS)
    yield f'add chain {own} ingress {{ type filter hook ingress device "{wish.interface}" priority 0; policy drop; }}'
    yield from (f"add rule {own} ingress {rule}" for rule in _verdicts(wish))


def _verdicts(wish: Hygiene) -> Iterator[str]:
    four, six = of_family(4, wish.own), of_family(6, wish.own)
    yield f"ether saddr != {wish.mac} {_dropped('foreign-mac')}"
    yield f"ether type != {{ arp{', ip' if four else ''}{', ip6' if six else ''} }} {_dropped('ethertype')}"
    for address in four:
        yield f"arp saddr ether {wish.mac} arp saddr ip {address} accept"
    yield f"ether type arp {_dropped('arp-spoof')}"
    yield from _discovery(wish, six)
    if wish.discard:
        yield f"ether daddr {wish.discard} {_dropped('blackholed')}"
    yield f"ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00 {_dropped('multicast')}"
    for family, addresses in ((4, four), (6, six)):
        if addresses:
            yield from _from_behind(wish, family, addresses)
    yield _dropped("spoofed")


def _from_behind(wish: Hygiene, family: int, own: Iterable[str]) -> Iterator[str]:
    """Of the LAN's addresses only the port's own, whatever else may be behind it."""
    word, ethertype = ("ip saddr", "ip") if family == 4 else ("ip6 saddr", "ip6")
    yield f"{word} {{ {', '.join(own)} }} accept"
    yield from (f"{word} {lan} {_dropped('spoofed')}" for lan in of_family(family, wish.lan))
    if behind := ruleset.collapsed(wish.sources, family):
        anything = behind[0].endswith("/0")
        yield f"ether type {ethertype} accept" if anything else f"{word} {{ {', '.join(behind)} }} accept"


def _discovery(wish: Hygiene, six: Iterable[str]) -> Iterator[str]:
    """A neighbour advertisement names its target behind eight bytes of ICMPv6; nft 1.0 has no word for it."""
    own = (*six, str(link_local(wish.mac)))
    targets = ", ".join(f"0x{int(IPv6Address(address)):032x}" for address in own)
    addresses = f"{{ {', '.join(own)} }}"
    yield f"icmpv6 type {_ROUTER_MESSAGES} {_dropped('advertisement')}"
    yield f"icmpv6 type nd-neighbor-advert ip6 saddr {addresses} @th,64,128 {{ {targets} }} accept"
    yield f"icmpv6 type nd-neighbor-solicit ip6 saddr {addresses} ip6 daddr {_SOLICITED} accept"
    yield f"icmpv6 type nd-neighbor-solicit ip6 saddr {addresses} ether daddr & 01:00:00:00:00:00 == 0 accept"
    yield f"icmpv6 type {{ nd-neighbor-advert, nd-neighbor-solicit }} {_dropped('nd-spoof')}"


def link_local(mac: str) -> IPv6Address:
    """The address that an interface makes itself from its MAC (RFC 4291, appendix A)."""
    digits = bytes.fromhex(mac.replace(":", ""))
    identifier = bytes([digits[0] ^ 2]) + digits[1:3] + b"\xff\xfe" + digits[3:]
    return IPv6Address(b"\xfe\x80" + bytes(6) + identifier)


def _dropped(reason: str) -> str:
    return f"counter name {reason} drop"
