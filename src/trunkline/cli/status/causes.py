"""Why a circuit's leg carries nothing, or knows fewer routes than the other: in words, as far as it is known. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.cli import failing
from trunkline.cli.client import Json
from trunkline.cli.plain import sentence
from trunkline.cli.tables import instant

_LEGS = failing.LEGS
_UP = "Established"
_WORK = {"Draining": "drained for maintenance {name}", "InProgress": "closed by maintenance {name} until {end}",
         "Restoring": "coming back from maintenance {name}"}


def customers(leg: Json) -> list[Json]:
    """The sessions with the customer's router."""
    return [one for one in leg["sessions"] if one["group"] == "customer"]


def family(session: Json) -> str:
    """With the peering, where it is not private peering."""
    family = "IPv6" if ":" in session["peer"] else "IPv4"
    return f"{family} Microsoft" if session.get("peering") == "MicrosoftPeering" else family


def under_work(work: Json) -> str:
    return _WORK[work["state"]].format(name=work["name"], end=instant(work["endTime"]))


# ── nothing is carried ───────────────────────────────────────────────────────────────────────────────────────────────


def headlines(circuits: list[Json]) -> list[str]:
    """Circuits that carry nothing, then those of which one leg is left."""
    told = [(carrying, line) for circuit in circuits for carrying, line in _headline(circuit)]
    return [line for _, line in sorted(told, key=lambda one: one[0])]


def _headline(circuit: Json) -> Iterator[tuple[int, str]]:
    """A circuit without peerings has nothing to carry yet."""
    legs = {name: circuit["legs"][name] for name in _LEGS if customers(circuit["legs"][name])}
    down = {name: _why(circuit, leg) for name, leg in legs.items() if not _carries(leg)}
    if down and len(down) == len(legs):
        alike = list(down) == list(_LEGS) and len(set(down.values())) == 1
        why = f"both legs: {down[_LEGS[0]]}" if alike else "; ".join(f"{name}: {why}" for name, why in down.items())
        yield 0, f"Circuit {circuit['name']} carries nothing. {sentence(why)}"
    for name, why in down.items() if len(down) < len(legs) else ():
        other = _LEGS[1 - _LEGS.index(name)]
        yield 1, f"Circuit {circuit['name']} has its {other} leg alone. {sentence(f'{name}: {why}')}"


def _carries(leg: Json) -> bool:
    return not leg["fault"] and any(one["state"] == _UP for one in customers(leg))


def _why(circuit: Json, leg: Json) -> str:
    """What is done to it on purpose explains more than what its sessions say."""
    purpose = [*(["it is made to fail ('trunkline heal' ends that)"] if leg["fault"] else []),
               *(["a failover test is on"] if leg["failoverTest"] else []),
               *([under_work(leg["maintenance"])] if leg["maintenance"] else []), *leg["cut"]]
    if circuit["serviceProviderProvisioningState"] != "Provisioned":
        purpose.append("the provider has not provisioned the circuit")
    return ", ".join(purpose or dict.fromkeys(_of_session(one) for one in customers(leg)))


def _of_session(session: Json) -> str:
    error = session["lastError"] or "the peer says nothing: is its router up, with the right tag, address and AS?"
    return f"BGP {session['state']} ({error})"


# ── fewer routes than the other leg ──────────────────────────────────────────────────────────────────────────────────


def fewer(circuit: Json, name: str) -> Iterator[str]:
    """Where a leg tells or is told fewer routes than the other, though both are up: traffic of the rest has one leg."""
    for session in customers(circuit["legs"][name]):
        yield from fewer_of(circuit, name, session, f"{family(session)}: ")


def fewer_of(circuit: Json, name: str, session: Json, of: str = "") -> Iterator[str]:
    beside = _LEGS[1 - _LEGS.index(name)]
    for other in customers(circuit["legs"][beside]):
        if family(other) == family(session) and _both_up(session, other):
            ways = [f"{way} {session[counted]}, there {other[counted]} ({why(circuit, name, session, other)})"
                    for way, counted, why in (("in", "accepted", _untaken), ("out", "sent", _untold))
                    if session[counted] < other[counted]]
            if ways:
                yield f"{of}fewer routes than {beside}: {'; '.join(ways)}"


def _both_up(*sessions: Json) -> bool:
    return all(one["state"] == _UP for one in sessions)


def _untaken(circuit: Json, name: str, session: Json, other: Json) -> str:
    known = [*_withheld(circuit["legs"][name], session, "in"), *([session["warning"]] if session["warning"] else [])]
    if session["received"] < other["received"]:
        known.append(f"the customer's router tells {session['received']} here, {other['received']} there")
    return "; ".join(known) or (
        f"refused here; 'trunkline routes {circuit['name']} --leg {name} --view received --why' says why")


def _untold(circuit: Json, name: str, session: Json, _other: Json) -> str:
    leg = circuit["legs"][name]
    known = [*_withheld(leg, session, "out"), *(
        f"{one['name']} {one['state']}{', ' + one['lastError'] if one['lastError'] else ''}"
        for one in leg["sessions"] if one["group"] != "customer" and one["state"] != _UP)]
    return "; ".join(known) or f"'trunkline routes {circuit['name']} --leg {name}' tells which are there"


def _withheld(leg: Json, session: Json, way: str) -> Iterator[str]:
    return (one["by"] for one in leg["withheld"]
            if one["way"] == way and one["peering"] in ("", session["peering"]))
