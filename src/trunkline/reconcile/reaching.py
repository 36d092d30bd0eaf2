"""Global Reach links as their ends observe them: connected or not between changes, and what crosses each leg."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator

from trunkline.intent.bgp import Router, Session, SessionState, SessionStatus
from trunkline.intent.compile.draft import vrf_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.compile.reach import capacity_bps, reach_counter, reach_sessions
from trunkline.intent.drivers import Speaker
from trunkline.intent.estate import Estate, Remembered
from trunkline.intent.network import Counter, Direction
from trunkline.intent.reach import CIRCUIT_CONNECTION, ReachView, is_admitted, reach_view, reaches
from trunkline.intent.view import CircuitView, alive
from trunkline.model.bgp import AZURE_ASN, family_of
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile
from trunkline.model.reach_status import LinkStatus, Observed, Side, link_status, noted, together
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.site import Daemon
from trunkline.reconcile.counting import Read, amount
from trunkline.store import Reader, Store

_MEGABIT = 10**6
#: How long one beat may take, however many links there are; seconds.
_SPELL_S = 0.1


class ReachStates:
    """Goes round all links, a few in each beat if they are many. Not thread-safe: one timer keeps it."""

    def __init__(self, store: Store, speaker: Speaker, profile: Profile) -> None:
        self._store, self._speaker, self._profile = store, speaker, profile
        self._left: deque[ResourceId] = deque()

    def refresh(self) -> None:
        """Writes what both ends of each link observe, where that is news."""
        if not self._left:
            with self._store.reading() as reader:
                self._left.extend(one.id for one in reader.list(CIRCUIT_CONNECTION) if is_admitted(one))
        end = time.monotonic() + _SPELL_S
        while self._left and time.monotonic() < end:
            self._refresh(self._left.popleft())

    def _refresh(self, link: ResourceId) -> None:
        with self._store.reading() as reader:
            resource = alive(reader, link)
            view = reach_view(Remembered(reader), resource) if resource else None
        if resource is None:
            return
        status = noted(resource, observed(view, self._speaker, self._profile) if view else {})
        if status != resource.status:
            with self._store.writing() as writer:
                writer.set_status(link, status=status)


def observed(view: ReachView, speaker: Speaker, profile: Profile) -> Observed:
    found: Observed = {}
    for side in Side:
        rows = [row for leg in Leg for row in _glanced(view, side, leg, speaker, profile)]
        families = {family_of(session.local_address) for session, _ in rows}
        found |= {(side, family): together(_word(status) for session, status in rows
                                           if family_of(session.local_address) == family)
                  for family in families}
    return found


def all_connected(resource: Resource, estate: Estate) -> Json:
    """The status of a link whose sessions have all been seen Established."""
    view = reach_view(estate, resource)
    families = [family_of(prefix) for prefix in view.prefixes] if view else []
    return noted(resource, {(side, family): LinkStatus.CONNECTED for side in Side for family in families})


def _glanced(view: ReachView, side: Side, leg: Leg, speaker: Speaker,
             profile: Profile) -> Iterator[tuple[Session, SessionStatus]]:
    router = _end(view, side, leg, profile)
    yield from zip(router.sessions, speaker.glance(router, router.sessions), strict=True)


def _end(view: ReachView, side: Side, leg: Leg, profile: Profile) -> Router:
    """The VRF at one end of a link's leg, with the sessions over the link alone."""
    here = view.near if side is Side.NEAR else view.far
    sessions = tuple(reach_sessions(view, here, leg, profile))
    return Router(vrf_node(here.resource.id, leg), Daemon.BIRD, AZURE_ASN, "0.0.0.0", sessions)  # noqa: S104


def _word(status: SessionStatus) -> LinkStatus:
    if status.state is SessionState.ESTABLISHED:
        return LinkStatus.CONNECTED
    return LinkStatus.DISCONNECTED if status.state is SessionState.IDLE else LinkStatus.CONNECTING


def links_of(circuit: CircuitView, estate: Reader, speaker: Speaker, profile: Profile, read: Read) -> Iterator[Json]:
    """A circuit's links, as its own routers and edges see them."""
    for view in reaches(estate, circuit.resource.id):
        side = Side.NEAR if view.is_near(circuit.resource.id) else Side.FAR
        other = view.other(circuit.resource.id)
        yield {
            "id": str(view.resource.id), "name": view.resource.id.name, "circuit": circuit.resource.id.name,
            "other": other.resource.id.name, "otherId": str(other.resource.id), "otherLocation": other.location,
            "madeHere": side is Side.NEAR, "capacityInMbps": capacity_bps(view) // _MEGABIT,
            "status": {f"ipv{family_of(prefix)}": link_status(view.resource, side, family_of(prefix)).value
                       for prefix in view.prefixes},
            "sameAsn": bool(circuit.private and other.private
                            and circuit.private.model.peer_asn == other.private.model.peer_asn),
            "legs": {leg.value: {
                "sessions": [_session(one, status) for one, status in _watched(view, side, leg, speaker, profile)],
                "traffic": _traffic(view, circuit, leg, read)} for leg in Leg}}


def _watched(view: ReachView, side: Side, leg: Leg, speaker: Speaker,
             profile: Profile) -> Iterator[tuple[Session, SessionStatus]]:
    """With BFD."""
    router = _end(view, side, leg, profile)
    yield from zip(router.sessions, speaker.sessions(router), strict=True)


def _session(session: Session, status: SessionStatus) -> Json:
    return {"name": session.name, "peer": session.peer_address, "state": status.state.value, "bfd": status.bfd,
            "since": status.since.isoformat() if status.since else None, "received": status.prefixes_received,
            "sent": status.prefixes_sent, "lastError": status.last_error}


def _traffic(view: ReachView, circuit: CircuitView, leg: Leg, read: Read) -> Json:
    """``in``: to the other circuit, as from the customer; ``out``: from it."""
    counted, name = read(edge_node(circuit.location, leg)), reach_counter(view, leg)
    return {direction.value: {
        **amount(counted.attachments.get((name, direction), Counter())),
        "drops": {reason: amount(counter) for reason, counter in sorted(
            counted.drops.get((name, direction), {}).items())}} for direction in Direction}
