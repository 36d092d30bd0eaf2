"""One look: the states of all sessions, the routes of those that changed, counters and logs; what is wrong with them.

A look costs what changed. States are one question to each daemon and counters one read for each edge, however many
attachments it has. Routes are asked for only where the peer has sent something since, or another policy judges them;
they are judged again after a while as long as something is wrong, for the estate may have changed. All states are asked
for first, whatever routes cost to read; of those, each subscription has its turn.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache, partial

from trunkline.diagnosis.claims import Claim, Claims
from trunkline.diagnosis.elsewhere import At, Brought
from trunkline.diagnosis.evidence import Finding, Heard, Place
from trunkline.diagnosis.remarks import check_remarks
from trunkline.diagnosis.routes import check_routes
from trunkline.diagnosis.sessions import Thresholds, after, check_session, with_routes
from trunkline.diagnosis.traffic import check_traffic
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.estate import Remembered
from trunkline.intent.exchange import MEMBER
from trunkline.intent.network import Counter, Direction
from trunkline.intent.view import CIRCUIT
from trunkline.model.resource import ResourceId
from trunkline.reconcile.drops import on_untagged, packets
from trunkline.reconcile.monitor.authority import declared, in_touch, of_members
from trunkline.reconcile.monitor.memory import Memory, SessionMemory, mark, policy_of
from trunkline.reconcile.monitor.turns import Turns
from trunkline.store import Reader, Store

log = logging.getLogger(__name__)

#: After so many looks routes with a fault are judged again although nobody has sent anything.
_AGAIN = 4


class Looker:
    """Not thread-safe: one thread looks."""

    def __init__(self, store: Store, plane: Plane, speaker: Speaker, limits: Thresholds | None = None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._plane, self._speaker = store, plane, speaker
        self._limits = limits or Thresholds()
        self._memory, self._turns = Memory(), Turns(clock)
        self._number = 0

    def look(self, places: Sequence[Place], now: float) -> tuple[Finding, ...]:
        """``now``: of a monotonic clock."""
        self._number += 1
        self._memory.keep(places)
        heard = [one for place in places for one in self._hear(place, now)]
        self._turns.keep(one.name for one in heard)
        self._judge([one for one in heard if self._is_due(one)], heard, now)
        return (*self._of_sessions(heard, now), *self._of_traffic(places, now), *self._of_remarks(places))

    def brought(self, owners: Collection[str]) -> dict[At, Brought]:
        """What sessions of these (keys) have told as of the last look."""
        found: dict[At, Brought] = {}
        for name, memory in self._memory.sessions.items():
            if memory.at[0] in owners:
                found[memory.at] = found.get(memory.at, Brought()) | memory.brought(name)
        return found

    # ── sessions ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _hear(self, place: Place, now: float) -> Iterator[Heard]:
        statuses = self._speaker.glance(place.router, place.sessions)
        for session, status in zip(place.sessions, statuses, strict=True):
            heard = Heard(place, session, status)
            memory = self._memory.of(heard)
            memory.born = memory.born or self._number
            memory.at = place.owner.lower(), place.leg
            memory.history = after(memory.history, heard, now, self._limits)
            yield heard

    def _is_due(self, heard: Heard) -> bool:
        memory = self._memory.of(heard)
        changed = memory.marked != (mark(heard.status), policy_of(heard.place.router, heard.session.name))
        return changed or bool(memory.findings and self._number - memory.checked >= _AGAIN)

    def _judge(self, due: Sequence[Heard], heard: Sequence[Heard], now: float) -> None:
        """Reads first, so that who was there before is told from who came now."""
        read = [self._turns.timed(one, partial(self._read, one, now), now) for one in self._turns.of(due, now)]
        if not read:
            return
        by_owner: dict[str, list[SessionMemory]] = {}
        for one in heard:
            by_owner.setdefault(one.place.owner.lower(), []).append(self._memory.of(one))
        with self._store.reading() as reader:
            claims_of = cache(lambda owner: self._claims(owner, by_owner, reader))
            for one in read:
                self._turns.timed(one, partial(self._check, one, claims_of), now)

    def _read(self, heard: Heard, now: float) -> Heard:
        """What was there at the first reading came with the session: turns are no order of coming."""
        memory, place = self._memory.of(heard), heard.place
        came = memory.born if memory.marked is None else self._number
        memory.routes = self._speaker.received(place.router, heard.session.name)
        whole = Heard(place, heard.session, heard.status, memory.routes)
        memory.history = with_routes(memory.history, whole, came, now, self._limits)
        memory.marked = mark(heard.status), policy_of(place.router, heard.session.name)
        memory.checked = self._number
        return whole

    def _check(self, heard: Heard, claims_of: Callable[[str], Claims]) -> None:
        memory = self._memory.of(heard)
        claims = claims_of(heard.place.owner) if heard.routes else Claims()
        memory.findings = tuple(check_routes(heard, claims, memory.history.first_seen))

    def _claims(self, owner: str, by_owner: dict[str, list[SessionMemory]], reader: Reader) -> Claims:
        """Declared ones, and what other circuits were first to announce and nobody has declared."""
        circuit, estate = ResourceId.parse(owner), Remembered(reader)
        if circuit.type.lower() == MEMBER.lower():
            return Claims(of_members(estate, circuit))
        if circuit.type.lower() != CIRCUIT.lower():
            return Claims()
        known = declared(estate, circuit)
        taken = {claim.prefix for claim in known}
        others = [one for one in in_touch(estate, circuit) if one.key != circuit.key]
        return Claims((*known, *(
            Claim(entry.prefix, str(other), frozenset({other.key}), frozenset(entry.as_path[-1:]), only=True,
                  since=memory.history.first_seen.get(entry.prefix, self._number))
            for other in others for memory in by_owner.get(other.key, ()) for entry in memory.routes
            if entry.prefix not in taken and not entry.refusal)))

    def _of_sessions(self, heard: Sequence[Heard], now: float) -> Iterator[Finding]:
        for one in heard:
            memory = self._memory.of(one)
            yield from memory.findings
            yield from check_session(one, memory.history, now, self._limits)

    # ── counters and logs ──────────────────────────────────────────────────────────────────────────────────────────

    def _of_traffic(self, places: Sequence[Place], now: float) -> Iterator[Finding]:
        counters, kept_out = cache(self._plane.counters), cache(self._plane.kept_out)
        for place in places:
            edge, attachment = place.sentry
            refused = counters(edge).drops.get((attachment, Direction.IN), {}) if edge else {}
            node, interface = place.port
            lost = {**counters(node).ports.get(interface, {}),
                    **on_untagged(counters(node), attachment, Direction.IN)} if node else {}
            lan, seat = place.seat
            unfit = kept_out(lan).get(seat, {}) if lan else {}
            memory = self._memory.at(place)
            all_of = {reason: sum((one.get(reason, Counter()) for one in (refused, lost, unfit)), Counter())
                      for reason in {**refused, **lost, **unfit}}
            segments = self._plane.refused(place.node) if edge else {}
            memory.window = memory.window.grown(now, {**packets(all_of), **segments})
            yield from check_traffic(place, memory.window, self._settled_s(place, now),
                                     memory.untouched_s(place.router, now))

    def _settled_s(self, place: Place, now: float) -> float:
        """Since any of its sessions was last lost."""
        known = (self._memory.sessions.get(f"{place.node}/{session.name}") for session in place.sessions)
        return min((one.history.settled_for(now) for one in known if one), default=float("inf"))

    def _of_remarks(self, places: Sequence[Place]) -> Iterator[Finding]:
        for place in places:
            memory = self._memory.at(place)
            memory.read_to, remarks = self._speaker.remarks(place.router, memory.read_to)
            if remarks:
                yield from check_remarks(place, remarks)
