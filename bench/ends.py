"""Customers' ends of many circuits: untagged hand-offs that the provider makes, in a few namespaces with a BIRD each.

The reconciler runs in ``NODE``, so it is what lies outside of Trunkline's nodes: hand-offs are born there.
When the kernel tells of one, it is moved to where its customer's BIRD is, as a customer does with an end that is his,
and gets its address. A BIRD stands for some machines, not for all: whenever a packet comes it goes through all its
sockets, and whenever an interface changes all BIRDs of that namespace are told.

Each BIRD is a session of its own, like each of the provider's: the kernel gives every session the same share of the
processors (autogroup), and in one with the reconciler the customers would take the reconciler's.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

from stand import Leg, Resource, estates, until

# isort: split
from trunkline.fabric import interface, namespace
from trunkline.fabric.netlink import Channel
from trunkline.intent.network import Address
from trunkline.routing.bird.control import BFD, PROTOCOL, SOCKET, ask
from trunkline.routing.files import NodeFiles
from trunkline.settings import Places

NODE = "ends"
_ASN = 65010
_EACH = 20  #: circuits of a BIRD
_LOG = "bird.log"
_LINKS, _SO_RCVBUFFORCE = 1, 33  #: RTMGRP_LINK; linux/asm-generic/socket.h
_HANDOFF = re.compile(r"h(\d+)([ps])")
_BASE = IPv4Address("172.16.0.0")

_HEADER = """\
log "{log}" all;
router id 192.0.2.1;
timeformat protocol iso long ms;
protocol device {{ scan time 10; }}
protocol static {{ ipv4; route 10.10.0.0/16 blackhole; }}
{bfd}
# The kernel drops news of interfaces when there are too many: BIRD then looks itself.
template bgp customer {{
  debug {{ states }};
  local as {asn};
  direct;
  {bfd_on}
  hold time 180;
  connect delay time 0;
  connect retry time 1;
  error wait time 1, 2;
  ipv4 {{ import all; export where source = RTS_STATIC; }};
}}
"""
_SESSION = """\
protocol bgp {name} from customer {{ interface "{name}"; local {own}; neighbor {peer} as 12076; }}
"""


def circuit(number: int) -> list[Resource]:
    """One customer's circuit, handed over on both legs; all have the same C-tag, and each its own link prefixes."""
    group, legs = f"rg{number}", {leg: prefix(number, leg) for leg in Leg}
    handoffs = {leg.value: {"handoff": {"interface": name(number, leg), "untagged": True}} for leg in Leg}
    order = estates.order(number=number, group=group)
    properties = {"serviceKey": order.properties["serviceKey"], **handoffs}
    peering = estates.peering(group=group, primaryPeerAddressPrefix=legs[Leg.PRIMARY],
                              secondaryPeerAddressPrefix=legs[Leg.SECONDARY])
    return [*estates.circuit(number=number, group=group), replace(peering, secrets={}),
            replace(order, properties=properties)]


def name(number: int, leg: Leg) -> str:
    return f"h{number}{leg.value[0]}"


def prefix(number: int, leg: Leg) -> str:
    return f"{_BASE + number * 8 + 4 * list(Leg).index(leg)}/30"


def _addresses(number: int, letter: str) -> tuple[IPv4Address, IPv4Address]:
    """The customer's and the edge's."""
    base = _BASE + number * 8 + (0 if letter == "p" else 4)
    return base + 1, base + 2


def configuration(numbers: Iterable[int], bfd: bool) -> str:
    """Sessions of all circuits that may ever be: one whose interface is not there waits for it."""
    sessions = (_SESSION.format(name=f"h{n}{letter}", own=own, peer=peer) for n in numbers
                for letter in "ps" for own, peer in [_addresses(n, letter)])
    times = "interface \"h*\" { interval 300 ms; multiplier 3; };"
    head = _HEADER.format(log=_LOG, asn=_ASN, bfd_on="bfd on;" if bfd else "",
                          bfd=f"protocol bfd {{ {times} }}" if bfd else "")
    return head + "".join(sessions)


class _Bird:
    """One BIRD in the customers' namespace."""

    def __init__(self, place: str, home: Path, text: str) -> None:
        self._files = NodeFiles(home, Path(namespace.path(place)))
        self._files.write("bird.conf", text)
        words = ["bird", "-f", "-c", "bird.conf", "-s", SOCKET, "-P", "bird.pid"]
        self._process = subprocess.Popen(namespace.argv(place, words), cwd=home, start_new_session=True)

    def __enter__(self) -> _Bird:
        until(self._files.path("bird.pid").exists, 20, "a BIRD of the customers")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)

    @property
    def pid(self) -> int:
        return int(self._files.read("bird.pid"))

    def rows(self, question: str, code: int) -> list[list[str]]:
        return [line.text.split() for line in ask(self._files, question) if line.code == code]

    def stops(self) -> int:
        """How often one of its sessions ended that had been under way."""
        return self._files.read(_LOG).count("State changed to stop")


def places_of(most: int) -> list[str]:
    """Nodes in which the customers of circuits up to ``most`` are."""
    return [f"{NODE}{index}" for index in range(most // _EACH + 1)]


class Ends:
    """Needs their nodes and ``NODE``. ``most``: the highest number of a circuit."""

    def __init__(self, places: Places, most: int, bfd: bool) -> None:
        self._prefix, self._home = places.namespace_prefix, places.home / "ends"
        self._texts = {node: configuration(range(index * _EACH, (index + 1) * _EACH), bfd)
                       for index, node in enumerate(places_of(most))}
        threading.Thread(target=self._address, name="ends", daemon=True).start()

    def __enter__(self) -> Ends:
        with ExitStack() as made:
            self._birds = [made.enter_context(_Bird(f"{self._prefix}{node}", self._home / node, text))
                           for node, text in self._texts.items()]
            self._end = made.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    @property
    def pids(self) -> list[int]:
        return [bird.pid for bird in self._birds]

    def established(self) -> frozenset[str]:
        """Names of the hand-offs whose session is Established."""
        return frozenset(row[0] for bird in self._birds for row in bird.rows("show protocols", PROTOCOL)
                         if row[1] == "BGP" and row[-1] == "Established")

    def bfd_up(self) -> int:
        return sum("Up" in row for bird in self._birds for row in bird.rows("show bfd sessions", BFD))

    def stops(self) -> int:
        """How often a session fell, as long as nobody takes one away."""
        return sum(bird.stops() for bird in self._birds)

    def _address(self) -> None:
        """Runs where hand-offs are born, until the process ends."""
        homes = [_Home(f"{self._prefix}{node}") for node in self._texts]
        with namespace.entered(namespace.descriptor(f"{self._prefix}{NODE}")):
            channel = Channel()
            news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            news.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 24)
            news.bind((0, _LINKS))
        known: set[int] = set()
        while True:
            for state in _born(news.recv(1 << 18)):
                found = _HANDOFF.fullmatch(state.name)
                if found and state.alias and state.index not in known:
                    known.add(state.index)
                    homes[int(found[1]) // _EACH].take(channel, state, _addresses(int(found[1]), found[2])[0])


class _Home:
    """Where a customer's BIRD is, for hand-offs to be moved there."""

    def __init__(self, place: str) -> None:
        self._descriptor = namespace.descriptor(place)
        with namespace.entered(self._descriptor):
            self._channel = Channel()

    def take(self, channel: Channel, born: interface.State, own: IPv4Address) -> None:
        interface.configure(channel, born.index, [("IFLA_NET_NS_FD", self._descriptor)])
        moved = interface.find(self._channel, born.name)
        assert moved, born.name
        interface.configure(self._channel, moved.index, [])
        wished = frozenset({interface.canonical(Address(f"{own}/30"))})
        interface.change_addresses(self._channel, moved.index, frozenset(), wished)


def _born(data: bytes) -> Iterator[interface.State]:
    """Interfaces of the RTM_NEWLINK messages of a datagram."""
    at = 0
    while at + 16 <= len(data):
        length = int.from_bytes(data[at:at + 4], sys.byteorder)
        if int.from_bytes(data[at + 4:at + 6], sys.byteorder) == 16:
            yield interface.parse(data[at + 16:at + length])
        at += (length + 3) & ~3
