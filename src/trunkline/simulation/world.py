"""All pieces that exist, with the indexes that make questions about them cheap."""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.intent.network import (
    Interface,
    Key,
    Link,
    Node,
    Piece,
    Port,
    Role,
    Tap,
    Tunnel,
    nodes_of,
)


class World:
    """``sockets``: VXLAN numbers in use by underlay."""

    def __init__(self, pieces: Iterable[Piece] = ()) -> None:
        self.pieces: dict[Key, Piece] = {}
        self.nodes: dict[str, Node] = {}
        self.interfaces: dict[str, dict[str, Interface]] = {}
        self.sockets: set[tuple[str, int]] = set()
        self._keys: dict[str, set[Key]] = {}
        for piece in pieces:
            self.add(piece)

    def interface(self, node: str, name: str) -> Interface | None:
        return self.interfaces.get(node, {}).get(name)

    def keys_at(self, node: str) -> frozenset[Key]:
        """Keys of all pieces that stand in a node, or lean on it."""
        return frozenset(self._keys.get(node, ()))

    def add(self, piece: Piece) -> None:
        self.pieces[piece.key] = piece
        for node in nodes_of(piece):
            self._keys.setdefault(node, set()).add(piece.key)
        for one in interfaces(piece):
            self.interfaces.setdefault(one.node, {})[one.name] = one
        if isinstance(piece, Node):
            self.nodes[piece.name] = piece
        elif isinstance(piece, Tunnel):
            self.sockets.add((piece.underlay, piece.vni))

    def discard(self, piece: Piece) -> None:
        del self.pieces[piece.key]
        for node in nodes_of(piece):
            self._keys[node].discard(piece.key)
        for one in interfaces(piece):
            del self.interfaces[one.node][one.name]
        if isinstance(piece, Node):
            del self.nodes[piece.name]
        elif isinstance(piece, Tunnel):
            self.sockets.discard((piece.underlay, piece.vni))


def interfaces(piece: Piece) -> tuple[Interface, ...]:
    match piece:
        case Link():
            return (piece.a, piece.b)
        case Port() | Tap():
            bridged = isinstance(piece, Port) and piece.bridged
            return (Interface(piece.node, piece.interface, mtu=piece.mtu, up=piece.up, bridged=bridged),)
        case Tunnel():
            return (piece.end,)
        case _:
            return ()


def nearest(world: World, start: str, address: str) -> str:
    """The node with this address that is the fewest links away through nodes that route between a VNet's parts."""
    seen, front = {start}, [start]
    while front:
        beyond = sorted({far for node in front if node == start or world.nodes[node].role is Role.ROUTER
                         for far in _linked(world, node)} - seen)
        for node in beyond:
            if any(own.local.partition("/")[0] == address
                   for one in world.interfaces.get(node, {}).values() for own in one.addresses):
                return node
        seen.update(beyond)
        front = beyond
    return ""


def _linked(world: World, node: str) -> frozenset[str]:
    links = (world.pieces[key] for key in world.keys_at(node))
    return frozenset(end.node for link in links if isinstance(link, Link) for end in (link.a, link.b)) & frozenset(
        world.nodes)
