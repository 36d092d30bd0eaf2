"""Every route to a prefix that policies allow, wherever it could be told. Which of them are there, and which is best,
depends on what is missing: that is settled anew for each state, without looking at a policy again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from trunkline.intent.bgp import LOCAL, Origin, RibEntry, Router
from trunkline.intent.bgp.propagation import Path, imported, offered
from trunkline.intent.connectivity.meeting import Meeting
from trunkline.intent.connectivity.topology import Hop, Topology
from trunkline.model.bgp import family_of

#: Policies can be written so that BGP never settles.
_ROUNDS = 50
#: States that a derivation remembers; they come in no order, so none is worth more than another.
_REMEMBERED = 1024


@dataclass(slots=True)
class Candidate:
    """A route at ``node``, there while nothing of ``need`` is missing and it is told, by one of ``parents``: while that
    one is its router's best, or with ``every_path`` while it is there at all. Without parents it is the router's own.
    """

    path: Path
    node: str
    need: int
    hops: tuple[Hop, ...]
    interface: str = ""
    every_path: bool = False
    parents: list[int] = field(default_factory=list)


class Settled:
    """A derivation with something missing: ``missing`` are bits."""

    def __init__(self, derivation: Derivation, missing: int) -> None:
        self._derivation = derivation
        self._there = [False] * len(derivation.candidates)
        self._best: dict[str, int] = {}
        for _ in range(_ROUNDS):
            if not self._again(missing):
                break

    def _again(self, missing: int) -> bool:
        changed = False
        for index, one in enumerate(self._derivation.candidates):
            there = not one.need & missing and (not one.parents or any(
                self._told(parent, one.every_path) for parent in one.parents))
            if there != self._there[index]:
                self._there[index], changed = there, True
                self._choose(one.node)
        return changed

    def _told(self, parent: int, every_path: bool) -> bool:
        return self._there[parent] and (
            every_path or self._best.get(self._derivation.candidates[parent].node) == parent)

    def _choose(self, node: str) -> None:
        best = next((index for index in self._derivation.places[node] if self._there[index]), None)
        if best is None:
            self._best.pop(node, None)
        else:
            self._best[node] = best

    def hops(self, node: str) -> tuple[Hop, ...] | None:
        """Where a node sends packets for the prefix, each next hop once; None if it has no route."""
        best = self._best.get(node)
        if best is None:
            return None
        candidates = self._derivation.candidates
        wanted = candidates[best].path.preference
        equal = [candidates[index] for index in self._derivation.places[node]
                 if self._there[index] and candidates[index].path.preference == wanted]
        found = dict.fromkeys(hop for one in equal for hop in one.hops)
        return tuple(found)[:max(1, self._derivation.ecmp[node])]

    def heard(self, node: str, interface: str) -> bool:
        """Whether a node has a route to the prefix over an interface, best or not."""
        return any(self._there[index] and self._derivation.candidates[index].interface == interface
                   for index in self._derivation.places.get(node, ()))


@dataclass(slots=True)
class Derivation:
    """``places``: the candidates of each node, the best first."""

    prefix: str
    candidates: list[Candidate]
    places: dict[str, list[int]]
    ecmp: Mapping[str, int]
    _mask: int = 0
    _known: dict[int, Settled] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for need in self.needs:
            self._mask |= need

    @property
    def needs(self) -> Iterator[int]:
        for one in self.candidates:
            yield one.need
            yield from (hop.need for hop in one.hops)

    @property
    def shape(self) -> tuple[object, ...]:
        """Equal for prefixes that are treated alike."""
        return tuple((one.node, one.path.entry.session, one.path.preference, one.need, one.hops, tuple(one.parents))
                     for one in self.candidates)

    def settled(self, missing: int) -> Settled:
        mine = missing & self._mask
        found = self._known.get(mine)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[mine] = Settled(self, mine)
        return found


def derive(prefix: str, origins: Iterable[tuple[Router, Origin]], meetings: Mapping[str, Sequence[Meeting]],
           topology: Topology, ecmp: Mapping[str, int]) -> Derivation:
    candidates = [_own(router, origin, topology) for router, origin in origins]
    known: dict[tuple[str, str, RibEntry], int] = {}
    family, index = family_of(prefix), 0
    while index < len(candidates):
        one = candidates[index]
        for meeting in meetings.get(one.node, ()):
            if family_of(meeting.mine.peer_address) == family:
                for path in _told(meeting, one.path):
                    key = (meeting.far, meeting.theirs.name, path.entry)
                    if key not in known:
                        known[key] = len(candidates)
                        candidates.append(_learned(meeting, path, topology))
                    candidates[known[key]].parents.append(index)
        index += 1
    places: dict[str, list[int]] = {}
    for number in sorted(range(len(candidates)), key=lambda each: candidates[each].path.rank):
        places.setdefault(candidates[number].node, []).append(number)
    return Derivation(prefix, candidates, places, ecmp)


def _own(router: Router, origin: Origin, topology: Topology) -> Candidate:
    entry = RibEntry(origin.prefix, origin.next_hop, LOCAL, communities=origin.communities)
    hops = topology.towards(router.node, origin.next_hop) if origin.next_hop else ()
    return Candidate(Path(entry, LOCAL), router.node, topology.alive(router.node), hops)


def _told(meeting: Meeting, path: Path) -> tuple[Path, ...]:
    entry = offered(meeting.mine, path)
    return imported(meeting.theirs, (entry,)) if entry else ()


def _learned(meeting: Meeting, path: Path, topology: Topology) -> Candidate:
    return Candidate(path, meeting.far, meeting.need, topology.towards(meeting.far, path.entry.next_hop),
                     meeting.theirs.interface, meeting.mine.every_path or meeting.mine.route_server)
