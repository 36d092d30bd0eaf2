"""Pieces as a shell script would make them: ``ip``, ``sysctl`` and ``bird``, with no look at what is there.

What ``ip`` has no word for (cross-connects, source checks, filters) is left out; whoever compares leaves it out on the
other side too.
"""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from stand import Router

# isort: split
from trunkline.fabric import ground
from trunkline.fabric.node import settings
from trunkline.intent.network import Interface, Link, Node, Piece, Route, Tunnel
from trunkline.routing.bird.render import render
from trunkline.settings import Places

#: What both sides can make.
COMMON = (Node, Link, Tunnel, Route)


class Script:
    """``batched``: one ``ip -batch`` for the machine and one for each namespace, instead of a process a command."""

    def __init__(self, places: Places, pieces: Iterable[Piece], batched: bool) -> None:
        self._places, self._batched = places, batched
        self._pieces = [piece for piece in pieces if isinstance(piece, COMMON)]

    def run(self) -> int:
        """How many processes it took."""
        with ground.on_namespaces():
            return sum(self._outside()) + sum(self._inside())

    def _outside(self) -> Iterator[int]:
        yield self._ip("", [f"netns add {self._space(one.name)}" for one in self._pieces if isinstance(one, Node)])
        for node in self._pieces:
            if isinstance(node, Node):
                words = [f"net.{name}={value}" for name, value in settings(node)]
                _call("ip", "netns", "exec", self._space(node.name), "sysctl", "-q", "-w", *words)
                yield 1
        yield self._ip("", [self._pair(one) for one in self._pieces if isinstance(one, Link)])

    def _inside(self) -> Iterator[int]:
        by_node: dict[str, list[str]] = defaultdict(list)
        for piece in self._pieces:
            match piece:
                case Node():
                    by_node[piece.name] += ["link set lo up", *(f"addr add {a} dev lo" for a in piece.loopback)]
                    by_node[piece.name] += ["link add br0 type bridge", "link set br0 up"] if piece.bridge else []
                case Tunnel():
                    by_node[piece.underlay].append(self._vxlan(piece))
        yield from (self._ip(node, commands) for node, commands in by_node.items())
        late: dict[str, list[str]] = defaultdict(list)
        for end in self._ends():
            late[end.node] += _raise(end)
        for piece in self._pieces:
            if isinstance(piece, Route):
                late[piece.node].append(_route(piece))
        yield from (self._ip(node, commands) for node, commands in late.items())

    def _ends(self) -> Iterator[Interface]:
        for piece in self._pieces:
            if isinstance(piece, Link):
                yield from (piece.a, piece.b)
            elif isinstance(piece, Tunnel):
                yield piece.end

    def _pair(self, link: Link) -> str:
        near, far = link.a, link.b
        return (f"link add {near.name} mtu {near.mtu} netns {self._space(near.node)} type veth "
                f"peer name {far.name} mtu {far.mtu} netns {self._space(far.node)}")

    def _vxlan(self, tunnel: Tunnel) -> str:
        """Made in the underlay's namespace, where its socket stays."""
        return (f"link add {tunnel.end.name} mtu {tunnel.end.mtu} netns {self._space(tunnel.end.node)} type vxlan "
                f"id {tunnel.vni} remote {tunnel.remote} local {tunnel.local} dstport 4789 ttl 64 nolearning")

    def _ip(self, node: str, commands: Sequence[str]) -> int:
        where = ["-n", self._space(node)] if node else []
        if self._batched:
            subprocess.run(["ip", *where, "-batch", "-"], input="\n".join(commands), text=True, check=True)
            return 1
        for command in commands:
            _call("ip", *where, *command.split())
        return len(commands)

    def _space(self, node: str) -> str:
        return self._places.namespace_prefix + node


def _raise(end: Interface) -> Iterator[str]:
    for address in end.addresses:
        peer = f" peer {address.peer}" if address.peer else ""
        yield f"addr add {address.local.partition('/')[0] if peer else address.local}{peer} dev {end.name}"
    yield f"link set {end.name}{f' address {end.mac}' if end.mac else ''} up"
    if end.bridged:
        yield f"link set {end.name} master br0"


def _route(route: Route) -> str:
    hops = " ".join(f"nexthop via {hop}" for hop in route.next_hops) if len(route.next_hops) > 1 else \
        " ".join(f"via {hop}" for hop in route.next_hops)
    device = f"dev {route.interface}" if route.interface else ""
    table = f"table {route.table}" if route.table else ""
    return f"route add {route.kind} {route.prefix} {hops} {device} {table}"


def start(places: Places, routers: Iterable[Router]) -> None:
    """A BIRD each, where the broom of the instance finds it."""
    for router in routers:
        home = Path(places.run) / "nodes" / router.node
        home.mkdir(parents=True, mode=0o700)
        (home / "bird.conf").write_text(render(router))
        space = f"{places.namespace_prefix}{router.node}"
        subprocess.run(["ip", "netns", "exec", space, "bird", "-c", str(home / "bird.conf"), "-s", "bird.ctl", "-P",
                        "bird.pid"], cwd=home, check=True)


def _call(*words: str) -> None:
    subprocess.run(words, check=True)
