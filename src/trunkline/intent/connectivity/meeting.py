"""Sessions that come up while nothing is missing, and what each of them needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from trunkline.intent.bgp import Router, Session
from trunkline.intent.bgp.propagation import agree
from trunkline.intent.connectivity import needs
from trunkline.intent.connectivity.needs import Numbering
from trunkline.intent.connectivity.topology import Topology

#: Node and name of a session.
End = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Meeting:
    """One end of a session that comes up: what it is, and what it is at the other end. ``need``: bits."""

    node: str
    mine: Session
    far: str
    theirs: Session
    need: int


def meetings(routers: Iterable[Router], topology: Topology, numbering: Numbering) -> dict[str, tuple[Meeting, ...]]:
    """By node."""
    running = {router.node: router for router in routers if not router.down}
    waiting: dict[tuple[str, str, str], list[Session]] = {}
    for node, router in running.items():
        for session in router.sessions:
            if session.enabled:
                waiting.setdefault((node, session.local_address, session.peer_address), []).append(session)
    return {node: tuple(_of(node, router, waiting, topology, numbering)) for node, router in running.items()}


def _of(node: str, router: Router, waiting: Mapping[tuple[str, str, str], list[Session]], topology: Topology,
        numbering: Numbering) -> Iterator[Meeting]:
    for mine in router.sessions:
        if mine.enabled and not mine.peer_range:
            for far, interface, need in _reached(node, mine, topology, numbering):
                for theirs in waiting.get((far, mine.peer_address, mine.local_address), ()):
                    if agree(mine, theirs) and theirs.interface == interface:
                        yield Meeting(node, mine, far, theirs, need)


def _reached(node: str, mine: Session, topology: Topology, numbering: Numbering) -> Iterator[tuple[str, str, int]]:
    """(node, interface, bits) of each place at which the peer may be."""
    if mine.interface:
        for arrival in topology.arrivals((node, mine.interface)):
            yield *arrival.point, numbering.mask(arrival.needs)
    elif path := topology.between(node, mine.peer_address):
        yield path[0], "", numbering.mask(map(needs.node, path))
