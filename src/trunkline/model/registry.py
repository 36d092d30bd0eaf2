"""What routing registries say: route objects (RFC 2622, RFC 4012), and who may announce a prefix by them and by ROAs.

    route:   203.0.113.0/24        route6:  2001:db8::/32
    origin:  AS65010               origin:  AS65010
    source:  RIPE                  source:  RADB
    remarks: 5d41402abc4b2a76b9719d911017c592

An object says who may announce a prefix, and not which of our customers that is: a mark in its remarks does, for only
its maintainer can have written it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import NamedTuple

from trunkline.errors import Fault
from trunkline.model.bgp import family_of, network
from trunkline.model.peering import RoutingRegistry
from trunkline.model.vrp import Validation

_ROUTE = {"route": 4, "route6": 6}
_LARGEST_ASN = (1 << 32) - 1
#: Where a maintainer writes freely, and what of it may be a peering's validation id.
_REMARKS, _MARK = ("remarks", "descr"), re.compile(r"\b[0-9a-f]{32}\b")
#: How registries call themselves in ``source:``, where it is not ARM's word.
_SOURCES = {RoutingRegistry.RIPENCC: "RIPE"}


class RouteObject(NamedTuple):
    """``source``: the registry's own word, in capitals. ``marks``: validation ids in its remarks."""

    prefix: str
    origin: int
    source: str
    marks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.source} {self.prefix} AS{self.origin}"


class SetObject(NamedTuple):
    """An as-set: names in capitals. ``members``: AS numbers (``AS65010``) and other sets."""

    name: str
    members: tuple[str, ...]
    source: str


def parse(text: str) -> tuple[RouteObject | SetObject, ...]:
    """Route objects and as-sets of a dump; other classes are passed over. Raises Fault that names the line and what is
    right: half a dump would turn customers away."""
    found = [one for lines in _objects(text) if (one := _route(lines) or _set(lines))]
    if not found:
        raise Fault("RegistryFileIsBroken", "There is no route or route6 object in it. Write RPSL (RFC 2622): route:, "
                    "origin: and source:, an empty line after each object.")
    return tuple(found)


#: Number of a line, attribute, value.
_Line = tuple[int, str, str]


def _objects(text: str) -> Iterator[list[_Line]]:
    """Attributes of each object in their order. A line that begins with white space or ``+`` continues the one before;
    ``#`` begins a remark, ``%`` a line of the server's own."""
    lines: list[_Line] = []
    for number, raw in enumerate(text.splitlines(), 1):
        if not raw.strip():
            yield lines
            lines = []
        elif raw[0] in "%#":
            continue
        elif raw[0] in " \t+":
            _continue(lines, number, raw)
        else:
            name, colon, value = raw.partition(":")
            if not colon:
                raise _broken(number, f"'{raw[:40]}' has no colon; an attribute is written 'name: value'")
            lines.append((number, name.strip().lower(), value.partition("#")[0].strip()))
    yield lines


def _continue(lines: list[_Line], number: int, raw: str) -> None:
    if not lines:
        raise _broken(number, "it continues an attribute, but there is none before it")
    at, name, value = lines[-1]
    lines[-1] = at, name, f"{value} {raw[1:].partition('#')[0].strip()}".strip()


def _broken(number: int, problem: str) -> Fault:
    return Fault("RegistryFileIsBroken", f"Line {number}: {problem}.", f"line {number}")


def _route(lines: list[_Line]) -> RouteObject | None:
    """``None`` of another class than route and route6."""
    family = _ROUTE.get(lines[0][1]) if lines else None
    if family is None:
        return None
    found = {name: (number, value) for number, name, value in reversed(lines)}
    first = lines[0][0]
    for name in ("origin", "source"):
        if name not in found:
            raise _broken(first, f"the {lines[0][1]} object {lines[0][2]} has no '{name}:'")
    marks = tuple(mark for _, name, value in lines if name in _REMARKS for mark in _MARK.findall(value.lower()))
    prefix, origin = _prefix(first, lines[0][2], family), _origin(*found["origin"])
    return RouteObject(prefix, origin, found["source"][1].upper(), marks)


def _set(lines: list[_Line]) -> SetObject | None:
    """``None`` of another class than as-set. ``members:`` may stand several times."""
    if not lines or lines[0][1] != "as-set":
        return None
    members = (word.strip().upper() for _, name, value in lines if name == "members" for word in value.split(","))
    source = next((value.upper() for _, name, value in lines if name == "source"), "")
    return SetObject(lines[0][2].upper(), tuple(filter(None, members)), source)


def _prefix(number: int, text: str, family: int) -> str:
    try:
        if family_of(text) != family:
            raise ValueError
        return str(ip_network(text))
    except ValueError as error:
        raise _broken(number, f"'{text[:50]}' is not an IPv{family} prefix") from error


def _origin(number: int, text: str) -> int:
    digits = text[2:] if text[:2].upper() == "AS" else ""
    if not (digits.isascii() and digits.isdigit()) or int(digits) > _LARGEST_ASN:
        raise _broken(number, f"origin '{text[:20]}' is not an AS number such as AS65010")
    return int(digits)


@dataclass(frozen=True, slots=True)
class Word:
    """Of registries, on one prefix and AS. ``known``: some object or ROA covers the prefix."""

    vouched: bool
    known: bool
    by: str


class Registries:
    """All that is known at one moment. A lookup asks once for each length."""

    def __init__(self, objects: Iterable[RouteObject | SetObject] = (), roas: Validation | None = None) -> None:
        self._roas = roas or Validation(())
        self._routes: dict[str, list[RouteObject]] = defaultdict(list)
        self._of_origin: dict[int, list[str]] = defaultdict(list)
        self._sets: dict[str, list[SetObject]] = defaultdict(list)
        for one in objects:
            if isinstance(one, SetObject):
                self._sets[one.name].append(one)
            else:
                self._routes[one.prefix].append(one)
                self._of_origin[one.origin].append(one.prefix)

    def members(self, sets: Iterable[str]) -> tuple[int, ...]:
        """The AS numbers in these as-sets and in those that they hold, each once. ``RIPE::AS-EXAMPLE`` is that of one
        registry alone (as PeeringDB writes it)."""
        waiting, seen, found = [name.upper() for name in sets], set[str](), set[int]()
        while waiting:
            name = waiting.pop()
            if name not in seen and (digits := name.removeprefix("AS")).isdecimal():
                found.add(int(digits))
            elif name not in seen:
                source, _, own = name.rpartition("::")
                waiting += [member for one in self._sets.get(own, ()) if source in ("", one.source)
                            for member in one.members]
            seen.add(name)
        return tuple(sorted(found))

    def prefixes(self, origins: Iterable[int]) -> tuple[str, ...]:
        """Those that some route object has with one of these origins, each once."""
        return tuple(sorted({prefix for asn in origins for prefix in self._of_origin.get(asn, ())}))

    def ask(self, prefix: str, asn: int, registry: RoutingRegistry = RoutingRegistry.NONE) -> Word:
        """Whether ``asn`` may announce ``prefix``: a ROA decides where there is one (RFC 6811), else a route object for
        it or for what it lies in. ``registry``: only this one's objects count; NONE for any."""
        validity = self._roas.of(prefix, asn)
        if validity != "not-found":
            return Word(validity == "valid", True, f"RPKI: {prefix} AS{asn} is {validity}")
        covering = [one for one in self._covering(prefix) if _is_of(one, registry)]
        own = next((one for one in covering if one.origin == asn), None)
        if own:
            return Word(True, True, str(own))
        return Word(False, bool(covering), f"not of AS{asn}: {covering[0]}" if covering else "no registry knows it")

    def marked(self, prefix: str, asn: int, mark: str, registry: RoutingRegistry = RoutingRegistry.NONE) -> bool:
        """Whether an object of ``asn``, for the prefix or for what it lies in, bears a mark in its remarks."""
        return any(one.origin == asn and mark in one.marks and _is_of(one, registry) for one in self._covering(prefix))

    def _covering(self, prefix: str) -> Iterator[RouteObject]:
        """The most specific first."""
        own = network(prefix)
        for length in range(own.prefixlen, 0, -1):
            yield from self._routes.get(str(own.supernet(new_prefix=length)), ())


def _is_of(one: RouteObject, registry: RoutingRegistry) -> bool:
    return registry is RoutingRegistry.NONE or one.source == _SOURCES.get(registry, registry.value)
