"""The files of an operator's own plant (docs/plant.md): CSV in a directory, taken whole or not at all. Every fault
names file, line, column, value, rule and way out."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from trunkline.errors import Unsound
from trunkline.model.own_plant import OwnPlant, Row
from trunkline.model.plant_rules import contradictions, fault, of_file

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

#: Columns of each file; those that a row must fill, then the others.
FILES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "locations.csv": (("location", "latitude", "longitude"),
                      ("kind", "address", "zone", "area", "local_regions", "direct", "providers")),
    "regions.csv": (("region", "latitude", "longitude"), ("area",)),
    "spans.csv": (("a", "b"), ("km", "kind", "system")),
    "metros.csv": (("metro", "primary", "secondary"), ("zone", "local_regions", "direct", "providers")),
}
_OPTIONAL = "metros.csv"
_KINDS = {"locations.csv": ("location", "building"), "spans.csv": ("city", "land", "sea")}
#: So that names stand in paths of the API and in commands.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ().&+'_-]{0,59}")

Rule = Callable[[Row, str], str]


def present(directory: Path) -> bool:
    return directory.is_dir() and any(directory.glob("*.csv"))


def read(directory: Path) -> OwnPlant:
    """Raises Unsound with all that is wrong."""
    faults: list[str] = []
    rows = {name: tuple(_rows(directory, name, faults)) for name in FILES}
    faults = faults or list(contradictions(rows))
    if faults:
        raise Unsound(faults)
    return OwnPlant(rows["locations.csv"], rows["regions.csv"], rows["spans.csv"], rows["metros.csv"])


def _rows(directory: Path, name: str, faults: list[str]) -> Iterator[Row]:
    text = _text(directory, name, faults)
    if text is None:
        return
    reader = csv.reader(text.splitlines())
    try:
        yield from _sound_rows(name, reader, faults)
    except csv.Error as problem:
        faults.append(of_file(name, f"line {reader.line_num} cannot be read: {problem}. Write it as CSV, quotes in "
                              "pairs."))


def _sound_rows(name: str, reader: CsvReader, faults: list[str]) -> Iterator[Row]:
    header = next(reader, [])
    if why := _wrong_header(name, header):
        faults.append(why)
        return
    for cells in reader:
        if len(cells) == len(header):
            row = _row(name, reader.line_num, header, cells)
            faults += _unsound(row)
            yield row
        elif cells:
            faults.append(of_file(name, f"line {reader.line_num} has {len(cells)} cells, and line 1 has {len(header)}. "
                                  "Put what has a comma in it into double quotes."))


def _text(directory: Path, name: str, faults: list[str]) -> str | None:
    try:
        text = (directory / name).read_text(encoding="utf-8-sig")
        line = next((number for number, one in enumerate(text.split("\n"), 1) if "\0" in one), 0)
        if not line:
            return text
        faults.append(of_file(name, f"line {line} has a NUL byte (0x00), which no text has. Write the file anew as CSV "
                              "in UTF-8; UTF-16, as some spreadsheets export it, is full of them."))
    except FileNotFoundError:
        if name != _OPTIONAL:
            faults.append(of_file(name, f"is missing in {directory}. Write it, or take {directory} away to use the "
                                  "plant that ships with Trunkline."))
    except (OSError, UnicodeDecodeError) as problem:
        faults.append(of_file(name, f"cannot be read: {problem}. It must be a file in UTF-8."))
    return None


def _wrong_header(name: str, header: list[str]) -> str:
    needed, others = FILES[name]
    if set(needed) <= set(header) <= {*needed, *others} and len(set(header)) == len(header):
        return ""
    return of_file(name, f"line 1 has the columns '{','.join(header)}'. It needs {','.join(needed)} and may have "
                   f"{','.join(others)}, each once.")


def _row(name: str, line: int, header: list[str], cells: list[str]) -> Row:
    needed, others = FILES[name]
    given = {column: " ".join(cell.split()) for column, cell in zip(header, cells, strict=True)}
    return Row(name, line, {**dict.fromkeys((*needed, *others), ""), **given})


def _unsound(row: Row) -> Iterator[str]:
    """What is wrong with a row alone."""
    needed, _ = FILES[row.file]
    for column, text in row.cells.items():
        rule = _RULES.get(column)
        if rule and (text or column in needed) and (why := rule(row, text)):
            yield fault(row, column, why)


def _name(_row: Row, text: str) -> str:
    return "" if _NAME.fullmatch(text) else (
        "is no name: write 1 to 60 letters, digits, blanks or ( ) . & + ' _ -, a letter or digit first.")


def _between(least: float, most: float) -> Rule:
    def rule(_row: Row, text: str) -> str:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        return "" if isfinite(value) and least <= value <= most else f"is no number from {least:g} to {most:g}."
    return rule


def _among(*words: str) -> Rule:
    return lambda _row, text: "" if text in words else f"is none of {', '.join(words)}."


_RULES: Mapping[str, Rule] = {
    "location": _name, "region": _name, "metro": _name, "a": _name, "b": _name, "primary": _name, "secondary": _name,
    "latitude": _between(-90, 90), "longitude": _between(-180, 180), "km": _between(0.1, 40_000),
    "kind": lambda row, text: _among(*_KINDS[row.file])(row, text),
    "zone": _among("0", "1", "2", "3", "4"), "direct": _among("yes", "no"),
}
