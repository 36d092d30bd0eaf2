"""What Azure publishes about its network, read once from ``data`` when first asked: tables as rows, recorded answers as
JSON, and ``Catalogue``, in which names are found without regard to case.

The tables are from Microsoft's documentation (CC BY 4.0), the recorded answer from azure-cli's tests (MIT); changes and
sources stand in ``data/README.md``.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeVar

Entry = TypeVar("Entry")


def _text(name: str) -> str:
    return (files("trunkline.model") / "data" / name).read_text(encoding="utf-8")


@cache
def table(name: str) -> tuple[Mapping[str, str], ...]:
    """The rows of a CSV file by column name."""
    return tuple(MappingProxyType(row) for row in csv.DictReader(_text(name).splitlines()))


def document(name: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(_text(name))
    return answer


def listed(cell: str) -> tuple[str, ...]:
    """A cell that holds several values (``a; b``); ``no`` and nothing are none."""
    return tuple(word.strip() for word in cell.split(";") if word.strip() not in ("", "no"))


class Catalogue(Mapping[str, Entry]):
    """Entries by name, in the order of their names; any spelling of the case finds them."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = {name: entries[name] for name in sorted(entries, key=str.casefold)}
        self._spelling = {name.casefold(): name for name in self._entries}

    def __getitem__(self, name: str) -> Entry:
        return self._entries[self._spelling[name.casefold()]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
