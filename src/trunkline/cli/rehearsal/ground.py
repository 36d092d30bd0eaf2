"""The estate as the service tells it: what it consists of, whether it is well, what sessions and routes are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from trunkline.cli.client import NETWORK_VERSION, TRUNKLINE_VERSION, Clients, Json
from trunkline.cli.commands.status import LEGS, overview
from trunkline.cli.failure import Failed
from trunkline.cli.lookup import NETWORK, group_of, there, told_apart
from trunkline.cli.rehearsal.links import Link, Reach, links, reaches
from trunkline.diagnosis.drill.certificate import Route, Timers
from trunkline.diagnosis.drill.conditions import Observed, Seen
from trunkline.diagnosis.drill.ways import CircuitLeg, Way
from trunkline.model.profile import profile_named

ESTABLISHED = "Established"


@dataclass(frozen=True)
class Ground:
    """One look. ``told``: the prefixes that customers' routers tell, by circuit's key and leg."""

    found: Json
    sites: tuple[Json, ...]
    networks: tuple[Json, ...]
    machines: tuple[tuple[str, str, str], ...]  #: (name, address, id of its network)
    links: tuple[Link, ...]
    reaches: tuple[Reach, ...]
    told: dict[tuple[str, str], frozenset[str]]

    @property
    def circuits(self) -> tuple[Json, ...]:
        return tuple(self.found["circuits"])

    def circuit(self, key: str) -> Json | None:
        return self._circuits.get(key)

    @cached_property
    def _circuits(self) -> dict[str, Json]:
        return {str(one["id"]).lower(): one for one in self.circuits}

    @cached_property
    def names(self) -> dict[str, str]:
        return told_apart(self.circuits)

    def leg(self, circuit: Json, leg: str) -> CircuitLeg:
        key = str(circuit["id"]).lower()
        return CircuitLeg(key, self.names[key], leg, circuit["provider"], circuit["location"])

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """All legs of all circuits, with each region and each other circuit that they lead to."""
        alone = (Way((self.leg(one, leg),)) for one in self.circuits for leg in LEGS)
        towards = (Way((self.leg(one, leg),), link.regions) for link in self.links
                   if (one := self.circuit(link.circuit)) for leg in LEGS)
        across = (Way((self.leg(one, leg), self.leg(other, leg))) for link in self.reaches
                  if (one := self.circuit(link.near)) and (other := self.circuit(link.far)) for leg in LEGS)
        return tuple(dict.fromkeys((*alone, *towards, *across)))


def look(clients: Clients) -> Ground:
    found = overview(clients)
    subscription = f"/subscriptions/{clients.accounts.customer_subscription}"
    operator = clients.named("operator")
    networks = tuple(operator.list(f"{subscription}/providers/{NETWORK}/virtualNetworks"))
    nics = operator.list(f"{subscription}/providers/{NETWORK}/networkInterfaces")
    return Ground(found, tuple(operator.list(f"{subscription}/providers/Trunkline.Site/sites")), networks,
                  tuple(_machines(nics)), tuple(links(operator, found["connections"], networks)),
                  tuple(reaches(found["circuits"])),
                  {(str(circuit["id"]).lower(), leg): told for circuit in found["circuits"]
                   for leg, told in _told(clients, circuit["id"]).items()})


def _machines(nics: Any) -> Iterator[tuple[str, str, str]]:
    for nic in nics:
        for configuration in nic["properties"].get("ipConfigurations") or ():
            told = configuration["properties"]
            if told.get("privateIPAddress") and told.get("subnet"):
                network = str(told["subnet"]["id"]).lower().partition("/subnets/")[0]
                yield nic["name"], told["privateIPAddress"], network


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
                    leg=ground.leg(circuit, one["leg"]).label, session=one["session"],
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
    names = told_apart(tuple(found["circuits"]))
    faults = clients.named("operator").list(f"/subscriptions/{subscription}/providers/Trunkline.Plant/faults")
    return Observed(
        {Seen(key := str(circuit["id"]).lower(), leg, session["name"], names[key]): session["state"] == ESTABLISHED
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
            yield from _unhealthy(circuit, leg, ground.names[str(circuit["id"]).lower()])
    for row in ground.found["impairments"]:
        yield f"an impairment stands: {row.get('id', '')}; 'trunkline impair' takes it away"
    for row in ground.found["failed"]:
        yield f"{row} is Failed; 'trunkline status' says why"
    for node in ground.found["nodes"]:
        if not node["present"]:
            yield f"node {node['name']} is missing"


def _unhealthy(circuit: Json, leg: str, name: str) -> Iterator[str]:
    seen = circuit["legs"][leg]
    if seen["fault"] or seen["failoverTest"]:
        yield f"{name} {leg}: a failure or failover test is under way already; end it first ('trunkline heal')"
    elif seen["bgp"] not in (ESTABLISHED, "NotConfigured"):
        yield f"{name} {leg}: its session is {seen['bgp']}; ask 'trunkline routes {name}'"


def circuit_named(ground: Ground, wanted: str) -> Json:
    """By name, ``GROUP/NAME``, service key or id."""
    found = [one for one in ground.circuits if wanted.lower() in (
        str(one["name"]).lower(), f"{group_of(one['id'])}/{one['name']}".lower(), str(one["id"]).lower(),
        str(one["serviceKey"]).lower())]
    if len(found) != 1:
        names = list(ground.names.values())
        raise Failed(f"there is no circuit '{wanted}'; {there(names, wanted)}." if not found else
                     f"several circuits are called '{wanted}'; write one of {', '.join(names)}.")
    return found[0]
