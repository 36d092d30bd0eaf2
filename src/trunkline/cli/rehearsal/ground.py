"""The estate as the service tells it: which ways packets have, who could send some, what sessions and routes are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import quote, urlencode

from trunkline.cli.client import NETWORK_VERSION, TRUNKLINE_VERSION, Clients, Json
from trunkline.cli.commands.status import LEGS, overview
from trunkline.cli.failure import Failed
from trunkline.cli.lookup import NETWORK
from trunkline.cli.nodes import matches, present
from trunkline.diagnosis.drill.certificate import Route, Timers, Unmeasured
from trunkline.diagnosis.drill.conditions import Observed
from trunkline.diagnosis.drill.ways import End, Pair, Way
from trunkline.model.plant import region
from trunkline.model.profile import profile_named
from trunkline.settings import Places

#: Pairs that a drill sends between: each family of a site and of a network once, and so many altogether.
MOST_PAIRS = 12
_ESTABLISHED = "Established"


@dataclass(frozen=True, slots=True)
class Link:
    """A connection between a circuit and a gateway."""

    circuit: str
    gateway: str
    network: str
    region: str
    status: str


@dataclass(frozen=True, slots=True)
class Ground:
    """One look. ``told``: the prefixes that customers' routers tell, by circuit's key and leg."""

    found: Json
    sites: tuple[Json, ...]
    networks: tuple[Json, ...]
    machines: tuple[tuple[str, str, str], ...]  #: (name, address, id of its network)
    links: tuple[Link, ...]
    told: dict[tuple[str, str], frozenset[str]]

    @property
    def circuits(self) -> tuple[Json, ...]:
        return tuple(self.found["circuits"])

    def pairs(self, places: Places) -> tuple[tuple[Pair, ...], tuple[Unmeasured, ...]]:
        """Those between which datagrams can be sent, and the prefixes of which there is none."""
        nodes, pairs, missing = present(places), [], []
        for site in self.sites:
            for network in self.networks:
                ways = {prefix: tuple(self._ways(prefix, network["id"])) for prefix in site["properties"]["prefixes"]}
                for prefix, found in ways.items():
                    if not found:
                        continue
                    made = list(self._ends(site, prefix, network, nodes))
                    pairs += [Pair(here, there, found) for here, there in made]
                    missing += [] if made else [Unmeasured(
                        prefix=prefix, reason=f"no host of {site['name']} in {prefix}, or no machine in "
                        f"{network['name']} of the same family, to send datagrams")]
        return tuple(pairs[:MOST_PAIRS]), tuple(missing)

    @property
    def ways(self) -> tuple[Way, ...]:
        """All legs of all circuits, with each region that they lead to."""
        return tuple(Way(str(circuit["id"]).lower(), circuit["name"], leg, circuit["provider"], circuit["location"],
                         link.region) for circuit in self.circuits for leg in LEGS for link in self.links
                     if link.circuit == str(circuit["id"]).lower())

    def _ways(self, prefix: str, network: str) -> Iterator[Way]:
        """Over circuits that either leg of which carries the prefix."""
        for circuit in self.circuits:
            key = str(circuit["id"]).lower()
            for link in self.links:
                if (link.circuit, link.network) == (key, network.lower()) and any(
                        prefix in self.told.get((key, leg), ()) for leg in LEGS):
                    for leg in LEGS:
                        yield Way(key, circuit["name"], leg, circuit["provider"], circuit["location"], link.region,
                                  self._trouble(circuit, leg, prefix, link))

    def _trouble(self, circuit: Json, leg: str, prefix: str, link: Link) -> str:
        seen = circuit["legs"][leg]
        if seen["fault"]:
            return "a failure is rehearsed on it"
        if seen["failoverTest"]:
            return "a failover test runs on it"
        if seen["bgp"] != _ESTABLISHED:
            return f"its session is {seen['bgp']}"
        if prefix not in self.told.get((str(circuit["id"]).lower(), leg), ()):
            return f"its router does not tell {prefix}"
        return "" if link.status == "Connected" else f"its connection is {link.status}"

    def _ends(self, site: Json, prefix: str, network: Json, nodes: tuple[str, ...]) -> Iterator[tuple[End, End]]:
        """One for each family that both have."""
        spaces = network["properties"]["addressSpace"]["addressPrefixes"]
        hosts = [(host["name"], address) for host in site["properties"].get("hosts", ())
                 for address in (host.get("address"), host.get("address6")) if address and _holds(prefix, address)]
        for name, address in hosts[:1]:
            for machine, other, of in self.machines:
                space = next((one for one in spaces if _holds(one, other)), "")
                here, there = _node(nodes, f"{site['name']}-{name}"), _node(nodes, machine)
                if of == network["id"].lower() and space and here and there and _family(other) == _family(address):
                    yield End(here, address, prefix), End(there, other, space)
                    break


def _holds(prefix: str, address: str) -> bool:
    return ip_address(address) in ip_network(prefix, strict=False)


def _family(address: str) -> int:
    return ip_address(address).version


def _node(nodes: tuple[str, ...], wanted: str) -> str:
    found = matches(nodes, wanted)
    return found[0] if len(found) == 1 else ""


def look(clients: Clients) -> Ground:
    found = overview(clients)
    subscription = f"/subscriptions/{clients.accounts.customer_subscription}"
    operator = clients.named("operator")
    networks = tuple(operator.list(f"{subscription}/providers/{NETWORK}/virtualNetworks"))
    nics = operator.list(f"{subscription}/providers/{NETWORK}/networkInterfaces")
    return Ground(found, tuple(operator.list(f"{subscription}/providers/Trunkline.Site/sites")), networks,
                  tuple(_machines(nics)), tuple(_links(clients, found)),
                  {(str(circuit["id"]).lower(), leg): told for circuit in found["circuits"]
                   for leg, told in _told(clients, circuit["id"]).items()})


def _machines(nics: Any) -> Iterator[tuple[str, str, str]]:
    for nic in nics:
        for configuration in nic["properties"].get("ipConfigurations") or ():
            told = configuration["properties"]
            if told.get("privateIPAddress") and told.get("subnet"):
                network = str(told["subnet"]["id"]).lower().partition("/subnets/")[0]
                yield nic["name"], told["privateIPAddress"], network


def _links(clients: Clients, found: Json) -> Iterator[Link]:
    operator = clients.named("operator")
    for row in found["connections"]:
        told = operator.get(row["id"])["properties"]
        if "virtualNetworkGateway1" not in told:
            continue  # to a hub of a Virtual WAN, behind which nothing is measured
        gateway = operator.get(told["virtualNetworkGateway1"]["id"])
        subnet = gateway["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"]
        place = region(gateway["location"])
        yield Link(str(told["peer"]["id"]).lower(), str(gateway["id"]).lower(),
                   str(subnet).lower().partition("/subnets/")[0], place.name if place else gateway["location"],
                   row["status"])


def _told(clients: Clients, circuit: str) -> dict[str, frozenset[str]]:
    sessions = asked(clients, circuit, "received")["sessions"]
    return {leg: frozenset(route["prefix"] for one in sessions if one["leg"] == leg and one["group"] == "customer"
                           for route in one["received"]["routes"] if not route.get("refusal")) for leg in LEGS}


def asked(clients: Clients, place: str, view: str) -> Json:
    """Of the looking glass."""
    query = urlencode({"view": view, "api-version": NETWORK_VERSION})
    found: Json = clients.named("operator").post(f"{place}/routes?{query}", {})
    return found


def routes(clients: Clients, ground: Ground) -> tuple[Route, ...]:
    """In use at the edges of all circuits, and at their gateways."""
    places = [*(circuit["id"] for circuit in ground.circuits), *dict.fromkeys(link.gateway for link in ground.links)]
    return tuple(Route(
        router=one["router"], leg=one["leg"], prefix=one["prefix"], next_hop=one["nextHop"],
        as_path=" ".join(map(str, one["asPath"])), why=one["why"][0] if one["why"] else "")
        for place in places for one in asked(clients, place, "best")["best"])


def timers(clients: Clients, ground: Ground) -> tuple[Timers, ...]:
    """Of the customers' sessions. BFD is what the leg's policy says, or the profile."""
    usual = profile_named(ground.found["profile"]).customer_bfd
    found = []
    for circuit in ground.circuits:
        policies = _bfd_of(clients, circuit)
        for one in asked(clients, circuit["id"], "best")["sessions"]:
            if one["group"] == "customer":
                interval = policies.get(one["leg"], policies.get("", usual.interval_ms if usual else 0))
                found.append(Timers(
                    leg=f"{circuit['name']} {one['leg']}", session=one["session"],
                    bfd=f"{interval} ms × {usual.multiplier if usual else 3}" if one["bfd"] else "",
                    hold_time_s=one["holdTimeInSeconds"] or 0, keepalive_time_s=one["keepaliveTimeInSeconds"] or 0))
    return tuple(found)


def _bfd_of(clients: Clients, circuit: Json) -> dict[str, int]:
    """Intervals by leg; of both under no name."""
    group = str(circuit["id"]).partition("/providers/")[0]
    peering = f"{circuit['id']}/peerings/".lower()
    standing = clients.named("operator").list(f"{group}/providers/Trunkline.Routing/sessionPolicies")
    return {one["properties"].get("leg") or "": bfd["intervalInMilliseconds"] for one in standing
            if str(one["properties"]["peering"]["id"]).lower().startswith(peering)
            and (bfd := one["properties"].get("bfd")) and bfd.get("intervalInMilliseconds")}


def observed(clients: Clients) -> Observed:
    """What may happen beside a drill."""
    found, subscription = overview(clients), clients.accounts.customer_subscription
    faults = clients.named("operator").list(f"/subscriptions/{subscription}/providers/Trunkline.Plant/faults")
    return Observed(
        {(circuit["name"], leg, session["name"]): session["state"] == _ESTABLISHED
         for circuit in found["circuits"] for leg in LEGS for session in circuit["legs"][leg]["sessions"]},
        frozenset(str(one["id"]).lower() for one in faults), frozenset(_alarms(clients)))


def _alarms(clients: Clients) -> Iterator[str]:
    """Grave events that stand at present."""
    path = f"/providers/Trunkline.Security/events?api-version={TRUNKLINE_VERSION}&$filter="
    for one in clients.named("operator").list(path + quote("severity ge 'high' and state eq 'open'")):
        event = one["properties"]
        yield f"{event['kind']} ({event['summary']})"


def unhealthy(ground: Ground) -> Iterator[str]:
    """What is not as it ought to be before anything is failed on purpose."""
    for circuit in ground.circuits:
        for leg in LEGS:
            yield from _unhealthy(circuit, leg)
    for row in ground.found["impairments"]:
        yield f"an impairment stands: {row.get('id', '')}; 'trunkline impair' takes it away"
    for row in ground.found["failed"]:
        yield f"{row} is Failed; 'trunkline status' says why"
    for node in ground.found["nodes"]:
        if not node["present"]:
            yield f"node {node['name']} is missing"


def _unhealthy(circuit: Json, leg: str) -> Iterator[str]:
    seen = circuit["legs"][leg]
    if seen["fault"] or seen["failoverTest"]:
        yield (f"{circuit['name']} {leg}: a failure or failover test is under way already; end it first "
               "('trunkline heal')")
    elif seen["bgp"] not in (_ESTABLISHED, "NotConfigured"):
        yield f"{circuit['name']} {leg}: its session is {seen['bgp']}; ask 'trunkline routes {circuit['name']}'"


def circuit_named(ground: Ground, wanted: str) -> Json:
    found = [one for one in ground.circuits
             if wanted.lower() in (str(one["name"]).lower(), str(one["id"]).lower(), str(one["serviceKey"]).lower())]
    if len(found) != 1:
        names = ", ".join(one["name"] for one in ground.circuits) or "none"
        raise Failed(f"there is no circuit '{wanted}'; there are {names}." if not found else
                     f"several circuits are called '{wanted}'; write its id.")
    return found[0]
