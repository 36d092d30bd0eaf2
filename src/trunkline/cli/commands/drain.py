"""``trunkline drain`` and ``undrain``: traffic moves off a leg while both legs still carry, then stays off."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click

from trunkline.cli import policies
from trunkline.cli.client import Client, Json, connected
from trunkline.cli.commands.status import overview
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.options import in_seconds, pass_instance, print_json
from trunkline.cli.policies import Manner, Place, Where, changing, differences, located
from trunkline.cli.progress import Progress, Step
from trunkline.cli.status import causes
from trunkline.cli.tables import print_table

#: What a session of each family takes of a leg by itself, one way: BFD at 300 ms (RFC 5880 lets it send a quarter more
#: often) in frames of 82 bytes with both tags, BGP, ARP.
QUIET_BYTES_PER_S = 1_000
_LOOK_S = 1.0


@click.command()
@located("The leg to take traffic off.", required=True)
@click.option("--for-at-most", "seconds", callback=lambda _ctx, _parameter, value: in_seconds(value), default="60s",
              show_default=True, metavar="DURATION", help="How long to wait until the leg is quiet.")
@changing
@pass_instance
def drain(instance: Instance, where: Where, seconds: int, manner: Manner) -> None:
    """Move traffic off a leg without loss, and keep it off until 'trunkline undrain'.

    Routers on both sides hear GRACEFUL_SHUTDOWN (RFC 8326) and a path longer by 8 times 12076, and choose the other
    leg while this one still carries. Done when the edge's counters say that only BFD and BGP are left on it.
    """
    _turn(instance, where, manner, seconds)


@click.command()
@located("The leg that was drained.", required=True)
@changing
@pass_instance
def undrain(instance: Instance, where: Where, manner: Manner) -> None:
    """Give a drained leg its traffic back."""
    _turn(instance, where, manner, None)


def _turn(instance: Instance, where: Where, manner: Manner, seconds: int | None) -> None:
    """``seconds``: how long to wait for a leg that is drained; ``None`` gives it back."""
    progress = Progress(quiet=manner.as_json)
    with connected(instance) as clients:
        at = where.of(clients)
        before, after = policies.switched(clients, at, "gracefulShutdown", seconds is not None, usual=False)
        seen = overview(clients)
        told: Json = {"changes": differences(before, after), "dryRun": manner.dry_run,
                      "closed": _closed(seen, at, at.leg)}
        if not manner.dry_run:
            dropped = _dropped(seen, at)
            word = "undrain" if seconds is None else "drain"
            with progress.step(f"{word} leg {at.leg} of {at.circuit['name']}") as step:
                policies.stored(clients, at, after, step.waiting, manner.confirmed)
                if seconds is not None:
                    other = next(leg for leg in policies.LEGS if leg != at.leg)
                    told |= _quiet(clients.named("customer"), at, seconds, step, _closed(seen, at, other))
            told["dropped"] = _dropped(overview(clients), at) - dropped
            progress.say(f"The edge dropped {told['dropped']} packets of the circuit meanwhile.")
        for line in _remarks(told, at, seconds is not None):
            progress.say(line)
    if manner.as_json:
        print_json(told)
    elif manner.dry_run:
        print_table(("member", "before", "after"),
                    [(row["member"], row["before"] or "-", row["after"] or "-") for row in told["changes"]])


def _remarks(told: Json, at: Place, drained: bool) -> Iterator[str]:
    """What a success would hide."""
    name = f"Leg {at.leg} of {at.circuit['name']}"
    if not told["changes"]:
        yield f"{name} was {'drained already' if drained else 'not drained'}: nothing changes."
    if told["closed"] and drained:
        yield (f"{name} carries nothing in any case: {told['closed']}. It stays drained when that ends, until "
               f"'trunkline undrain {at.circuit['name']} --leg {at.leg}'.")
    elif told["closed"]:
        yield f"{name} carries nothing all the same: {told['closed']}."


def _closed(found: Json, at: Place, leg: str) -> str:
    """Why a leg of the peering carries nothing by itself; empty while one of its sessions with the customer is up."""
    own = next((one for one in found["circuits"] if one["id"].lower() == at.circuit["id"].lower()), None)
    sessions = [one for one in causes.customers(own["legs"][leg])
                if one["peering"] == policies.PEERINGS[at.peering]] if own else []
    if any(one["state"] == "Established" for one in sessions):
        return ""
    return "; ".join(f"session {one['name']} is {one['state']}{f' ({why})' if (why := one['lastError']) else ''}"
                     for one in sessions)


def _quiet(client: Client, at: Place, seconds: int, step: Step, obstacle: str) -> Json:
    """Waits until the leg carries nothing but its sessions; what both carry then, in bytes per second. ``obstacle``:
    why the other leg cannot take it."""
    families = 2 if at_both_families(client.get(at.peering_id)) else 1
    deadline, last = time.monotonic() + seconds, _carried(client, at)
    why = f"the other leg cannot take it: {obstacle}" if obstacle else (
        "a router that prefers it by local preference keeps it busy")
    while True:
        time.sleep(_LOOK_S)
        now = _carried(client, at)
        rates = {leg: max(now[leg][way] - last[leg][way] for way in (0, 1)) / _LOOK_S for leg in policies.LEGS}
        step.note = ", ".join(f"{leg} carries {rate:,.0f} B/s" for leg, rate in rates.items())
        if rates[at.leg] <= QUIET_BYTES_PER_S * families:
            return {"bytesPerSecond": rates}
        if time.monotonic() > deadline:
            raise Failed(f"leg {at.leg} of {at.circuit['name']} is not quiet after {seconds} s: {step.note}. It stays "
                         f"drained; {why}. 'trunkline undrain {at.circuit['name']} --leg {at.leg}' takes it back.")
        step.waiting(f"traffic to move ({step.note})")
        last = now


def at_both_families(peering: Json) -> bool:
    told = peering["properties"]
    return bool(told.get("ipv6PeeringConfig")) and bool(told.get("primaryPeerAddressPrefix"))


def _carried(client: Client, at: Place) -> dict[str, tuple[int, int]]:
    """Bytes in and out by leg."""
    told = client.get(f"{at.peering_id}/stats")
    return {leg: (int(told[f"{leg}BytesIn"]), int(told[f"{leg}BytesOut"])) for leg in policies.LEGS}


def _dropped(found: Json, at: Place) -> int:
    """Packets of the circuit that its edges have dropped so far."""
    own = next((one for one in found["circuits"] if one["id"].lower() == at.circuit["id"].lower()), None)
    rows = [row for leg in (own or {"legs": {}})["legs"].values() for row in leg["counters"]]
    return sum(counter["packets"] for row in rows for counter in row["drops"].values())
