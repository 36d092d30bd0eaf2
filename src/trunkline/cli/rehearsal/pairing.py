"""Between which two machines a drill can send datagrams, and which ways these have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address, ip_network
from itertools import combinations

from trunkline.cli.client import Json
from trunkline.cli.commands.status import LEGS
from trunkline.cli.nodes import matches
from trunkline.cli.rehearsal.ground import ESTABLISHED, Ground
from trunkline.cli.rehearsal.links import Link, Reach
from trunkline.diagnosis.drill.certificate import Unmeasured
from trunkline.diagnosis.drill.ways import End, Pair, Way
from trunkline.model.bgp import family_of

#: Pairs that a drill sends between.
MOST_PAIRS = 12


@dataclass(frozen=True)
class Pairing:
    """Of one look at the estate. ``nodes``: those that exist on this machine."""

    ground: Ground
    nodes: tuple[str, ...]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        return tuple(pair for pair, _ in self._found if isinstance(pair, Pair))

    @property
    def unmeasured(self) -> tuple[Unmeasured, ...]:
        """Prefixes that packets could go to or from, and nobody does. Each once."""
        return tuple(dict.fromkeys(other for _, other in self._found if other))

    @cached_property
    def _found(self) -> tuple[tuple[Pair | None, Unmeasured | None], ...]:
        return (*self._with_networks(), *self._between_sites())

    # ── sites and networks ─────────────────────────────────────────────────────────────────────────────────────────

    def _with_networks(self) -> Iterator[tuple[Pair | None, Unmeasured | None]]:
        for site in self.ground.sites:
            for network in self.ground.networks:
                for prefix in site["properties"]["prefixes"]:
                    yield from self._with(site, prefix, network)

    def _with(self, site: Json, prefix: str, network: Json) -> Iterator[tuple[Pair | None, Unmeasured | None]]:
        here = self._host(site, prefix)
        there = self._machine(network, prefix) if here else None
        space = there.prefix if there else next(self._spaces(network, prefix), "")
        ways = tuple(self._ways(prefix, network["id"].lower(), space))
        if not ways:
            return
        if not (here and there):
            yield None, Unmeasured(prefix=prefix, reason=f"no host of {site['name']} in {prefix}, or no machine in "
                                   f"{network['name']} of the same family, to send datagrams")
        elif all(way.trouble == _APART for way in ways):
            yield None, Unmeasured(prefix=prefix, reason=f"{_APART} between {site['name']} and {network['name']}")
        else:
            yield Pair(here, there, ways), None

    def _ways(self, prefix: str, network: str, space: str) -> Iterator[Way]:
        """Over circuits that either leg of which carries the prefix."""
        for link in self.ground.links:
            circuit = self.ground.circuit(link.circuit)
            if circuit and link.network == network and self._is_told(link.circuit, prefix):
                for leg in LEGS:
                    yield Way((self.ground.leg(circuit, leg),), link.regions,
                              self._trouble(circuit, leg, prefix) or _severed(link, prefix, space))

    def _machine(self, network: Json, prefix: str) -> End | None:
        """Of the prefix's family."""
        for name, address, of in self.ground.machines:
            space = next((one for one in self._spaces(network, prefix) if _holds(one, address)), "")
            node = self._node(name) if of == network["id"].lower() and space else ""
            if node:
                return End(node, address, space)
        return None

    @staticmethod
    def _spaces(network: Json, prefix: str) -> Iterator[str]:
        """Of the prefix's family."""
        yield from (one for one in network["properties"]["addressSpace"]["addressPrefixes"]
                    if family_of(one) == family_of(prefix))

    # ── sites and sites ────────────────────────────────────────────────────────────────────────────────────────────

    def _between_sites(self) -> Iterator[tuple[Pair | None, Unmeasured | None]]:
        for link in self.ground.reaches:
            if not self.ground.circuit(link.far):
                yield None, Unmeasured(prefix=f"Global Reach to {link.far_name}",
                                       reason="what is behind a circuit of another subscription is not known here")
        for one, other in combinations(self.ground.sites, 2):
            for reached in self._reached(one, other):
                yield from self._meeting(one, other, reached)

    def _reached(self, one: Json, other: Json) -> Iterator[tuple[str, str, tuple[Way, ...]]]:
        """Prefixes of both with the ways between them. A site may have very many: those without a host lead nowhere."""
        housed = [[prefix for prefix in site["properties"]["prefixes"] if self._host(site, prefix)]
                  for site in (one, other)]
        for near in housed[0] or one["properties"]["prefixes"][:1]:
            for far in housed[1] or other["properties"]["prefixes"][:1]:
                if family_of(near) == family_of(far) and (ways := tuple(self._across(near, far))):
                    yield near, far, ways

    def _meeting(self, one: Json, other: Json,
                 reached: tuple[str, str, tuple[Way, ...]]) -> Iterator[tuple[Pair | None, Unmeasured | None]]:
        near, far, ways = reached
        here, there = self._host(one, near), self._host(other, far)
        if all(way.trouble == _LOOP for way in ways):
            yield None, Unmeasured(prefix=near, reason=f"Global Reach from {one['name']} to {other['name']}: {_LOOP}")
        elif here and there:
            yield Pair(here, there, ways), None
        else:
            yield None, Unmeasured(prefix=near, reason=f"{one['name']} or {other['name']} has no host to send "
                                   "datagrams over Global Reach")

    def _across(self, near: str, far: str) -> Iterator[Way]:
        """Primary meets primary, secondary secondary."""
        for link in self.ground.reaches:
            for here, there in ((link.near, link.far), (link.far, link.near)):
                one, other = self.ground.circuit(here), self.ground.circuit(there)
                if one and other and self._is_told(here, near) and self._is_told(there, far):
                    for leg in LEGS:
                        yield Way((self.ground.leg(one, leg), self.ground.leg(other, leg)), (),
                                  self._trouble(one, leg, near) or self._trouble(other, leg, far)
                                  or _parted(link, leg, family_of(near)))

    # ── both ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _host(self, site: Json, prefix: str) -> End | None:
        return self._hosts.get((site["id"], prefix))

    @cached_property
    def _hosts(self) -> dict[tuple[str, str], End]:
        """By the site's id and prefix, of which there may be a thousand; the first that is in it."""
        found: dict[tuple[str, str], End] = {}
        for site in self.ground.sites:
            prefixes = {one: ip_network(one, strict=False) for one in site["properties"]["prefixes"]}
            for host in site["properties"].get("hosts", ()):
                node = self._node(f"{site['name']}-{host['name']}")
                for address in filter(None, (host.get("address"), host.get("address6"))) if node else ():
                    for prefix, network in prefixes.items():
                        if ip_address(address) in network:
                            found.setdefault((site["id"], prefix), End(node, address, prefix))
        return found

    def _node(self, wanted: str) -> str:
        found = matches(self.nodes, wanted)
        return found[0] if len(found) == 1 else ""

    def _is_told(self, circuit: str, prefix: str) -> bool:
        return any(prefix in self.ground.told.get((circuit, leg), ()) for leg in LEGS)

    def _trouble(self, circuit: Json, leg: str, prefix: str) -> str:
        seen = circuit["legs"][leg]
        if seen["fault"]:
            return "a failure is rehearsed on it"
        if seen["failoverTest"]:
            return "a failover test runs on it"
        if seen["bgp"] != ESTABLISHED:
            return f"its session is {seen['bgp']}"
        if prefix not in self.ground.told.get((str(circuit["id"]).lower(), leg), ()):
            return f"its router does not tell {prefix}"
        return ""


_APART = "the hub's route tables and maps lead nothing"
_LOOP = "both sites have one AS number, so that their routers drop each other's routes as loops"


def _severed(link: Link, prefix: str, space: str) -> str:
    if link.status != "Connected":
        return f"its connection is {link.status}"
    apart = (link.told is not None and space not in link.told) or (link.known is not None and prefix not in link.known)
    return _APART if apart else ""


def _parted(link: Reach, leg: str, family: int) -> str:
    if link.same_asn:
        return _LOOP
    state = link.states.get((leg, family), "not configured")
    return "" if state == ESTABLISHED else f"the session over Global Reach is {state}"


def chosen(pairs: tuple[Pair, ...], falls: Mapping[Pair, bool]) -> tuple[tuple[Pair, ...], tuple[Unmeasured, ...]]:
    """Those first from which something falls; what is too much is named."""
    ordered = sorted(pairs, key=lambda pair: not falls[pair])
    return tuple(ordered[:MOST_PAIRS]), tuple(
        Unmeasured(prefix=pair.label, reason=f"a drill sends between {MOST_PAIRS} pairs at most, and others are nearer "
                   "to what fails") for pair in ordered[MOST_PAIRS:])


def _holds(prefix: str, address: str) -> bool:
    return ip_address(address) in ip_network(prefix, strict=False)
