"""Circuits that share a name are told with their groups before it, wherever they are named."""

from __future__ import annotations

from trunkline.cli import lookup
from trunkline.cli.client import Json


def told_apart(found: Json) -> Json:
    """An overview for people to read."""
    names = lookup.told_apart(found["circuits"])

    def named(rows: list[Json], member: str, key: str) -> list[Json]:
        return [{**row, member: names.get(str(row[key]).lower(), row[member])} for row in rows]

    circuits = [{**one, "globalReach": named(one["globalReach"], "other", "otherId")}
                for one in named(found["circuits"], "name", "id")]
    return {**found, "circuits": circuits, "connections": named(found["connections"], "circuit", "circuitId"),
            "publicPrefixes": named(found["publicPrefixes"], "circuit", "circuitId")}
