"""Ethernet frames written by hand, true or forged: what a machine's own stack would never send."""

from __future__ import annotations

import struct
from ipaddress import IPv6Address, ip_address

BROADCAST, OWN_MAC = b"\xff" * 6, bytes.fromhex("020000000001")
ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86DD
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
BGP, BFD, DISCARD = 179, 3784, 9
SYN, ACK = 0x02, 0x10
_NOBODY = bytes(6)


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


#: Protocol and VLAN id, outer first.
Tags = tuple[tuple[int, int], ...]


def ethernet(target: bytes, kind: int, body: bytes, source: bytes = OWN_MAC, tags: Tags = ()) -> bytes:
    head = b"".join(struct.pack("!HH", protocol, vid) for protocol, vid in tags)
    return target + source + head + struct.pack("!H", kind) + body


def arp(sender: str, target: str, source: bytes = OWN_MAC, claimed: bytes = b"", reply: bool = False) -> bytes:
    """``claimed``: the sender's MAC as the message has it, if it is not the frame's."""
    ends = (claimed or source) + ip_address(sender).packed + _NOBODY + ip_address(target).packed
    return ethernet(BROADCAST, ARP, struct.pack("!HHBBH", 1, IPV4, 6, 4, 2 if reply else 1) + ends, source)


def packet(source: str, target: str, protocol: int, payload: bytes, hops: int = 64,
           dont_fragment: bool = False) -> bytes:
    """An IP packet of the addresses' family; ``payload`` is what follows the network's header."""
    near, far = ip_address(source), ip_address(target)
    if near.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, hops) + near.packed + far.packed + payload
    fragment = 0x4000 if dont_fragment else 0
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, fragment, hops, protocol, 0)
    sum_ = checksum(head + near.packed + far.packed)
    return head[:10] + sum_ + near.packed + far.packed + payload


def ip(target: bytes, content: bytes, source: bytes = OWN_MAC) -> bytes:
    """The frame that carries a packet."""
    return ethernet(target, IPV6 if content[0] >> 4 == 6 else IPV4, content, source)


def udp(source: str, target: str, port: int = DISCARD, data: bytes = b"", hops: int = 64) -> bytes:
    body = struct.pack("!HHHH", 50000, port, 8 + len(data), 0) + data
    return packet(source, target, UDP, _summed(source, target, UDP, body, 6), hops)


def tcp(source: str, target: str, port: int, flags: int = SYN, hops: int = 64, own_port: int = 50000) -> bytes:
    body = struct.pack("!HHIIBBHHH", own_port, port, 1, 0, 0x50, flags, 65535, 0, 0)
    return packet(source, target, TCP, _summed(source, target, TCP, body, 16), hops)


def echo(source: str, target: str, sequence: int = 1, size: int = 56, hops: int = 64,
         dont_fragment: bool = False) -> bytes:
    if ":" in source:
        return icmp6(source, target, 128, struct.pack("!HH", 1, sequence) + bytes(size), hops)
    body = struct.pack("!BBHHH", 8, 0, 0, 1, sequence & 0xFFFF) + bytes(size)
    return packet(source, target, ICMP, body[:2] + checksum(body) + body[4:], hops, dont_fragment)


def icmp6(source: str, target: str, kind: int, rest: bytes, hops: int = 255) -> bytes:
    body = struct.pack("!BBH", kind, 0, 0) + rest
    return packet(source, target, ICMP6, _summed(source, target, ICMP6, body, 2), hops)


def solicitation(source: str, wanted: str, own: bytes = OWN_MAC) -> bytes:
    """A neighbour solicitation, to the group of the wanted address (RFC 4861)."""
    group = str(IPv6Address(int(IPv6Address("ff02::1:ff00:0")) | int(IPv6Address(wanted)) & 0xFFFFFF))
    told = b"" if source == "::" else b"\x01\x01" + own
    return icmp6(source, group, 135, bytes(4) + IPv6Address(wanted).packed + told)


def advertisement(source: str, target: str, told: str, own: bytes = OWN_MAC) -> bytes:
    """A neighbour advertisement that overrides what is known."""
    return icmp6(source, target, 136, struct.pack("!I", 0x60000000) + IPv6Address(told).packed + b"\x02\x01" + own)


def checksum(text: bytes) -> bytes:
    """RFC 1071."""
    padded = text + bytes(len(text) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)


def _summed(source: str, target: str, protocol: int, body: bytes, at: int) -> bytes:
    """With the checksum over the pseudo header of either family."""
    ends = ip_address(source).packed + ip_address(target).packed
    return body[:at] + checksum(ends + struct.pack("!II", len(body), protocol) + body) + body[at + 2:]


def too_big(content: bytes) -> tuple[str, str, int] | None:
    """Who says to whom that packets may have how many bytes: ICMP "fragmentation needed" (RFC 1191), ICMPv6 "packet too
    big" (RFC 8201); nothing for any other packet."""
    if content[0] >> 4 == 6:
        ends, kind, size = (content[8:24], content[24:40]), content[40:42], content[44:48]
        said = content[6] == ICMP6 and kind == b"\x02\x00"
    else:
        ends, kind, size = (content[12:16], content[16:20]), content[20:22], content[26:28]
        said = content[9] == ICMP and kind == b"\x03\x04"
    near, far = (str(ip_address(end)) for end in ends)
    return (near, far, int.from_bytes(size, "big")) if said else None


def tagged(frame: bytes, tags: Tags) -> bytes:
    """An untagged frame with tags, outer first."""
    return frame[:12] + b"".join(struct.pack("!HH", protocol, vid) for protocol, vid in tags) + frame[12:]
