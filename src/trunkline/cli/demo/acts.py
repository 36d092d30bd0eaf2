"""The steps of the story, in the order of issue and README; each shows itself and checks what it claims."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import partial

from trunkline.cli.client import Clients, Json
from trunkline.cli.commands.status import LEGS
from trunkline.cli.demo import estate
from trunkline.cli.demo.cloud import Cloud
from trunkline.cli.demo.result import Result
from trunkline.cli.demo.stage import Stage
from trunkline.cli.demo.watching import customer_session, established, legs, until
from trunkline.cli.failure import Failed
from trunkline.cli.progress import Progress, Step

_SETTLE_S = 60.0
_IPERF_S = 3


@dataclass(slots=True)
class Play:
    """What the acts share. ``target``: the address of the machine in the cloud."""

    stage: Stage
    clients: Clients
    cloud: Cloud
    progress: Progress
    result: Result
    target: str = ""
    ordered_at: float = field(default=0.0)  #: time.monotonic() when the peering was asked for


def order_circuit(play: Play) -> None:
    with play.progress.step(f"resource group {estate.GROUP}") as step:
        play.cloud.create_group(step.waiting)
    with play.progress.step(f"circuit {estate.CIRCUIT}: {estate.PROVIDER}, {estate.PEERING_LOCATION}") as step:
        circuit = play.cloud.create_circuit(step.waiting)
        _expect(circuit, circuitProvisioningState="Enabled", serviceProviderProvisioningState="NotProvisioned")
        if not circuit.get("stag"):
            raise Failed("the circuit has no S-tag")
        step.note = f"Enabled, NotProvisioned, S-tag {circuit['stag']}, service key {circuit['serviceKey']}"


def build_site(play: Play) -> None:
    file = play.stage.home / "site.yaml"
    file.write_text(estate.SITE_FILE, encoding="utf-8")
    with play.progress.step(f"apply site.yaml: site {estate.SITE}, cross connect, provider's consent") as step:
        play.stage.trunkline("apply", str(file), "-o", "json", watch=step.waiting)
        file.unlink()
        _expect(play.cloud.show_circuit(), serviceProviderProvisioningState="Provisioned")
        step.note = "Provisioned"


def build_cloud(play: Play) -> None:
    with play.progress.step(f"virtual network {estate.VNET} and machine {estate.MACHINE}") as step:
        play.target = play.cloud.create_network(step.waiting)
        step.note = play.target
    with play.progress.step(f"ExpressRoute gateway {estate.GATEWAY}") as step:
        play.cloud.create_gateway(step.waiting)


def order_peering(play: Play) -> None:
    """The clock of ``order_to_packet_s`` starts here."""
    with play.progress.step("private peering; the clock runs") as step:
        play.ordered_at = time.monotonic()
        play.cloud.create_peering(step.waiting)
    with play.progress.step(f"connection {estate.CONNECTION}, an ARM deployment") as step:
        play.cloud.connect(step.waiting)


def await_packets(play: Play) -> None:
    with play.progress.step("BGP Established on both legs, routes exchanged") as step:
        found = until(lambda: _exchanged(play.clients), "both BGP sessions and their routes", step, _SETTLE_S)
        play.result.sessions_established = len(found)
        step.note = ", ".join(f"{leg} {session['state']}, {session['received']} in, {session['sent']} out"
                              for leg, session in found.items())
    with play.progress.step(f"ping {play.target} over each leg") as step:
        until(partial(_all_answered, play), "an answer to each router", step, _SETTLE_S)
        play.result.order_to_packet_s = round(time.monotonic() - play.ordered_at, 3)
        step.note = f"{play.result.order_to_packet_s} s after the order"


def _exchanged(clients: Clients) -> dict[str, Json] | None:
    """The customer sessions, once both are Established and pass routes in both directions."""
    observed = legs(clients)
    sessions = {leg: customer_session(observed[leg]) for leg in LEGS if established(observed[leg])}
    complete = len(sessions) == len(LEGS) and all(s["received"] and s["sent"] for s in sessions.values())
    return sessions if complete else None


def _all_answered(play: Play) -> bool | None:
    """A CE prefers its own leg, so its ping goes there."""
    pings = [play.stage.inside(router, "ping", "-n", "-i", "0.1", "-c", "1", "-w", "1", "-I", source, play.target)
             for router, source in estate.ROUTERS.items()]
    return True if all(play.stage.ended(ping) == 0 for ping in pings) else None


def exchange_packets(play: Play) -> None:
    with play.progress.step(f"ping {estate.HOST} → {estate.MACHINE} and back") as step:
        there = _ping(play.stage, estate.HOST, play.target)
        back = _ping(play.stage, estate.MACHINE, estate.HOST_ADDRESS)
        step.note = f"{there} ms there, {back} ms back"
    with play.progress.step("iperf3 in both directions") as step:
        speeds = _throughput(play, step)
        play.result.throughput_mbps = min(speeds)
        step.note = f"{speeds[0]:,.0f} Mbit/s up, {speeds[1]:,.0f} Mbit/s down"


def _ping(stage: Stage, node: str, target: str) -> str:
    """The average round trip of five, all answered."""
    said = stage.trunkline("exec", node, "--", "ping", "-n", "-i", "0.05", "-c", "5", "-w", "5", target)
    if " 0% packet loss" not in said:
        raise Failed(f"ping {node} → {target} lost packets: {said.strip()}")
    return said.rpartition("= ")[2].split("/")[1]


def _throughput(play: Play, step: Step) -> list[float]:
    """TCP goodput from the site to the cloud and back, Mbit/s."""
    server = play.stage.serve(estate.MACHINE, "listening", "iperf3", "--server", "--bind", play.target, "--forceflush")
    speeds = []
    for extra in ((), ("--reverse",)):
        said = play.stage.trunkline("exec", estate.HOST, "--", "iperf3", "--client", play.target, "--time",
                                    str(_IPERF_S), "--json", *extra, watch=step.waiting)
        speeds.append(round(json.loads(said)["end"]["sum_received"]["bits_per_second"] / 1e6, 1))
    play.stage.end(server)
    return speeds


def read_tables(play: Play) -> None:
    """What the cloud's tables say must be what was ordered."""
    with play.progress.step("list-route-tables, list-arp-tables, get-stats") as step:
        for leg in LEGS:
            routes = {row["network"]: row for row in play.cloud.route_table(leg)}
            _require(routes, estate.SITE_PREFIX, f"route table of {leg}")
            _require(routes, estate.VNET_PREFIX, f"route table of {leg}")
            arp = {row["interface"]: row for row in play.cloud.arp_table(leg)}
            _require(arp, "On-Prem", f"ARP table of {leg}")
            play.progress.say(f"    {leg}: {estate.SITE_PREFIX} via {routes[estate.SITE_PREFIX]['nextHop']} path "
                              f"{routes[estate.SITE_PREFIX]['path']} · ARP {arp['On-Prem']['ipAddress']} is "
                              f"{arp['On-Prem']['macAddress']}")
        stats = {name.lower(): count for name, count in play.cloud.stats().items()}
        silent = [f"{leg} bytes {way}" for leg in LEGS for way in ("in", "out") if not stats[f"{leg}bytes{way}"]]
        if silent:
            raise Failed(f"get-stats counts nothing for {', '.join(silent)}")
        step.note = " ".join(f"{leg} {stats[f'{leg}bytesin']:,}/{stats[f'{leg}bytesout']:,} bytes" for leg in LEGS)


def _require(table: dict[str, Json], row: str, where: str) -> None:
    if row not in table:
        raise Failed(f"{where}: {row} is missing, there is only {', '.join(table) or 'nothing'}")


def _expect(resource: Json, **values: str) -> None:
    for name, wanted in values.items():
        if resource.get(name) != wanted:
            raise Failed(f"{name} is {resource.get(name)!r}, not {wanted!r}")
