"""YAML as plain values, with the line of each, so that a fault can say where it stands."""

from __future__ import annotations

from contextlib import suppress
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


# ── what is not YAML ─────────────────────────────────────────────────────────────────────────────────────────────────

#: (how PyYAML's words begin, at what stands there; what is wrong and the way out). The first that fits counts.
_MISUSES = (
    ("mapping values are not allowed", "a key without ':', or text with ': ' in it that is not in quotes"),
    ("could not find expected ':'", "a key without ':'; write 'key: value'"),
    ("found character '\\t'", "a tab; indent with spaces"),
    ("while parsing a flow mapping", "what begins with '{' here is not closed, or lacks a comma"),
    ("while parsing a flow sequence", "what begins with '[' here is not closed, or lacks a comma"),
    ("while scanning a quoted scalar", "this quote is not closed"),
    ("while parsing a block", "this does not stand under what it belongs to; indent it like the lines around it"),
)
#: Contexts whose beginning is where the mistake is: PyYAML notices it lines later.
_BEGUN = ("while parsing a flow", "while scanning a quoted", "while scanning a simple key")


def compose(text: str) -> yaml.Node | None:
    """None of an empty file."""
    try:
        loader = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as problem:
        line = text.count("\n", 0, problem.position) + 1
        raise FaultyFile([FileFault(line, (), f"this is not YAML: the character U+{problem.character:04X} may not "
                                    "stand in it; leave it out")]) from None
    try:
        return loader.get_single_node()
    except yaml.MarkedYAMLError as problem:
        raise FaultyFile([_misuse(problem, text)]) from None
    finally:
        loader.dispose()


def _misuse(problem: yaml.MarkedYAMLError, text: str) -> FileFault:
    """A key that lacks its ':' goes on in the next line, where the ':' of another is one too many."""
    said, context = str(problem.problem or problem), str(problem.context or "")
    mark = problem.context_mark if context.startswith(_BEGUN) else problem.problem_mark
    if said.startswith("mapping values"):
        mark = _last_token(text) or mark
    words = next((told for begins, told in _MISUSES if said.startswith(begins) or context.startswith(begins)), said)
    return FileFault(mark.line + 1 if mark else 1, (), f"this is not YAML: {words}")


def _last_token(text: str) -> yaml.Mark | None:
    """Where the last one begins that can be read."""
    found = None
    with suppress(yaml.YAMLError):
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            found = token.start_mark
    return found


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
    node = compose(text)
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
