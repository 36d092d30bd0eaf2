"""What rows of an operator's plant must be to each other: names that exist and differ, sites that are joined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trunkline.model.catalogue import listed
from trunkline.model.own_plant import Row, key, region_name, site_name

_Rows = Mapping[str, tuple[Row, ...]]

#: Seven bits of a tunnel's number tell the region, and one value is taken (``intent.allocation``).
_MOST_REGIONS = 127


def fault(row: Row, column: str, rule: str) -> str:
    return of_file(row.file, f"line {row.line}, column {column}: '{row.cells.get(column, '')}' {rule}")


def of_file(name: str, rule: str) -> str:
    return f"{name} {rule}"


def contradictions(rows: _Rows) -> Iterator[str]:
    """What is wrong between rows that are sound alone."""
    places = {key(row["location"]): row for row in rows["locations.csv"]}
    regions = {region_name(row["region"]): row for row in rows["regions.csv"]}
    yield from _counts(rows)
    yield from _doubled(rows)
    yield from _local(rows, regions)
    yield from _buildings(rows["metros.csv"], places)
    yield from _spans(rows["spans.csv"], {**places, **regions})
    yield from _unjoined(rows["spans.csv"], {**places, **regions})


def _counts(rows: _Rows) -> Iterator[str]:
    for file in ("locations.csv", "regions.csv"):
        if not rows[file]:
            yield of_file(file, "has no row. A plant has at least one location and one region.")
    if len(rows["regions.csv"]) > _MOST_REGIONS:
        yield of_file("regions.csv", f"has {len(rows['regions.csv'])} regions; {_MOST_REGIONS} have numbers. Leave "
                      "some out.")


def _doubled(rows: _Rows) -> Iterator[str]:
    """Names of locations, metros and regions are of one kind, for all are sites in commands; blanks tell none apart."""
    seen: dict[str, Row] = {}
    for file, column in (("locations.csv", "location"), ("metros.csv", "metro"), ("regions.csv", "region")):
        for row in rows[file]:
            name = region_name(row[column])
            if name in seen:
                yield fault(row, column, f"stands in {seen[name].file} line {seen[name].line} already, blanks aside; "
                            "choose another name.")
            seen.setdefault(name, row)


def _local(rows: _Rows, regions: Mapping[str, Row]) -> Iterator[str]:
    for row in (*rows["locations.csv"], *rows["metros.csv"]):
        for display in listed(row["local_regions"]):
            found = regions.get(region_name(display))
            if found is None or found["region"] != display:
                yield fault(row, "local_regions", f"names '{display}', which is no region of regions.csv. Write it as "
                            "there, or leave it out.")


def _buildings(metros: tuple[Row, ...], places: Mapping[str, Row]) -> Iterator[str]:
    for row in metros:
        for column in ("primary", "secondary"):
            if key(row[column]) not in places:
                yield fault(row, column, "is no location of locations.csv. Add it there, as kind building if nothing "
                            "is sold at it alone.")
        if key(row["primary"]) == key(row["secondary"]):
            yield fault(row, "secondary", "is the primary's building too; a metro has two.")


def _spans(spans: tuple[Row, ...], sites: Mapping[str, Row]) -> Iterator[str]:
    pairs: dict[frozenset[str], Row] = {}
    for row in spans:
        for column in ("a", "b"):
            if site_name(row[column], sites) not in sites:
                yield fault(row, column, "is no location of locations.csv and no region of regions.csv. Add it there.")
        ends = frozenset(site_name(row[column], sites) for column in ("a", "b"))
        if len(ends) == 1:
            yield fault(row, "b", "is the span's other end too; a span joins two sites.")
        elif ends in pairs:
            yield fault(row, "b", f"is joined to '{row['a']}' in line {pairs[ends].line} already; two sites are joined "
                        "by one span. Take one line away.")
        pairs.setdefault(ends, row)


def _unjoined(spans: tuple[Row, ...], sites: Mapping[str, Row]) -> Iterator[str]:
    """Every site must be reached from every other."""
    near: dict[str, set[str]] = {site: set() for site in sites}
    for row in spans:
        a, b = (site_name(row[column], sites) for column in ("a", "b"))
        if a in near and b in near:
            near[a].add(b)
            near[b].add(a)
    start = min(sites, default="")
    reached, todo = {start}, [start]
    while todo:
        found = near.get(todo.pop(), set()) - reached
        reached |= found
        todo += found
    if left := sorted(set(sites) - reached):
        yield of_file("spans.csv", f"does not join {', '.join(left[:5])} to {start}. Write spans by which every site "
                      "is reached from every other.")
