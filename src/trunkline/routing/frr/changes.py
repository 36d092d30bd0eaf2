"""From one printed configuration to another: the fewest commands, so that no session is reset that did not change.

FRR cannot load a file over a running configuration. Both texts are our own printing, so lines compare exactly. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: Commands for one daemon, from its configuration mode.
Batch = tuple[str, tuple[str, ...]]

_ENDS = ("exit", "exit-address-family")
_PREPENDED = re.compile(r"(set as-path prepend) \d.*")
_CREATES_NEIGHBOR = re.compile(r"(neighbor \S+) remote-as \d+")


@dataclass(frozen=True, slots=True)
class Statement:
    """One line with the headers it stands under. A header is a statement too."""

    context: tuple[str, ...]
    text: str

    @property
    def daemon(self) -> str:
        words = self.path[0].removeprefix("no ").split()
        if words[:2] in (["ip", "route"], ["ipv6", "route"]):
            return "staticd"
        return "bfdd" if words == ["bfd"] else "bgpd"

    @property
    def path(self) -> tuple[str, ...]:
        return (*self.context, self.text)


def parse(text: str) -> tuple[Statement, ...]:
    """Headers are told by the deeper line that follows or the ``exit`` that ends them; indentation is ours."""
    statements: list[Statement] = []
    context: list[str] = []
    for line in text.splitlines():
        word, depth = line.strip(), len(line) - len(line.lstrip())
        if word in _ENDS:
            continue
        del context[depth:]
        statements.append(Statement(tuple(context), word))
        context.append(word)
    return tuple(statements)


def differ(old: str, new: str) -> tuple[Batch, ...]:
    """What to send, in order: first what goes (from the last line upwards, so that a user goes before what it uses),
    then what comes."""
    before, after = parse(old), parse(new)
    reordered = _reordered(before, after)
    gone, come = _lost(before, after, reordered), _lost(after, before, reordered)
    reborn = {owner for statement in gone if (owner := _neighbor_created(statement))}
    removed = [_negation(statement) for statement in _topmost(reversed(gone))
               if _neighbor_created(statement) or not _belongs(statement, reborn)]
    wanted = set(come)
    added = [statement for statement in after if statement in wanted or _belongs(statement, reborn)]
    return (*_batches(removed), *_batches(_born_asleep(added)))


def _born_asleep(added: list[Statement]) -> Iterator[Statement]:
    """A new neighbor stays shut until it is wholly configured: one that connects earlier would be turned away for
    having no address family."""
    told, awakened = set(added), []
    for statement in added:
        yield statement
        if created := _neighbor_created(statement):
            shut = Statement(statement.context, f"{created[1]} shutdown")
            if shut not in told:
                awakened.append(_negation(shut))
                yield shut
    yield from awakened


def _lost(before: Iterable[Statement], after: Iterable[Statement], entries: frozenset[str]) -> list[Statement]:
    """What is not in the other text, and all of these entries of route maps."""
    still = set(after)
    return [statement for statement in before if statement not in still or statement.path[0] in entries]


def _reordered(before: Iterable[Statement], after: Iterable[Statement]) -> frozenset[str]:
    """Entries of route maps whose ``set`` lines would end in another order, which is that in which FRR obeys them: what
    is added goes to the end. They have to be made anew."""
    had, wanted = _sets(before), _sets(after)
    return frozenset(entry for entry in had.keys() & wanted.keys() if wanted[entry] != [
        *(line for line in had[entry] if line in wanted[entry]),
        *(line for line in wanted[entry] if line not in had[entry])])


def _sets(statements: Iterable[Statement]) -> dict[str, list[str]]:
    """``set`` lines by the header of their entry."""
    found: dict[str, list[str]] = {}
    for statement in statements:
        if statement.text.startswith("set "):
            found.setdefault(statement.context[0], []).append(statement.text)
    return found


def _topmost(statements: Iterable[Statement]) -> list[Statement]:
    """Without those whose header goes as well: they go with it."""
    known = list(statements)
    paths = {statement.path for statement in known}
    return [one for one in known if not any(one.context[:depth] in paths for depth in range(1, len(one.context) + 1))]


def _neighbor_created(statement: Statement) -> tuple[tuple[str, ...], str] | None:
    """Router and neighbor that a ``remote-as`` line creates, and whose all else its removal takes along."""
    found = _CREATES_NEIGHBOR.fullmatch(statement.text)
    return (statement.context[:1], found[1]) if found else None


def _belongs(statement: Statement, neighbors: set[tuple[tuple[str, ...], str]]) -> bool:
    return (statement.context[:1], " ".join(statement.text.split()[:2])) in neighbors


def _negation(statement: Statement) -> Statement:
    """FRR takes back what is prepended without being told what it was."""
    text = _PREPENDED.sub(r"\1", statement.text)
    return Statement(statement.context, text.removeprefix("no ") if text.startswith("no ") else f"no {text}")


def _batches(statements: Iterable[Statement]) -> Iterator[Batch]:
    """Consecutive statements of one daemon; headers are entered again wherever the context changes."""
    daemon, context, commands = "", tuple[str, ...](), list[str]()
    for statement in statements:
        if statement.daemon != daemon:
            if commands:
                yield daemon, tuple(commands)
            daemon, context, commands = statement.daemon, (), []
        if statement.context != context:
            commands += ["end", "configure terminal", *statement.context]
        commands.append(statement.text)
        context = statement.context if _is_plain(statement) else ("?",)
    if commands:
        yield daemon, tuple(commands)


def _is_plain(statement: Statement) -> bool:
    """Whether the daemon stays in its mode after the statement; a header would lead it one deeper."""
    return not statement.text.startswith(("route-map ", "router bgp", "address-family ", "bfd", "profile "))
