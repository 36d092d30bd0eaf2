"""A node's directory: readable by root alone, because configurations hold MD5 keys."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from trunkline.settings import Places


@dataclass(frozen=True, slots=True)
class NodeFiles:
    """Files of one node's daemons. ``namespace`` is where they run."""

    directory: Path
    namespace: Path

    @classmethod
    def of(cls, places: Places, node: str) -> NodeFiles:
        return cls(nodes_directory(places) / node, Path("/run/netns") / f"{places.namespace_prefix}{node}")

    def path(self, name: str) -> Path:
        return self.directory / name

    def read(self, name: str) -> str:
        """The text of a file; empty when there is none."""
        try:
            return self.path(name).read_text()
        except (FileNotFoundError, NotADirectoryError):
            return ""

    def write(self, name: str, text: str) -> Path:
        """Write privately and replace at once; a reader sees the old text or the new."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path(f"{name}.new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        return fresh.replace(self.path(name))

    def rename(self, name: str, to: str) -> None:
        self.path(name).replace(self.path(to))

    def remove(self, *names: str) -> None:
        """Remove these files, half-written ones too, and the directory when it is then empty."""
        ours = {*names, *(f"{name}.new" for name in names)}
        for name in ours.intersection(self._present()):
            self.path(name).unlink(missing_ok=True)
        with suppress(OSError):
            self.directory.rmdir()

    def _present(self) -> list[str]:
        with suppress(FileNotFoundError):
            return os.listdir(self.directory)
        return []

    @contextmanager
    def short(self, name: str) -> Iterator[str]:
        """A path to ``name`` that fits a socket address (108 bytes), however deep the directory lies."""
        directory = os.open(self.directory, os.O_PATH | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{directory}/{name}"
        finally:
            os.close(directory)


def nodes_directory(places: Places) -> Path:
    return places.nodes


def nodes_with(places: Places, names: Sequence[str]) -> frozenset[str]:
    """Nodes in whose directory stands any file of these names."""
    with suppress(FileNotFoundError):
        return frozenset(directory.name for directory in nodes_directory(places).iterdir()
                         if any((directory / name).exists() for name in names))
    return frozenset()


def forget_nodes(places: Places) -> None:
    """Remove the directory of all nodes when none is left."""
    with suppress(OSError):
        nodes_directory(places).rmdir()
