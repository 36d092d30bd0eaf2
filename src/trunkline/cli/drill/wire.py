"""Attacks by frames: other people's tags, other people's addresses."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from trunkline.cli.drill import scratch as names
from trunkline.cli.drill.attack import Attack, Need, Outcome
from trunkline.cli.drill.ground import EXCHANGE, PRIVATE, Ground, look
from trunkline.drill import frames

_8021Q, _8021AD = 0x8100, 0x88A8
_EACH = 5


def vlan_hop(ground: Ground) -> Outcome:
    """From both hand-offs: VLANs that are not ours, and the victim's own pair of tags."""
    stag = int(ground.circuit(ground.scratch.victim)["stag"])
    ask = frames.arp(names.PEER2, names.EDGE2, ground.own_mac)
    tags: tuple[frames.Tags, ...] = (
        ((_8021Q, names.VLAN + 1),), ((_8021Q, stag),), ((_8021AD, stag),), ((_8021AD, stag), (_8021Q, names.VLAN)),
        ((_8021Q, stag), (_8021Q, names.VLAN)))
    return _dropped(ground, [frames.tagged(ask, one) for one in tags], "unknown-tag", "too-many-tags")


def double_tag(ground: Ground) -> Outcome:
    """Our own tag outside, somebody else's inside, and more than two."""
    stag = int(ground.circuit(ground.scratch.victim)["stag"])
    ask = frames.arp(names.PEER2, names.EDGE2, ground.own_mac)
    own = (_8021Q, names.VLAN)
    tags: tuple[frames.Tags, ...] = (
        (own, own), (own, (_8021AD, stag)), (own, (_8021AD, stag), own), ((_8021AD, stag), own, own))
    return _dropped(ground, [frames.tagged(ask, one) for one in tags], "unknown-tag", "too-many-tags", "foreign")


def _dropped(ground: Ground, kinds: list[bytes], *reasons: str) -> Outcome:
    told, watch = [], ground.strike(PRIVATE)
    for interface in (ground.scratch.tagged, ground.scratch.untagged):
        blocked, by = ground.dropped(interface, kinds * _EACH, *reasons)
        told.append(by)
        if not blocked:
            return Outcome(False, f"from {interface}: {by}")
    return Outcome(True, f"cross-connect: {'; '.join(told)}", watch.ms)


def arp_spoof(ground: Ground) -> Outcome:
    """Other addresses, and the peer's with a MAC that is not the frame's. The true entry stays."""
    ground.honest()
    own, other = ground.own_mac, bytes.fromhex("020000000bad")
    forged = [
        frames.arp("172.30.0.3", names.EDGE, own, reply=True), frames.arp(names.EDGE, names.EDGE, own, reply=True),
        frames.arp(names.VICTIM_HOST, names.EDGE, own),
        frames.arp(names.PEER, names.EDGE, own, claimed=other, reply=True)]
    return _refused(ground, forged, "spoofed")


def nd_spoof(ground: Ground) -> Outcome:
    ground.honest("6")
    own = ground.own_mac
    forged = [
        frames.advertisement(names.PEER6, names.EDGE6, names.EDGE6, own),
        frames.advertisement(names.PEER6, names.EDGE6, "fd00:d::3", own),
        frames.advertisement("fd00:203::9", names.EDGE6, names.PEER6, own),
        frames.solicitation("fd00:203::9", names.EDGE6, own)]
    return _refused(ground, [frames.ip(ground.edge_mac, packet, own) for packet in forged], "spoofed")


def router_advertisement(ground: Ground) -> Outcome:
    """Which would make the attacker the VRF's router, and redirects."""
    ground.honest("6")
    forged = [frames.ip(ground.edge_mac, frames.icmp6("fe80::bad", "ff02::1", kind, bytes(36)), ground.own_mac)
              for kind in (134, 137)]
    return _refused(ground, forged, "stranger")


def source_spoof(ground: Ground) -> Outcome:
    """The victim's addresses, nobody's, the VRF's own, over both families."""
    ground.honest()
    ground.honest("6")
    sources = (names.VICTIM_HOST, names.VICTIM_MACHINE, names.EDGE, "8.8.8.8", "127.0.0.1", "169.254.169.254")
    packets = [*(frames.udp(source, names.VICTIM_MACHINE, data=b"forged") for source in sources),
               *(frames.udp(source, "fd00:201::4", data=b"forged") for source in ("2001:db8::1", names.EDGE6, "::1"))]
    return _refused(ground, [frames.ip(ground.edge_mac, packet, ground.own_mac) for packet in packets], "spoofed")


def _refused(ground: Ground, kinds: list[bytes], reason: str) -> Outcome:
    """Dropped by the sentry, and the attacker's own session never noticed, so the VRF still knows the true peer."""
    watch = ground.strike(PRIVATE)
    blocked, told = ground.dropped(ground.scratch.untagged, kinds * _EACH, reason)
    after_ms = watch.ms
    stands = look(lambda: ground.agent.told("4").established if "4" in ground.opened else True, 0.2)
    return Outcome(blocked and bool(stands), f"sentry: {told}", after_ms)


def lan_spoof(ground: Ground) -> Outcome:
    """On an exchange's LAN: other members' addresses and MACs, foreign protocols. What the victim's port gets is looked
    at while an honest question is asked between the forged frames."""
    ground.honest(EXCHANGE)
    port = ground.scratch.of_member
    own = ground.agent.wire(port, [])[0]
    honest, forged = frames.arp(names.MEMBER, names.VICTIM_MEMBER, own), frozenset(_on_lan(own))
    watch = ground.strike(EXCHANGE)
    with ThreadPoolExecutor(1) as beside:
        listening = beside.submit(ground.victim.wire, ground.scratch.of_victim, (), 1.5)
        while not listening.done():
            ground.agent.wire(port, [*forged, honest], 0.2)
        came = listening.result()[1]
    arrived = len(forged.intersection(came))
    if honest not in came:
        return Outcome(False, "the honest question did not arrive either, so nothing is proven")
    return Outcome(not arrived, f"{arrived} of {len(forged)} kinds of forged frames reach the victim's port", watch.ms)


def _on_lan(own: bytes) -> Iterator[bytes]:
    other = bytes.fromhex("020000000bad")
    for stolen in (names.VICTIM_MEMBER, names.ROUTE_SERVER, "172.29.0.99"):
        yield frames.arp(stolen, names.MEMBER, own, reply=True)
    yield frames.arp(names.MEMBER, names.VICTIM_MEMBER, own, claimed=other)
    yield frames.arp(names.MEMBER, names.VICTIM_MEMBER, other)
    yield frames.ip(frames.BROADCAST, frames.udp("8.8.8.8", "172.29.0.255"), own)
    yield frames.ip(frames.BROADCAST, frames.udp(names.VICTIM_MEMBER, "172.29.0.255"), own)
    yield frames.ip(frames.BROADCAST, frames.icmp6("fe80::bad", "ff02::1", 134, bytes(36)), own)
    yield frames.ethernet(frames.BROADCAST, 0x88CC, bytes(46), own)
    yield frames.tagged(frames.arp(names.MEMBER, names.VICTIM_MEMBER, own), ((_8021Q, names.VLAN),))


_SENTRY = "the sentry's drop counter '{}' rises by as many frames as were sent"

ATTACKS = (
    Attack("vlan-hop", "Frames with other customers' tags", "802.1Q, RFC 7454 3",
           "the cross-connect's counter 'unknown-tag' rises by as many frames as were sent", vlan_hop,
           alert=("vlanHop",)),
    Attack("double-tag", "Other customers' tags inside our own", "802.1ad",
           "the cross-connect's counters 'too-many-tags' and 'unknown-tag' rise by as many", double_tag,
           alert=("vlanHop",)),
    Attack("arp-spoof", "ARP for addresses that are not the sender's", "RFC 826, RFC 5227", _SENTRY.format("spoofed"),
           arp_spoof, alert=("spoofedSource",)),
    Attack("nd-spoof", "Neighbour discovery for addresses that are not the sender's", "RFC 4861 7.2, RFC 6583",
           _SENTRY.format("spoofed"), nd_spoof, alert=("spoofedSource",)),
    Attack("router-advertisement", "Router advertisements and redirects", "RFC 4861 6.1, RFC 6104",
           _SENTRY.format("stranger"), router_advertisement,
           alert=("stranger",)),
    Attack("source-spoof", "Packets from addresses that are not behind the sender", "RFC 2827, RFC 3704 2.4, MANRS 2",
           _SENTRY.format("spoofed"), source_spoof, alert=("spoofedSource",)),
    Attack("exchange-lan-spoof", "Other members' addresses and MACs, foreign protocols on an exchange's LAN",
           "RFC 7454 3, RFC 5227, RFC 6104", "the victim's port gets an honest ARP request and none of them", lan_spoof,
           Need.EXCHANGE, ("spoofedSource",)),
)
