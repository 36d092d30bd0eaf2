"""What the network scenarios share: a stage with real drivers, its well-known nodes, and what it consists of."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import estates
from leaks import left_behind
from stage import Stage
from trunkline import settings
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.bgp import Router, SessionState, SessionStatus
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CUSTOMER, attachment_name, host_node, vrf_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.network import Direction, Key
from trunkline.intent.scope import Scope
from trunkline.intent.view import CIRCUIT, NIC, PEERING, SITE
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE, Profile
from trunkline.model.resource import Resource
from trunkline.model.site import Daemon
from trunkline.routing import BirdSpeaker, Daemons, FrrSpeaker
from trunkline.settings import Places, Timing
from waiting import until

HOST = host_node(estates.rid(SITE, "paris"), "h1")
VM = vm_node(estates.rid(NIC, "vm1"))
ON_PREMISES, IN_CLOUD = "10.10.1.10", "10.1.0.4"
ON_PREMISES6, IN_CLOUD6 = "fd00:10:0:1::10", "fd00:1::4"


@contextmanager
def real_stage(places: Places, timing: Timing | None = None, profile: Profile = AZURE,
               apart: bool = False) -> Iterator[Stage]:
    """Everything is swept away afterwards."""
    plane, speaker = LinuxPlane(places), Daemons(BirdSpeaker(places), FrrSpeaker(places))
    stage = Stage(places, plane, speaker, timing, profile, apart)
    try:
        yield stage
    finally:
        stage.close()
        speaker.sweep()
        plane.sweep()


@contextmanager
def lasting_stage(home: Path, *resources: Resource) -> Iterator[Stage]:
    """One for all tests of a module, with these on it; nothing may be left of it."""
    places = settings.load({}, home=str(home)).places
    with real_stage(places) as stage:
        stage.put(*resources)
        yield stage
    all_gone(places)


def all_gone(places: Places) -> None:
    """For stages that live as long as a module, and so beyond the fixture that looks after each test."""
    until(lambda: not left_behind(places), 5, f"nothing left behind of {places.instance}")


def blueprints(stage: Stage) -> list[Blueprint]:
    """Of every scope that was ever applied, as it ought to be now."""
    with stage.store.reading() as reader:
        return [compile(Scope.parse(text), reader, stage.profile) for text in reader.applied_scopes()]


def missing(stage: Stage) -> set[Key]:
    """What ought to exist and was not observed exactly so."""
    known = blueprints(stage)
    pieces = [piece for blueprint in known for piece in blueprint.pieces]
    routers = [router for blueprint in known for router in blueprint.routers]
    return {item.key for item in (*pieces, *routers)} - stage.plane.observe(pieces) - stage.speaker.observe(routers)


def router_of(stage: Stage, node: str) -> Router:
    return next(router for blueprint in blueprints(stage) for router in blueprint.routers if router.node == node)


def customer(stage: Stage, leg: Leg, circuit: str = "er1", group: str = "rg1") -> SessionStatus:
    """The customer's session of a leg, as the VRF's daemon tells it."""
    router = router_of(stage, vrf_node(estates.rid(CIRCUIT, circuit, group=group), leg))
    return next(status for status in stage.speaker.sessions(router) if status.name == CUSTOMER)


def is_up(status: SessionStatus) -> bool:
    return status.state is SessionState.ESTABLISHED


def customer6(stage: Stage, leg: Leg) -> SessionStatus:
    """The same over IPv6."""
    router = router_of(stage, vrf_node(estates.rid(CIRCUIT, "er1"), leg))
    return next(status for status in stage.speaker.sessions(router) if status.name == f"{CUSTOMER}_v6")


def both_up(stage: Stage, circuit: str = "er1", group: str = "rg1") -> None:
    for leg in Leg:
        until(lambda leg=leg: is_up(customer(stage, leg, circuit, group)), 20,  # type: ignore[misc]
              f"{leg} of {circuit} Established")


def all_up(stage: Stage, alone: Collection[str] = ()) -> None:
    """Every session of every router that is meant to run, and watched: BFD begins slowly (RFC 5880, 6.8.3) and may come
    up a second or two after BGP; until then only the hold timer notices a failure. ``alone``: VRFs whose customer has
    ordered nothing."""
    try:
        until(lambda: not _down(stage, alone), 20, "all sessions Established", every_s=0.1)
    except AssertionError:
        raise AssertionError(f"not Established: {_down(stage, alone)}") from None


def _down(stage: Stage, alone: Collection[str]) -> list[tuple[str, SessionStatus]]:
    routers = (router for blueprint in blueprints(stage) for router in blueprint.routers if not router.down)
    return [(router.node, status) for router in routers for status in stage.speaker.sessions(router)
            if not (is_up(status) and status.bfd in ("", "Up"))
            and not (router.node in alone and status.name == CUSTOMER)]


def connected(stage: Stage, source: str = HOST, address: str = IN_CLOUD) -> None:
    until(lambda: stage.pings(source, address), 20, f"a ping from {source} to {address}")


def learned(stage: Stage, leg: Leg, circuit: str = "er1", group: str = "rg1") -> dict[tuple[str, str], str]:
    """AS path by network and next hop in a VRF, as ``list-route-tables`` tells it."""
    peering = estates.rid(PEERING, circuit, "AzurePrivatePeering", group=group)
    rows = stage.ask(peering, "routeTables", devicePath=leg.value)
    return {(row["network"], row["nextHop"]): row["path"] for row in rows["value"]}  # type: ignore[index]


def networks(stage: Stage, leg: Leg, circuit: str = "er1", group: str = "rg1") -> set[str]:
    return {network for network, _ in learned(stage, leg, circuit, group)}


def kernel_routes(stage: Stage, node: str) -> dict[str, int]:
    """Number of next hops by destination, of the routes that a daemon brought."""
    rows = json.loads(stage.run(node, "ip", "-j", "route", "show", "proto", "bird").stdout or "[]")
    return {row["dst"]: len(row.get("nexthops", [None])) for row in rows}


def carried(stage: Stage, number: int = 1, direction: Direction = Direction.IN,
            location: str = "Amsterdam") -> dict[Leg, int]:
    """Packets that the edges have counted on each leg of a circuit."""
    return {leg: stage.plane.counters(edge_node(location, leg)).attachments[
        attachment_name(number, leg), direction].packets for leg in Leg}


# ── what it consists of ────────────────────────────────────────────────────────────────────────────────────────────

#: Sessions with the moment since which they are Established, daemons with their pid, interfaces with their number.
Footprint = dict[tuple[str, ...], float]

#: How far that moment may move while nothing happens, in seconds: BIRD computes it from two clocks each time it is
#: asked, FRR rounds.
_JITTER_S = {"session": 0.1, "rounded session": 1.5, "daemon": 0, "interface": 0}


def sessions(stage: Stage) -> Footprint:
    """Since when each BGP session is Established."""
    return {(_kind(router), router.node, status.name): status.since.timestamp() for blueprint in blueprints(stage)
            for router in blueprint.routers for status in stage.speaker.sessions(router)
            if is_up(status) and status.since}


def _kind(router: Router) -> str:
    return "rounded session" if router.daemon is Daemon.FRR else "session"


def pids(stage: Stage) -> Footprint:
    """Of every routing daemon, by its pid file."""
    return {("daemon", file.parent.name, file.name): int(file.read_text())
            for file in (stage.places.run / "nodes").glob("*/*.pid")}


def interfaces(stage: Stage) -> Footprint:
    """The kernel's number of every interface: another number is another interface, however alike."""
    found: Footprint = {}
    for node in sorted(stage.plane.nodes()):
        listed = subprocess.run(["ip", "-n", stage.namespace(node), "-j", "link"], capture_output=True, check=True)
        found |= {("interface", node, row["ifname"]): row["ifindex"] for row in json.loads(listed.stdout)}
    return found


def footprint(stage: Stage) -> Footprint:
    """Looked at again where a node that nobody requires any more goes meanwhile."""
    return until(lambda: _footprint(stage), 10, "nodes that stay")


def _footprint(stage: Stage) -> Footprint | None:
    with suppress(subprocess.CalledProcessError):
        return {**sessions(stage), **pids(stage), **interfaces(stage)}
    return None


def disturbed(before: Footprint, after: Footprint) -> Footprint:
    """What is gone, or is another one of the same name."""
    return {what: was for what, was in before.items() if abs(after.get(what, 0) - was) > _JITTER_S[what[0]]}
