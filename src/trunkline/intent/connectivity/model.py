"""All of it together: which pairs are connected, and what passes each meter, with something missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from trunkline.intent.bgp import Origin, Router
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.connectivity.deriving import Derivation, derive
from trunkline.intent.connectivity.inventory import Inventory, blueprints
from trunkline.intent.connectivity.meeting import Meeting, meetings
from trunkline.intent.connectivity.needs import Kind, Need, Numbering
from trunkline.intent.connectivity.pairs import Pair, Place, pairs
from trunkline.intent.connectivity.taking import Cause, Taking, owner
from trunkline.intent.connectivity.topology import Topology
from trunkline.intent.connectivity.underlay import Underlay
from trunkline.intent.connectivity.walking import Carried, Course, Walk
from trunkline.intent.connectivity.wiring import Meter
from trunkline.intent.estate import Estate, Remembered
from trunkline.intent.network import Role
from trunkline.model.bgp import within
from trunkline.model.profile import Profile

#: Shares of flows are sums of fractions.
_NEARLY_ALL = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a pair in both directions."""

    to: Carried
    back: Carried

    @property
    def kept(self) -> bool:
        return min(self.to.share, self.back.share) >= _NEARLY_ALL

    @property
    def lost(self) -> bool:
        return min(self.to.share, self.back.share) <= 0


@dataclass(slots=True)
class Bundle:
    """Pairs of the same two ends that share their fate. ``needs``: whatever may decide it, each once. ``ends``: the
    virtual networks at their ends."""

    pairs: list[Pair]
    to: Course
    back: Course
    needs: tuple[int, ...]
    ends: int = 0
    known: dict[int, Fate] = field(default_factory=dict)

    def effect(self, missing: int) -> int:
        """Which of its needs are missing, as bits by their place: what has the same effect has the same outcome."""
        found = 0
        for place, need in enumerate(self.needs):
            if need & missing:
                found |= 1 << place
        return found


class Connectivity:
    """Of an estate as it is wished, with nothing missing but what is named. ``subscription``: pairs of its sites alone,
    and of what can fail what is its own or everybody's."""

    def __init__(self, found: Inventory, estate: Estate, profile: Profile, subscription: str = "") -> None:
        remembered = Remembered(estate)
        self._numbering = Numbering()
        parts = blueprints(found, remembered, profile)
        pieces = [piece for one in parts for piece in one.pieces]
        routers = _routers(parts)
        self.topology = Topology(pieces, self._numbering)
        self._meetings = meetings(routers, self.topology, self._numbering)
        self.underlay = Underlay(pieces, self._numbering.of(Kind.WAY))
        self.taking = Taking(found, self.topology, self.underlay.links, remembered)
        self._tables = _Tables(routers, self._meetings, self.topology)
        sites = [one for one in found.sites if not subscription or one.id.subscription.lower() == subscription.lower()]
        self.bundles = tuple(self._bundles(pairs(sites, remembered)))
        self._subscription = subscription.lower()

    @cached_property
    def causes(self) -> tuple[Cause, ...]:
        return tuple(cause for cause in self.taking.possible() if self._is_told(cause))

    @property
    def nameable(self) -> tuple[Cause, ...]:
        """With those that are only looked at when somebody names them."""
        return (*self.causes, *(cause for cause in self.taking.besides() if self._is_told(cause)))

    def _is_told(self, cause: Cause) -> bool:
        return not self._subscription or owner(cause) in ("", self._subscription)

    def missing(self, taken: Collection[Need]) -> int:
        """Bits of what is gone with what is taken away, the ways over the backbone that are broken included."""
        return self._numbering.known(taken) | self._numbering.known(self.underlay.broken(taken))

    def fate(self, bundle: Bundle, missing: int) -> Fate:
        effect = bundle.effect(missing)
        found = bundle.known.get(effect)
        if found is None:
            walk = Walk(self.topology, missing)
            found = bundle.known[effect] = Fate(walk.along(bundle.to), walk.along(bundle.back))
        return found

    def bandwidth_bps(self, meter: Meter) -> int:
        return self.topology.bandwidth_bps(meter)

    def _bundles(self, found: Iterable[Pair]) -> Iterator[Bundle]:
        alike: dict[object, Bundle] = {}
        for pair in found:
            to, back = self._course(pair.here, pair.there), self._course(pair.there, pair.here)
            key = (pair.here.owner.key, pair.there.owner.key, *(
                self._tables.shape(one) for one in (*to.covering, None, *back.covering)))
            if key in alike:
                alike[key].pairs.append(pair)
            else:
                alike[key] = Bundle([pair], to, back, self._needs(to, back), self._networks(to, back))
        yield from alike.values()

    def _course(self, start: Place, goal: Place) -> Course:
        return Course(start.nodes, frozenset(goal.nodes), goal.address,
                      self._tables.covering(goal.nodes, goal.address),
                      self._tables.covering(start.nodes, start.address))

    def _networks(self, *courses: Course) -> int:
        found = 0
        for node in {node for course in courses for node in course.goals}:
            known = self.topology.nodes.get(node)
            if known and known.role is Role.ROUTER:
                found |= self.topology.alive(node)
        return found

    def _needs(self, to: Course, back: Course) -> tuple[int, ...]:
        found = [self.topology.alive(node) for node in (*to.starts, *back.starts)]
        nodes = {*to.starts, *back.starts}
        for derivation in (*to.covering, *back.covering):
            found += derivation.needs
            nodes.update(derivation.places)
        for course in (to, back):
            found += [hop.need for node in nodes for hop in self.topology.static(node, course.address).hops]
        return tuple(dict.fromkeys(found))


def _routers(parts: Iterable[Blueprint]) -> tuple[Router, ...]:
    return tuple(router for one in parts for router in one.routers)


class _Tables:
    """Derivations by prefix, among routers that have anything to do with each other: customers may use the same."""

    def __init__(self, routers: Sequence[Router], met: dict[str, tuple[Meeting, ...]], topology: Topology) -> None:
        self._met, self._topology = met, topology
        self._ecmp = {router.node: router.ecmp for router in routers}
        self._island = _islands(met)
        self._origins: dict[str, dict[str, list[tuple[Router, Origin]]]] = {}
        for router in routers:
            if not router.down:
                for origin in router.origins:
                    mine = self._origins.setdefault(self._island[router.node], {})
                    mine.setdefault(origin.prefix, []).append((router, origin))
        self._derived: dict[tuple[str, str], Derivation] = {}
        self._shapes: dict[int, int] = {}
        self._numbers: dict[tuple[object, ...], int] = {}

    def covering(self, nodes: Sequence[str], address: str) -> tuple[Derivation, ...]:
        """What leads to an address, the longest prefix first, as the routers among ``nodes`` and all beyond see it."""
        islands = dict.fromkeys(self._island[node] for node in nodes if node in self._island)
        found = [(island, prefix) for island in islands for prefix in self._origins.get(island, ())
                 if within(address, prefix)]
        return tuple(self._derivation(*one) for one in sorted(
            found, key=lambda one: -int(one[1].partition("/")[2])))

    def _derivation(self, island: str, prefix: str) -> Derivation:
        if (island, prefix) not in self._derived:
            self._derived[island, prefix] = derive(prefix, self._origins[island][prefix], self._met, self._topology,
                                                   self._ecmp)
        return self._derived[island, prefix]

    def shape(self, derivation: Derivation | None) -> int:
        """A number that derivations which treat their prefixes alike have in common."""
        if derivation is None:
            return -1
        if id(derivation) not in self._shapes:
            self._shapes[id(derivation)] = self._numbers.setdefault(derivation.shape, len(self._numbers))
        return self._shapes[id(derivation)]


def _islands(met: dict[str, tuple[Meeting, ...]]) -> dict[str, str]:
    """Each router with a name for all that speak with each other, directly or through others."""
    found: dict[str, str] = {}
    for start in met:
        front = [] if start in found else [start]
        while front:
            here = front.pop()
            if here not in found:
                found[here] = start
                front += [meeting.far for meeting in met[here]]
    return found
