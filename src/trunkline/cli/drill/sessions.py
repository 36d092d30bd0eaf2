"""Attacks on sessions: who may open one, from how far, and what broken bytes do to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from trunkline.cli.drill import scratch as names
from trunkline.cli.drill.agent import Told
from trunkline.cli.drill.attack import Attack, Outcome
from trunkline.cli.drill.ground import ARENAS, PRIVATE, Ground, Watch, look
from trunkline.cli.lookup import NETWORK
from trunkline.drill import frames
from trunkline.drill.malformed import CASES, Broken
from trunkline.drill.malformed import Outcome as Rule
from trunkline.drill.message import Route, announcement

_REFUSAL_S = 2.0
#: For so long the monitor takes what is refused for the work of the change that was made.
_UNSETTLED_S = 16.0
#: What a connection that nobody answers ends with.
_SILENCE = "timed out"
_LIE = "10.205.0.0/16"


def wrong_key(ground: Ground) -> Outcome:
    """The honest key opens a session before and after, so it is the key that made the difference."""
    ground.honest()
    ground.close()
    watch = ground.strike(PRIVATE)
    told = ground.open("4-wrong-key", _REFUSAL_S, key="n0tTheKey")
    bare = ground.open("4-no-key", _REFUSAL_S, key="")
    after_ms = watch.ms
    ground.honest()
    if told.established or bare.established:
        return Outcome(False, f"a session with {'a wrong' if told.established else 'no'} key came up")
    silent = told.error == bare.error == _SILENCE
    return Outcome(silent, "segments with a wrong key and without one are not answered" if silent else
                   f"somebody answered: {told.error}, {bare.error}", after_ms)


def wrong_as(ground: Ground) -> Outcome:
    ground.honest()
    ground.close()
    watch = ground.strike(PRIVATE)
    told = look(lambda: _decided(ground.open("4-wrong-as", _REFUSAL_S, asn=64667)))
    after_ms = watch.ms
    ground.honest()
    if not told or told.established:
        return Outcome(False, "a session of another AS came up" if told else "no NOTIFICATION")
    return Outcome(told.code == (2, 2), f"NOTIFICATION {told.notification}", after_ms)


def _decided(told: Told) -> Told | None:
    return told if told.notification or told.established else None


def stranger(ground: Ground) -> Outcome:
    """From an address behind the peer's that may send packets, but is not the peer's."""
    ground.honest()
    knocks = [_segment(ground, source, names.EDGE, port) for source in ("10.203.0.9", "10.203.255.1")
              for port in range(50_000, 50_005)]
    watch = ground.strike(PRIVATE)
    blocked, told = ground.dropped(ground.scratch.untagged, knocks, "stranger")
    return Outcome(blocked, f"sentry: {told}", watch.ms)


def _segment(ground: Ground, source: str, target: str, own_port: int) -> bytes:
    """A SYN to the BGP port, as a frame."""
    return frames.ip(ground.edge_mac, frames.tcp(source, target, frames.BGP, own_port=own_port), ground.own_mac)


def far_away(ground: Ground) -> Outcome:
    """With the honest key, but segments that have the TTL which two hops leave. Either they are dropped, or what is
    answered lives for one hop and so never gets that far. The honest TTL opens a session before and after."""
    ground.honest()
    ground.close()
    watch = ground.strike(PRIVATE)
    told = look(lambda: _heard(ground.open("4-far", _REFUSAL_S, ttl=253)))
    answers = _ttls(ground, "4-far")
    after_ms = watch.ms
    ground.agent.close("4-far")
    ground.honest()
    if not told:
        return Outcome(False, "neither silence nor a session, so nothing is proven")
    if not told.established:
        return Outcome(True, "segments with a TTL that no neighbour sends are not answered", after_ms)
    if answers == {1}:
        return Outcome(True, "answers live for one hop (TTL 1), so no session over two comes up", after_ms)
    return Outcome(False, f"answered with TTL {', '.join(map(str, sorted(answers))) or 'unknown'}")


def gtsm(ground: Ground) -> Outcome:
    """The customer asks for TTL security on this leg. With the honest key: a session of a neighbour's comes up with TTL
    255 both ways, and one with a router between (TTL 254) gets no answer."""
    ground.honest()
    ground.close()
    with _ttl_security(ground):
        quiet_at = time.monotonic() + _UNSETTLED_S
        near = look(lambda: ground.open("4-near", _REFUSAL_S, ttl=255).established and _ttls(ground, "4-near") == {255})
        ground.agent.close("4-near")
        if not near:
            return Outcome(False, "a neighbour's session does not come up either, so nothing is proven")
        look(lambda: time.monotonic() >= quiet_at or None, _UNSETTLED_S)
        watch = ground.strike(PRIVATE)
        far = look(lambda: _heard(ground.open("4-far", _REFUSAL_S, ttl=254)))
        believed = bool(far and far.established) and _is_believed(ground, "4-far")
        ground.agent.close("4-far")
        after_ms = watch.ms
    if not far or believed:
        return Outcome(False, "a session over two hops came up" if far else "it is answered, so nothing is proven")
    return Outcome(True, "nothing with TTL 254 is heard, TTL 255 opens a session", after_ms)


def _is_believed(ground: Ground, session: str) -> bool:
    """Whether a route is taken over it. BIRD asks the kernel for TTL security once a connection is there, so the first
    segments may have passed, and the peer take for a session what the edge never had."""
    arena = ARENAS[session[0]]
    ground.agent.say(session, announcement(arena.route(arena.last)))
    return bool(look(lambda: arena.last in ground.taken(session[0]), _REFUSAL_S))


@contextmanager
def _ttl_security(ground: Ground) -> Iterator[None]:
    """A policy of the customer's for the primary leg, taken back in the end."""
    client, subscription = ground.clients.named("customer"), ground.clients.accounts.customer_subscription
    base = ground.scratch.providers(subscription)
    peering = f"{base}/{NETWORK}/expressRouteCircuits/{ground.scratch.attacker}/peerings/AzurePrivatePeering"
    path = f"{base}/Trunkline.Routing/sessionPolicies/{ground.scratch.attacker}"
    client.put(path, {"properties": {"peering": {"id": peering}, "leg": "primary", "gtsm": True,
                                     "bfd": {"enabled": False}, "confirmLockOut": True}})
    try:
        yield
    finally:
        ground.afterwards(lambda: client.delete(path))


def _heard(told: Told) -> Told | None:
    """Once it is clear: a session, or no answer at all, be it to the first segment or to all that follow. A router that
    has just lost its session resets the next one."""
    return told if told.established or told.error in (_SILENCE, "") else None


def _ttls(ground: Ground, session: str) -> set[int]:
    """Of the segments with which the edge answers."""
    _, came = ground.agent.wire(ground.scratch.untagged, [], 0.3, nudge=session)
    return {frame[22] for frame in came if _is_bgp(frame)}


def _is_bgp(frame: bytes) -> bool:
    """A TCP segment over IPv4 from the BGP port."""
    return frame[12:14] == b"\x08\x00" and frame[23] == frames.TCP and frame[34:36] == b"\0\xb3"


def malformed(case: Broken, ground: Ground) -> Outcome:
    session = str(case.family)
    ground.honest()
    ground.honest(session)
    spoilt, watch = case.spoil(_route(case.family)), ground.strike(session)
    ground.say(spoilt, session=session)
    if case.outcome is Rule.RESET:
        return _reset(case, ground, session, watch)
    heard = ground.tell_last()
    taken, after_ms = _LIE in ground.taken(), watch.ms
    stands = heard and ground.agent.told(session).established
    ground.forget(_LIE)
    if not stands:
        return Outcome(False, "the session was closed, where RFC 7606 keeps it")
    if taken != (case.outcome is Rule.DISCARD):
        return Outcome(False, f"the route was {'' if taken else 'not '}taken")
    return Outcome(True, f"{case.outcome}; session stays", after_ms)


def _route(family: int) -> Route:
    return ARENAS[str(family)].route(_LIE if family == 4 else "fd00:205::/48")


def _reset(case: Broken, ground: Ground, session: str, watch: Watch) -> Outcome:
    """What cannot be read on is closed with a NOTIFICATION of the UPDATE, and an honest session comes back."""
    told = ground.ended(session)
    after_ms = watch.ms
    if not told:
        return Outcome(False, "the session stayed, and what came after cannot be trusted")
    ground.honest(session)
    return Outcome(told.code[:1] == (3,), f"{case.outcome}: {told.notification or told.error}", after_ms)


_UNANSWERED = "no SYN-ACK; the honest key opens a session before and after"

ATTACKS = (
    Attack("wrong-md5", "A session with a wrong key, and without one", "RFC 2385, RFC 7454 5.1", _UNANSWERED,
           wrong_key, alert=("md5Failure",)),
    Attack("wrong-as", "A session of another AS", "RFC 4271 6.2", "NOTIFICATION OPEN Message Error/Bad Peer AS",
           wrong_as, alert=("wrongAs",)),
    Attack("stranger", "A session from an address that is not the peer's", "RFC 7454 5, RFC 6192",
           "the sentry's drop counter 'stranger'", stranger, alert=("stranger",)),
    Attack("ttl-spoof", "The peer's address, from two hops away", "RFC 5082 3, RFC 7454 5.2",
           "no answer, or one whose TTL ends at the first hop", far_away),
    Attack("gtsm", "The peer's address, from one hop too far, where TTL security is asked for", "RFC 5082 3",
           "no answer to TTL 254, a session with TTL 255", gtsm, alert=("ttlSpoof",)),
    *(Attack(f"malformed-{case.name}", f"An UPDATE broken in {case.name.replace('-', ' ')}: must be {case.outcome}",
             f"RFC 7606 {case.section}", "the session and the routes are what the RFC wants",
             partial(malformed, case),
             alert=("malformedUpdate",)) for case in CASES),
)
