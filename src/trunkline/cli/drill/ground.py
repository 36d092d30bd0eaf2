"""What attacks stand on: the attacker's sessions, what the cloud made of what they said, and what it counted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TypeVar

from trunkline.cli.client import NETWORK_VERSION, TRUNKLINE_VERSION, Clients, Json
from trunkline.cli.commands.status import LEGS, overview
from trunkline.cli.drill import scratch as names
from trunkline.cli.drill.agent import Agent, Told
from trunkline.cli.drill.alarms import Mark
from trunkline.cli.drill.scratch import Scratch
from trunkline.cli.failure import Failed
from trunkline.cli.lookup import NETWORK
from trunkline.drill import frames
from trunkline.drill.message import Route, announcement, withdrawal
from trunkline.model.bgp import family_of

Found = TypeVar("Found")

#: How long anything may take that the cloud ought to make of what it was told; seconds.
PATIENCE_S = 10.0
_GLANCE_S = 0.05


@dataclass(frozen=True, slots=True)
class Arena:
    """Where a session of the attacker's is: its ends, who it is, and two honest routes. The second is told behind a
    lie: when it is taken, the lie has been looked at."""

    local: str
    peer: str
    asn: int
    first: str
    last: str

    def route(self, *prefixes: str) -> Route:
        """As the attacker may rightly say it, but perhaps for the prefixes."""
        return Route(prefixes, (self.asn,), self.local)


#: By the session's name: private peering over both families, Microsoft peering, a route server of the exchange.
PRIVATE, PRIVATE6, MICROSOFT, EXCHANGE = "4", "6", "m", "x"
ARENAS = {
    PRIVATE: Arena(names.PEER, names.EDGE, names.ATTACKER_ASN, names.ATTACKER_PREFIX, "10.204.0.0/16"),
    PRIVATE6: Arena(names.PEER6, names.EDGE6, names.ATTACKER_ASN, names.ATTACKER_PREFIX6, "fd00:204::/48"),
    MICROSOFT: Arena(names.PUBLIC_PEER, names.PUBLIC_EDGE, names.PUBLIC_ASN, names.PUBLIC_PREFIX, "102.100.9.0/24"),
    EXCHANGE: Arena(names.MEMBER, names.ROUTE_SERVER, names.PUBLIC_ASN, names.PUBLIC_PREFIX, "102.100.9.0/24"),
}
#: The victim's at the exchange, which hears what others are believed to say.
VICTIM = Arena(names.VICTIM_MEMBER, names.ROUTE_SERVER, names.PUBLIC_VICTIM_ASN, names.PUBLIC_VICTIM_PREFIX, "")


def look(found: Callable[[], Found | None], within_s: float = PATIENCE_S) -> Found | None:
    """The first true answer, or None when the time is over."""
    end = time.monotonic() + within_s
    while True:
        answer = found()
        if answer:
            return answer
        if time.monotonic() > end:
            return None
        time.sleep(_GLANCE_S)


@dataclass(frozen=True, slots=True)
class Watch:
    """When an attack began, and ``ms`` since then; ``mark``: by what its events are known."""

    began: float
    mark: Mark

    @property
    def ms(self) -> float:
        return round((time.monotonic() - self.began) * 1_000, 1)


class Ground:
    """``victim``: the agent of the victim's router at the exchange."""

    def __init__(self, scratch: Scratch, clients: Clients, agent: Agent, victim: Agent) -> None:
        self.scratch, self.clients, self.agent, self.victim = scratch, clients, agent, victim
        self.struck: Watch | None = None
        self.opened: set[str] = set()
        self._listens = False
        self._afterwards: list[Callable[[], object]] = []
        self._network = f"{scratch.providers(clients.accounts.customer_subscription)}/{NETWORK}"

    def strike(self, arena: str, *prefixes: str) -> Watch:
        """The attack begins now, in this arena and with these prefixes; what made it possible is done."""
        where = {MICROSOFT: self.scratch.public, EXCHANGE: f"{self.scratch.exchange}/members/{names.MEMBER_NAME}"}
        self.struck = Watch(time.monotonic(), Mark(
            datetime.now(UTC), where.get(arena, self.scratch.attacker), frozenset(prefixes)))
        return self.struck

    def afterwards(self, act: Callable[[], object]) -> None:
        """What takes the attack back, once everybody has had the time to notice it."""
        self._afterwards.append(act)

    def tidy(self) -> None:
        while self._afterwards:
            self._afterwards.pop()()

    # ── the attacker's sessions ────────────────────────────────────────────────────────────────────────────────────

    def open(self, session: str = PRIVATE, within_s: float = PATIENCE_S, **changed: object) -> Told:
        """As its arena wants it, but for what is ``changed``. The name may have more behind that of the arena."""
        return self.agent.open(session, within_s, **{**self._words(ARENAS[session[0]]), **changed})

    def _words(self, arena: Arena) -> dict[str, object]:
        return {"local": arena.local, "peer": arena.peer, "asn": arena.asn, "router_id": "192.0.2.66",
                "key": self.scratch.key, "families": [family_of(arena.local)]}

    def honest(self, session: str = PRIVATE) -> None:
        """The session is up and an honest route of it taken; raises Failed if that cannot be, for then nothing that
        follows would prove anything."""
        arena = ARENAS[session]
        if session == EXCHANGE:
            self._listen()
        if session not in self.opened or not self.agent.told(session).established:
            self.opened.add(session)
            if not look(lambda: self.open(session, 2).established, 2 * PATIENCE_S):
                raise Failed(f"the attacker's honest session with {arena.peer} does not come up, so nothing is proven")
            self.agent.say(session, announcement(arena.route(arena.first)))
        if not look(lambda: arena.first in self.taken(session)):
            raise Failed(f"the honest route {arena.first} is not taken, so refusals of others prove nothing")

    def _listen(self) -> None:
        """The victim's router is at the exchange, and has told its own prefix."""
        if not self._listens or not self.victim.told(EXCHANGE).established:
            self._listens = True
            words = self._words(VICTIM)
            if not look(lambda: self.victim.open(EXCHANGE, 2, **words).established, 2 * PATIENCE_S):
                raise Failed("the victim's session with the route server does not come up, so nothing is proven")
            self.victim.say(EXCHANGE, announcement(VICTIM.route(VICTIM.first)))

    def close(self, session: str = PRIVATE) -> None:
        self.agent.close(session)
        self.opened.discard(session)

    def ended(self, session: str = PRIVATE) -> Told | None:
        """What a session came to, once it is over; None if it stays."""
        look(lambda: not self.agent.told(session).established)
        told = self.agent.told(session)
        return None if told.established else told

    def say(self, *messages: bytes, session: str = PRIVATE) -> Told:
        return self.agent.say(session, messages)

    def tell_last(self, session: str = PRIVATE) -> bool:
        """Whether an honest route that is told now is taken: then all that was told before has been looked at."""
        arena = ARENAS[session]
        self.agent.say(session, announcement(arena.route(arena.last)))
        return bool(look(lambda: arena.last in self.taken(session)))

    def forget(self, *prefixes: str, session: str = PRIVATE) -> None:
        """In the end, take everything back that was told but the honest route."""
        self.afterwards(partial(self._withdraw, session, (ARENAS[session].last, *prefixes)))

    def _withdraw(self, session: str, prefixes: tuple[str, ...]) -> None:
        six = ":" in ARENAS[session].local
        self.agent.say(session, (withdrawal(*(prefix for prefix in prefixes if (":" in prefix) == six)),))
        look(lambda: ARENAS[session].last not in self.taken(session))

    # ── what the cloud made of it ──────────────────────────────────────────────────────────────────────────────────

    def taken(self, session: str = PRIVATE) -> frozenset[str]:
        """Prefixes that are believed where the session is."""
        if session == EXCHANGE:
            return frozenset(self.victim.told(EXCHANGE).routes)
        if session == MICROSOFT:
            return frozenset(self.table(whose=self.scratch.public, peering="MicrosoftPeering"))
        return frozenset(self.table())

    def refusals(self, session: str, prefixes: Collection[str]) -> Counter[str]:
        """Why the session's import policy refused these, by the looking glass; those that it never saw, because the
        daemon itself could not take them, are not counted."""
        found = self.clients.named("operator").post(self._glass(session), {})
        return Counter(row["refusal"] for one in found["sessions"] for row in one["received"]["routes"]
                       if row["prefix"] in prefixes and row.get("refusal"))

    def _glass(self, session: str) -> str:
        """The looking glass where a session of the attacker's ends."""
        if session == EXCHANGE:
            base = self.scratch.providers(self.clients.accounts.customer_subscription)
            return (f"{base}/{names.EXCHANGES}/{self.scratch.exchange}/routes?view=received"
                    f"&api-version={TRUNKLINE_VERSION}")
        circuit, peering = ((self.scratch.public, "microsoft") if session == MICROSOFT
                            else (self.scratch.attacker, "private"))
        return (f"{self._network}/expressRouteCircuits/{circuit}/routes?view=received&leg=primary&peering={peering}"
                f"&api-version={NETWORK_VERSION}")

    def table(self, leg: str = "primary", whose: str = "", peering: str = "AzurePrivatePeering") -> dict[str, Json]:
        """The routing table of a leg's VRF by prefix, as its owner is told it; the attacker's unless named."""
        circuit = whose or self.scratch.attacker
        path = f"{self._network}/expressRouteCircuits/{circuit}/peerings/{peering}/routeTables/{leg}"
        return {row["network"]: row for row in self.clients.named("customer").post(path)["value"]}

    def victims_tables(self) -> tuple[frozenset[str], ...]:
        """Network, next hop and path of all that the victim's VRFs know, by leg."""
        return tuple(frozenset(f"{row['network']} {row['nextHop']} {row['path']}"
                               for row in self.table(leg, self.scratch.victim).values()) for leg in LEGS)

    def circuit(self, name: str) -> Json:
        found: Json = next(one for one in overview(self.clients)["circuits"] if one["name"] == name)
        return found

    def drops(self) -> Counter[str]:
        """Frames that the attacker's hand-offs lost, by reason: at its attachments, at its ports, and what their
        provider's trunk brought that no entry of the edge knows."""
        found, told = Counter[str](), overview(self.clients)
        mine = next(one for one in told["circuits"] if one["name"] == self.scratch.attacker)
        for row in (row for leg in mine["legs"].values() for row in leg["counters"] if row["direction"] == "in"):
            for dropped in (row["drops"], row["port"]["drops"]):
                found.update({reason: counter["packets"] for reason, counter in dropped.items()})
        for port in told["ports"]:
            if (port["of"], port["location"]) == (f"provider {mine['provider']}", mine["location"]):
                found.update(port["drops"])
        return found

    @cached_property
    def edge_mac(self) -> bytes:
        """Of the VRF's end of the primary leg, as ARP tells it."""
        own, _ = self.agent.wire(self.scratch.untagged, [])
        asked = frames.arp(names.PEER, names.EDGE, own)
        _, came = self.agent.wire(self.scratch.untagged, [asked], 0.5)
        answers = (frame[6:12] for frame in came if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\x02")
        return next(answers)

    @cached_property
    def own_mac(self) -> bytes:
        return self.agent.wire(self.scratch.untagged, [])[0]

    def dropped(self, wire: str, sent: Sequence[bytes], *reasons: str) -> tuple[bool, str]:
        """Whether all frames that are sent now are dropped for one of these reasons, and what was counted."""
        before = self.drops()
        self.agent.wire(wire, sent)
        counted = look(lambda: self._newly(before, reasons, len(sent)), 3)
        found = counted or Counter({reason: self.drops()[reason] - before[reason] for reason in reasons})
        told = ", ".join(f"{count} {reason}" for reason, count in found.items() if count) or "nothing counted"
        return counted is not None, f"{told} of {len(sent)} frames"

    def _newly(self, before: Counter[str], reasons: Sequence[str], count: int) -> Counter[str] | None:
        now = self.drops()
        found = Counter({reason: now[reason] - before[reason] for reason in reasons})
        return found if found.total() >= count else None
