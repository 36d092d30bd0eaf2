"""YAML as plain values, with the line of each, so that a fault can say where it stands."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

#: Where a value stands: keys and indices from the top.
Path = tuple[str | int, ...]
Value = dict[str, "Value"] | list["Value"] | str | int | float | bool | None

#: A file nested deeper than this is a mistake (an alias that contains itself, for one).
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class FileFault:
    """``line`` from 1; 0 for the whole file."""

    line: int
    path: Path
    message: str

    def __str__(self) -> str:
        place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in self.path).lstrip(".")
        return f"{place}: {self.message}" if place else self.message


@dataclass(frozen=True, slots=True)
class Document:
    value: dict[str, Value]
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """Of the nearest thing that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class FaultyFile(Exception):
    """All that is wrong with a file. ``rest``: what could be read beside it, if anything."""

    def __init__(self, faults: list[FileFault], rest: Document | None = None) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults, self.rest = sorted(faults, key=lambda fault: fault.line), rest


def parse(text: str, form: str = "an estate file is a mapping with sections such as 'sites:'") -> Document:
    """``form``: said of a file that is no mapping."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 0
        raise FaultyFile([FileFault(line, (), f"this is not YAML: {problem.problem}")]) from None
    except yaml.YAMLError as problem:
        raise FaultyFile([FileFault(0, (), f"this is not YAML: {problem}")]) from None
    reader = _Reader()
    value = reader.read(node, ()) if node else {}
    if not isinstance(value, dict):
        raise FaultyFile([*reader.faults, FileFault(1, (), form)])
    found = Document(value, reader.lines)
    if reader.faults:
        raise FaultyFile(reader.faults, found)
    return found


class _Reader:
    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.faults: list[FileFault] = []
        self._scalars = yaml.constructor.SafeConstructor()

    def read(self, node: yaml.Node, path: Path) -> Value:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if len(path) > _DEEPEST:
            self._fault(node, path[:3], "this is nested too deeply")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Value:
        found: dict[str, Value] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in found:
                self._fault(key_node, path, f"'{key}' stands twice")
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            found[key] = self.read(value_node, (*path, key))
        return found

    def _scalar(self, node: yaml.Node, path: Path) -> Value:
        if node.tag == "tag:yaml.org,2002:timestamp":
            return str(node.value)
        try:
            found = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self._fault(node, path, f"'{node.value}' cannot be read")
            return None
        if found is None or isinstance(found, str | int | float | bool):
            return found
        self._fault(node, path, f"a value of type {node.tag.rpartition(':')[2]} has no place here")
        return None

    def _fault(self, node: yaml.Node, path: Path, message: str) -> None:
        self.faults.append(FileFault(node.start_mark.line + 1, path, message))
