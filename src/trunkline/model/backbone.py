"""The backbone between peering locations and regions: sites by where they are, spans by length, paths by latency.

It has two planes, one for each leg: what a circuit's primary leg sends takes the primary plane's routers and links, its
secondary leg the other's. Between two sites the primary plane takes the shortest path, the secondary one the shortest
that shares no site between them and no span with it, if there is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

import networkx

from trunkline.errors import NotFound
from trunkline.model.catalogue import table
from trunkline.model.circuit import Leg
from trunkline.model.geography import LAND_FACTOR, SEA_FACTOR, Position, latency_us
from trunkline.model.own_plant import OwnPlant, Row, key, region_name, site_name, used
from trunkline.model.plant import metro_sites

#: A region is many buildings, and an edge is in none of them.
_LEAST_TO_REGION_KM = 15.0


class SiteKind(StrEnum):
    LOCATION = "location"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class BackboneSite:
    """``name``: of a peering location or a region, casefolded as in scopes; degrees north and east."""

    name: str
    kind: SiteKind
    latitude: float
    longitude: float

    @property
    def position(self) -> Position:
        return Position(self.latitude, self.longitude)


@dataclass(frozen=True, slots=True)
class Span:
    """A way of fibre between two sites, ``a`` before ``b`` in the alphabet. ``latency_us``: one way. ``kind``: city,
    land or sea; ``system``: the cable's name, if it has one."""

    a: str
    b: str
    km: float
    latency_us: int
    kind: str = ""
    system: str = ""

    def other(self, site: str) -> str:
        return self.b if site == self.a else self.a

    def __str__(self) -> str:
        return f"{self.a}~{self.b}"


@dataclass(frozen=True)
class Backbone:
    """Immutable; paths are computed when first asked and remembered."""

    sites: tuple[BackboneSite, ...]
    spans: tuple[Span, ...]
    _paths: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = field(default_factory=dict, repr=False, compare=False)
    _latencies: dict[str, dict[str, int]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def by_name(self) -> dict[str, BackboneSite]:
        return {site.name: site for site in self.sites}

    @cached_property
    def adjacent(self) -> dict[str, tuple[Span, ...]]:
        """The spans of each site."""
        found: dict[str, list[Span]] = {site.name: [] for site in self.sites}
        for span in self.spans:
            found[span.a].append(span)
            found[span.b].append(span)
        return {name: tuple(spans) for name, spans in found.items()}

    def span(self, one: str, other: str) -> Span | None:
        return next((span for span in self.adjacent.get(one, ()) if span.other(one) == other), None)

    @cached_property
    def site_numbers(self) -> dict[str, int]:
        """By the place among sites of the kind: even ones of locations, odd ones of regions, so that one more of either
        at the end moves no other's."""
        kinds = list(SiteKind)
        alike = ([site.name for site in self.sites if site.kind is kind] for kind in kinds)
        return {name: place * len(kinds) + which for which, names in enumerate(alike)
                for place, name in enumerate(names)}

    @cached_property
    def span_numbers(self) -> dict[str, int]:
        """The place of each span among all."""
        return {str(span): number for number, span in enumerate(self.spans)}

    def path(self, start: str, end: str, leg: Leg) -> tuple[str, ...]:
        """The sites that a leg's plane takes, both ends included; the primary's for both legs where nothing is
        disjoint. Raises NotFound where no path is at all. An end may be a metro: then each leg begins in its own
        building and keeps out of the other's. Of equally long ones the same is taken from both ends."""
        if start > end:
            return self.path(end, start, leg)[::-1]
        if (start, end) not in self._paths:
            self._paths[start, end] = self._disjoint(start, end)
        return self._paths[start, end][list(Leg).index(leg)]

    def nearest(self, start: str, kind: SiteKind) -> tuple[tuple[str, int], ...]:
        """Sites of a kind by latency (one way, us) from a site, over both planes' spans; those out of reach are left
        out."""
        near = ((name, us) for name, us in self.latencies(start).items() if self.by_name[name].kind is kind)
        return tuple(sorted(near, key=lambda one: (one[1], one[0])))

    def latencies(self, start: str) -> Mapping[str, int]:
        """Of all sites in reach."""
        if start not in self._latencies:
            found = networkx.single_source_dijkstra_path_length(self._graph, start, weight="us")
            self._latencies[start] = {name: round(us) for name, us in found.items()}
        return self._latencies[start]

    def _disjoint(self, start: str, end: str) -> tuple[tuple[str, ...], ...]:
        one, other = ((site_of(start, leg), site_of(end, leg)) for leg in Leg)
        first = self._avoiding(set(other) - set(one), *one)
        rest = self._graph.copy()
        rest.remove_nodes_from(set(first) - set(other))
        rest.remove_edges_from(pairwise(first))
        if second := self._shortest(rest, *other):
            return first, second
        return self._pair(one, other) or (first, self._avoiding(set(one) - set(other), *other))

    def _avoiding(self, sites: Collection[str], start: str, end: str) -> tuple[str, ...]:
        """The shortest path without these sites if there is one, else the shortest."""
        rest = self._graph.copy()
        rest.remove_nodes_from(sites)
        if found := self._shortest(rest, start, end) or self._shortest(self._graph, start, end):
            return found
        raise NotFound(f"The backbone has no path from '{start}' to '{end}'.", "BackbonePathNotFound")

    def _pair(self, one: tuple[str, str], other: tuple[str, str]) -> tuple[tuple[str, ...], ...]:
        """The disjoint paths that are shortest together, where the shortest of all is disjoint from none: a flow of two
        through sites that let one through. Empty if there are none."""
        flow = networkx.DiGraph()
        for site in self.sites:
            if site.name not in (*one, *other):
                flow.add_edge((site.name, "in"), (site.name, "out"), capacity=1, weight=0)
        for span in self.spans:
            for here, there in ((span.a, span.b), (span.b, span.a)):
                flow.add_edge((here, "out"), (there, "in"), capacity=1, weight=span.latency_us)
        for edge, count in Counter(edge for start, end in (one, other)
                                   for edge in (("source", (start, "out")), ((end, "in"), "sink"))).items():
            flow.add_edge(*edge, capacity=count, weight=0)
        flow.add_node("source", demand=-2)
        flow.add_node("sink", demand=2)
        try:
            taken = networkx.min_cost_flow(flow)
        except networkx.NetworkXUnfeasible:
            return ()
        starts = dict.fromkeys((one[0], other[0]))
        found = sorted((path for start in starts for path in _followed(taken, start)), key=self.latency_us)
        both = {(path[0], path[-1]): path for path in found}
        return tuple(found) if one == other else (both[one], both[other]) if {one, other} <= both.keys() else ()

    @staticmethod
    def _shortest(graph: Any, start: str, end: str) -> tuple[str, ...] | None:
        try:
            return tuple(networkx.dijkstra_path(graph, start, end, weight="us"))
        except (networkx.NetworkXNoPath, networkx.NodeNotFound):
            return None

    @cached_property
    def _graph(self) -> Any:
        graph = networkx.Graph()
        graph.add_nodes_from(site.name for site in self.sites)
        graph.add_edges_from((span.a, span.b, {"us": span.latency_us}) for span in self.spans)
        return graph

    def latency_us(self, path: Iterable[str]) -> int:
        """One way over a path's spans."""
        return sum(found.latency_us for one, other in pairwise(path) if (found := self.span(one, other)))


def _followed(taken: Any, start: str) -> Iterator[tuple[str, ...]]:
    """The paths of a flow that leave a site."""
    for first, units in taken[start, "out"].items():
        path, at = [start], first
        while units and at != "sink":
            path.append(at[0])
            at = "sink" if taken[at].get("sink") else next(
                there for there, more in taken[at[0], "out"].items() if more)
        if units:
            yield tuple(path)


def site_of(location: str, leg: Leg) -> str:
    """The backbone's site where a leg of a location's circuits has its edge: the location, of a metro a building."""
    sites = metro_sites().get(location)
    return sites[list(Leg).index(leg)] if sites else location.casefold()


def backbone() -> Backbone:
    """Of this instance: what ships with Trunkline, or the operator's own."""
    return _own(own) if (own := used()) else _shipped()


@cache
def _own(own: OwnPlant) -> Backbone:
    sites = {site.name: site for site in (*_sites(own.locations, "location"), *_sites(own.regions, "region"))}
    return Backbone(tuple(sites.values()), tuple(_own_span(row, sites) for row in own.spans))


def _sites(rows: Iterable[Row], column: str) -> Iterator[BackboneSite]:
    for row in rows:
        name = key(row[column]) if column == "location" else region_name(row[column])
        yield BackboneSite(name, SiteKind(column), float(row["latitude"]), float(row["longitude"]))


def _own_span(row: Row, sites: Mapping[str, BackboneSite]) -> Span:
    """Without a length, that of the great circle times the factor of its kind."""
    a, b = sorted(site_name(row[end], sites) for end in ("a", "b"))
    factor = SEA_FACTOR if row["kind"] == "sea" else LAND_FACTOR
    least = _LEAST_TO_REGION_KM if SiteKind.REGION in (sites[a].kind, sites[b].kind) else 1.0
    km = float(row["km"] or max(least, round(sites[a].position.km_to(sites[b].position) * factor, 1)))
    return Span(a, b, km, latency_us(km), row["kind"] or "land", row["system"])


@cache
def _shipped() -> Backbone:
    sites = tuple(BackboneSite(row["site"], SiteKind(row["kind"]), float(row["latitude"]), float(row["longitude"]))
                  for row in table("backbone-sites.csv"))
    return Backbone(sites, tuple(map(_span, table("backbone-spans.csv"))))


def _span(row: Mapping[str, str]) -> Span:
    a, b = sorted((row["a"], row["b"]))
    km = float(row["km"])
    return Span(a, b, km, latency_us(km), row["kind"], row["system"])
