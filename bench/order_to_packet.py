"""Order to packet: from the request for the peering until a ping over each leg is answered.

    python bench/order_to_packet.py [REPETITIONS]       default 20

Budget: p95 at most 5 s.

A whole service (`trunkline up -d`), driven through the public HTTPS API. Circuit, site (one CE in BIRD, one in FRR),
virtual network and gateway exist; the clock runs from the PUT of the private peering, over the deployment of the
connection, until both CEs have an answer from the machine in the cloud (each CE prefers its own leg). Then connection
and peering are deleted and it begins again. ``to_established`` ends when both BGP sessions are Established and have
routes in both directions, as `trunkline status` sees it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from stand import Clients, Service, report, service, spread, until
from trunkline.cli.client import unwatched
from trunkline.cli.commands.status import LEGS
from trunkline.cli.demo import estate
from trunkline.cli.demo.cloud import HttpsCloud
from trunkline.cli.demo.watching import customer_session, established, legs
from trunkline.intent.compile.draft import ce_node
from trunkline.intent.view import SITE
from trunkline.model.resource import ResourceId

_DEADLINE_S = 60.0


def build(running: Service, cloud: HttpsCloud) -> str:
    """Everything but peering and connection; the address of the machine in the cloud."""
    cloud.create_group(unwatched)
    cloud.create_circuit(unwatched)
    site = running.home / "site.yaml"
    site.write_text(estate.SITE_FILE, encoding="utf-8")
    running.trunkline("apply", str(site), "-o", "json")
    site.unlink()
    target = cloud.create_network(unwatched)
    cloud.create_gateway(unwatched)
    return target


def exchanged(clients: Clients) -> bool:
    observed = legs(clients)
    sessions = [customer_session(observed[leg]) for leg in LEGS if established(observed[leg])]
    return len(sessions) == len(LEGS) and all(s["received"] and s["sent"] for s in sessions)


def answered(running: Service, clients: Clients, target: str) -> bool:
    return all(_ping(running, clients, name, source, target) for name, source in estate.ROUTERS.items())


def _ping(running: Service, clients: Clients, router: str, source: str, target: str) -> bool:
    subscription = clients.named("customer").account.subscription
    namespace, *types = SITE.split("/")
    node = ce_node(ResourceId(subscription, estate.GROUP, namespace, tuple(types), (estate.SITE,)), router)
    prefix = running.instance.settings.places.namespace_prefix
    return subprocess.run(
        ["nsenter", f"--net=/run/netns/{prefix}{node}", "--",
         "ping", "-n", "-c", "1", "-W", "0.1", "-I", source, target],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def once(running: Service, clients: Clients, cloud: HttpsCloud, target: str) -> tuple[float, float]:
    """(to packet, to Established), seconds. Pings are tried beside the order, so that waiting for ARM's polling adds
    nothing to them."""
    began = time.monotonic()
    with ThreadPoolExecutor(1) as beside:
        packet = beside.submit(_packet_at, running, clients, target)
        cloud.create_peering(unwatched)
        cloud.connect(unwatched)
        until(lambda: exchanged(clients), _DEADLINE_S, "both sessions and their routes", 0.05)
        both_established = time.monotonic()
        return packet.result() - began, both_established - began


def _packet_at(running: Service, clients: Clients, target: str) -> float:
    until(lambda: answered(running, clients, target), _DEADLINE_S, "an answer over each leg", 0.01)
    return time.monotonic()


def undo(clients: Clients) -> None:
    client = clients.named("customer")
    network = f"/subscriptions/{client.account.subscription}/resourceGroups/{estate.GROUP}/providers/Microsoft.Network"
    client.delete(f"{network}/connections/{estate.CONNECTION}")
    client.delete(f"{network}/expressRouteCircuits/{estate.CIRCUIT}/peerings/{estate.PEERING}")


def measure(repetitions: int) -> None:
    with service() as (running, clients):
        cloud = HttpsCloud(clients.named("customer"))
        target = build(running, cloud)
        found = []
        for _ in range(repetitions):
            found.append(once(running, clients, cloud, target))
            undo(clients)
    packets, sessions = zip(*found, strict=True)
    report("order_to_packet", {"repetitions": repetitions, "to_packet_s": spread(packets),
                               "to_established_s": spread(sessions)})


if __name__ == "__main__":
    measure(int(sys.argv[1]) if sys.argv[1:] else 20)
