"""Attacks on origin validation: a wrong origin, data that are poisoned, and a cache that dies. At the exchange, with a
validator that the drill names for itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from trunkline.cli.client import Json
from trunkline.cli.drill import scratch as names
from trunkline.cli.drill.attack import Attack, Need, Outcome
from trunkline.cli.drill.ground import ARENAS, EXCHANGE, Ground, Watch, look
from trunkline.cli.drill.scratch import Roa
from trunkline.drill.message import announcement

_INVALID, _POISONED, _ORPHANED = names.CONTESTED


def invalid(ground: Ground) -> Outcome:
    """Registered as the member's, but a ROA gives it to somebody else."""
    _believed(ground, "Good")
    ground.honest(EXCHANGE)
    return _refused(ground, _INVALID, ground.strike(EXCHANGE, _INVALID), "a ROA gives it to another AS")


def poisoned(ground: Ground) -> Outcome:
    """The source says of everything that it is the attacker's. It is not believed: what was invalid stays so, and the
    victim's prefix stays valid."""
    _believed(ground, "Good")
    ground.honest(EXCHANGE)
    watch = ground.strike(EXCHANGE, _POISONED)
    stolen = tuple(Roa(roa.prefix, names.PUBLIC_ASN, roa.longest) for roa in names.ROAS)
    _write(ground, stolen)
    ground.afterwards(lambda: _write(ground, names.ROAS))
    if not look(lambda: _is(ground, "Rejected")):
        return Outcome(False, f"the poisoned data are believed: {_states(ground)}")
    found = _refused(ground, _POISONED, watch, "the poisoned data are rejected, the last good ones stay in force")
    if names.PUBLIC_VICTIM_PREFIX not in ground.agent.told(EXCHANGE).routes:
        return Outcome(False, "the victim's own prefix is not told any more")
    return found


def dead(ground: Ground) -> Outcome:
    """The source is gone and the caches are killed. No door opens, and nobody loses a route."""
    _believed(ground, "Good")
    ground.honest(EXCHANGE)
    watch, file = ground.strike(EXCHANGE, _ORPHANED), Path(ground.scratch.vrps)
    kept = file.read_bytes()
    file.unlink()
    ground.afterwards(lambda: _put(file, kept))
    killed = [pid for pid in _caches(ground.scratch.run) if _killed(pid)]
    if not killed:
        return Outcome(False, "there is no cache to kill, so nothing is proven")
    if not look(lambda: _is(ground, "Unreachable")):
        return Outcome(False, f"nobody misses the source: {_states(ground)}")
    found = _refused(ground, _ORPHANED, watch, f"{len(killed)} caches killed, the source gone: last good data stay")
    if names.PUBLIC_VICTIM_PREFIX not in ground.agent.told(EXCHANGE).routes:
        return Outcome(False, "the victim's own prefix is not told any more")
    return found


def _refused(ground: Ground, lie: str, watch: Watch, why: str) -> Outcome:
    ground.say(*announcement(ARENAS[EXCHANGE].route(lie)), session=EXCHANGE)
    heard, taken = ground.tell_last(EXCHANGE), lie in ground.taken(EXCHANGE)
    ground.forget(lie, session=EXCHANGE)
    if taken or not heard:
        return Outcome(False, "the invalid route is taken" if taken else "the honest route was not taken either")
    return Outcome(True, f"origin validation: {why}", watch.ms)


def _believed(ground: Ground, state: str) -> None:
    look(lambda: _is(ground, state))


def _is(ground: Ground, state: str) -> bool:
    return {row["state"] for row in _legs(ground)} == {state}


def _states(ground: Ground) -> str:
    return ", ".join(f"{row['leg']} {row['state']}" for row in _legs(ground)) or "no leg"


def _legs(ground: Ground) -> list[Json]:
    client = ground.clients.named("operator")
    path = ground.scratch.validator(ground.clients.accounts.customer_subscription)
    found: list[Json] = client.get(path)["properties"].get("legs", [])
    return found


def _write(ground: Ground, roas: tuple[Roa, ...]) -> None:
    _put(Path(ground.scratch.vrps), names.vrp_file(roas).encode())


def _put(file: Path, content: bytes) -> None:
    """At once, so that nobody reads a half."""
    fresh = file.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(file)


def _caches(run: str) -> Iterator[int]:
    for pid_file in Path(run, "rpki").glob("*/stayrtr.pid"):
        yield int(pid_file.read_text())


def _killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


_PROOF = "another member does not hear the route, while it hears an honest one told after it"

ATTACKS = (
    Attack("rtr-invalid", "An own prefix that a ROA gives to somebody else", "RFC 6811", _PROOF, invalid,
           Need.VALIDATOR, ("originInvalid",)),
    Attack("rtr-poison", "VRPs that make everything the attacker's", "RFC 7115, RFC 8210 11",
           f"the validator's data are Rejected; {_PROOF}", poisoned, Need.VALIDATOR,
           ("validationRejected",)),
    Attack("rtr-death", "The source of VRPs gone, and the caches killed", "RFC 8210 6, RFC 7115",
           f"the validator's source is Unreachable; {_PROOF}", dead, Need.VALIDATOR,
           ("validationDead",)),
)
