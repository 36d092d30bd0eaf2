"""Whose public prefixes are: what route objects, ROAs and operators say of each Microsoft peering, and what route
objects and as-sets say of each member of an exchange, is kept with it.

Route objects are read from files (``registry_files``); ROAs are those that routers get.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from trunkline.errors import Fault
from trunkline.intent.dependency import touched
from trunkline.intent.exchange import EXCHANGE, MEMBER, registered
from trunkline.intent.scope import Scope
from trunkline.intent.validation import REGISTRY
from trunkline.intent.view import PEERING
from trunkline.model import vrp
from trunkline.model.registry import Registries
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.reconcile.ownership import Ownership, concerned, is_microsoft
from trunkline.reconcile.registry_files import RegistryFiles
from trunkline.settings import Places
from trunkline.store import Reader, Store

#: As many members of an exchange with news at once are all of it.
_MANY = 10


class Registrar:
    """Thread-safe. Without files no registry knows anything."""

    def __init__(self, store: Store, places: Places) -> None:
        self._store, self._roas, self._lock = store, _Roas(places.served_vrps), Lock()
        self._files = RegistryFiles(places.registries)
        self._registries, self._ownership = Registries(), Ownership(store)
        self._began = False

    def refresh(self, due: Callable[[Iterable[Scope]], None] = lambda _scopes: None) -> None:
        """Read what has changed, and judge all Microsoft peerings and members of exchanges anew; else those peerings
        that wait for what another subscription has. ``due`` is told which scopes feel it."""
        with self._lock:
            news, self._began = self._read() or not self._began, True
        due(self._judged(self._all() if news else self._ownership.waiting))

    def judge(self, subject: ResourceId) -> frozenset[Scope]:
        """Write down what is to be said now that a resource has changed, of peerings and members; which scopes feel
        it."""
        with self._store.reading() as reader:
            found = tuple(_concerned(subject, reader))
        if found and not self._began:
            self.refresh()
        return self._judged(found)

    def _all(self) -> list[ResourceId]:
        with self._store.reading() as reader:
            return [*(one.id for one in reader.list(PEERING) if is_microsoft(one.id)),
                    *(one.id for one in reader.list(MEMBER))]

    def _judged(self, subjects: Iterable[ResourceId]) -> frozenset[Scope]:
        found = list(subjects)
        news = [one for one in found if is_microsoft(one) and self._ownership.judge(one, self._registries)]
        news += self._judge_members([one for one in found if not is_microsoft(one)])
        if not news:
            return frozenset()
        with self._store.reading() as reader:
            present = [one for one in map(reader.get, _sources(news)) if one]
            return frozenset(scope for one in present for scope in touched(one, reader))

    def _judge_members(self, members: list[ResourceId]) -> list[ResourceId]:
        """Whose words are others now. Each exchange is looked at once, however many members it has."""
        if not members:
            return []
        with self._store.reading() as reader:
            words = {member: one for exchange in {member.parent for member in members if member.parent}
                     for member, one in registered(reader, exchange, self._registries, members).items()}
            news = [member for member, one in words.items() if _differs(reader.get(member), one)]
        if news:
            with self._store.writing() as writer:
                for member in news:
                    if latest := writer.get(member):
                        writer.set_status(member, status={**latest.status, REGISTRY: words[member]})
        return news

    def told(self) -> list[Json]:
        """Each file of route objects: how many, since when, and why its present state is not believed."""
        return self._files.told()

    def _read(self) -> bool:
        """Whether anything is known now that was not, or the other way round."""
        news = any([self._files.read(), self._roas.read()])
        if news:
            self._registries = Registries(self._files.content, self._roas.validation)
        return news


class _Served(NamedTuple):
    """A leg's file. ``mark``: size and time of change; ``roas``: their text's digest."""

    mark: tuple[int, int]
    roas: bytes
    vrps: frozenset[vrp.Vrp]


class _Roas:
    """What the caches of both legs serve, mostly the same: then it is parsed once. A file that cannot be read keeps its
    last state."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._legs: dict[Path, _Served] = {}
        self.validation = vrp.Validation(())

    def read(self) -> bool:
        """Whether other VRPs are known than before."""
        before = {one.roas for one in self._legs.values()}
        present = {path: (found.st_size, found.st_mtime_ns) for path in sorted(self._directory.glob("*.json"))
                   if (found := path.stat())}
        for path in self._legs.keys() - present.keys():
            del self._legs[path]
        for path, mark in present.items():
            self._legs[path] = self._leg(path, mark)
        sets = {one.roas: one.vrps for one in self._legs.values()}
        if sets.keys() == before:
            return False
        self.validation = vrp.Validation(frozenset[vrp.Vrp]().union(*sets.values()))
        return True

    def _leg(self, path: Path, mark: tuple[int, int]) -> _Served:
        last = self._legs.get(path, _Served((0, 0), b"", frozenset()))
        if last.mark == mark:
            return last
        try:
            text = path.read_text(encoding="utf-8")
            roas = sha256(text.partition('"roas":')[2].encode()).digest()
            same = next((one.vrps for one in self._legs.values() if one.roas == roas), None)
            return _Served(mark, roas, vrp.parse(text).vrps if same is None else same)
        except (Fault, UnicodeError):
            return last._replace(mark=mark)
        except OSError:
            return last


def _sources(news: list[ResourceId]) -> Iterator[ResourceId]:
    """Whose scopes feel it: where many members of an exchange have news, all of it does. Each member asks after all
    others."""
    count = Counter(one.parent for one in news if one.type.lower() == MEMBER.lower())
    whole = {exchange for exchange, members in count.items() if exchange and members > _MANY}
    yield from whole
    yield from (one for one in news if one.parent not in whole)


def _differs(member: Resource | None, words: Json) -> bool:
    return member is not None and not member.deleting and member.status.get(REGISTRY, {}) != words


def _concerned(subject: ResourceId, reader: Reader) -> Iterator[ResourceId]:
    kind = subject.type.lower()
    if kind == EXCHANGE.lower():
        yield from (one.id for one in reader.children(subject, MEMBER))
    elif kind == MEMBER.lower():
        yield subject
    else:
        yield from concerned(subject, reader)
