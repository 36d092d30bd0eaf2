"""The drill's own estate: a victim with routers and machines, an attacker with bare hand-offs, at the same edges, with
the same VLAN and the same link subnets; a Microsoft peering of the attacker's; an exchange where both are members.
Ordered as any tenant orders, and as an operator what is an operator's; all names bear the run's token."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from trunkline.cli.client import Clients, Json
from trunkline.cli.commands.status import overview
from trunkline.cli.drill.attack import Need
from trunkline.cli.estate.carry import Carrier
from trunkline.cli.estate.document import parse
from trunkline.cli.estate.plan import Wish, plan
from trunkline.cli.estate.sections import check
from trunkline.cli.lookup import NETWORK
from trunkline.cli.progress import Progress
from trunkline.cli.provisioning import NOT_PROVISIONED, turn
from trunkline.settings import Places

APPROVALS, EXCHANGES = "Trunkline.Plant/prefixApprovals", "Trunkline.Exchange/exchanges"
VALIDATORS = "Trunkline.Plant/validators"
GROUP_PREFIX = "trunkline-drill-"
LOCATION = "westeurope"
VLAN = 100
#: Link subnets of both circuits: the customer's address first, then the edge's.
PEER, EDGE, PEER6, EDGE6 = "172.30.0.1", "172.30.0.2", "fd00:d::1", "fd00:d::2"
PEER2, EDGE2 = "172.30.0.5", "172.30.0.6"
ATTACKER_ASN, VICTIM_ASN = 64666, 64777
ATTACKER_PREFIX, ATTACKER_PREFIX6 = "10.203.0.0/16", "fd00:203::/48"
VICTIM_PREFIX, VICTIM_HOST = "10.202.0.0/16", "10.202.1.10"
VICTIM_SPACE, VICTIM_MACHINE = "10.201.0.0/16", "10.201.0.4"
#: Where only public numbers are taken: nobody outside of this machine ever sees them.
PUBLIC_ASN, PUBLIC_VICTIM_ASN = 209_999, 209_998
PUBLIC_PREFIX, PUBLIC_VICTIM_PREFIX = "102.100.0.0/16", "102.200.0.0/16"
PUBLIC_PEER, PUBLIC_EDGE = "102.101.0.1", "102.101.0.2"
#: The exchange's LAN: the first route server, then both members.
LAN, ROUTE_SERVER_ASN = "172.29.0.0/24", 64_900
ROUTE_SERVER, MEMBER, VICTIM_MEMBER = "172.29.0.1", "172.29.0.10", "172.29.0.20"
MEMBER_NAME = "attacker"


@dataclass(frozen=True, slots=True)
class Roa:
    prefix: str
    asn: int
    longest: int


#: Registered as the attacker's, and by their ROAs somebody else's: one for each attack, so that each is news.
CONTESTED = ("102.100.200.0/24", "102.100.201.0/24", "102.100.202.0/24")
#: What the drill's validator says, with enough of nobody's that a few more or less are no suspicion.
ROAS = (
    Roa(PUBLIC_VICTIM_PREFIX, PUBLIC_VICTIM_ASN, 24), Roa("102.100.0.0/17", PUBLIC_ASN, 24),
    *(Roa(prefix, 210_777, 24) for prefix in CONTESTED), *(Roa(f"103.{n}.0.0/16", 211_000 + n, 24) for n in range(100)))


def vrp_file(roas: tuple[Roa, ...]) -> str:
    """As validators write it."""
    return json.dumps({"roas": [{"prefix": roa.prefix, "asn": roa.asn, "maxLength": roa.longest} for roa in roas]})


_ESTATE = """\
resourceGroup: {scratch.group}
location: {location}
sites:
  - name: {scratch.victim}
    asn: {victim_asn}
    prefixes: [{victim_prefix}]
    lan: 10.202.1.0/24
    routers: [{{name: ce1, daemon: bird}}, {{name: ce2, daemon: bird}}]
    hosts: [{{name: h1, address: {victim_host}}}]
circuits:
  - &circuit
    name: {scratch.victim}
    provider: {provider}
    peeringLocation: {peering_location}
    bandwidth: 50
    provision: true
    peering: {{asn: {victim_asn}, vlan: {vlan}, primary: 172.30.0.0/30, secondary: 172.30.0.4/30,
               sharedKey: {scratch.victim_key}}}
  - name: {scratch.attacker}
    provider: {provider}
    peeringLocation: {peering_location}
    bandwidth: 50
    provision: true
    peering: {{asn: {attacker_asn}, vlan: {vlan}, primary: 172.30.0.0/30, secondary: 172.30.0.4/30,
               ipv6: {{primary: "fd00:d::/126", secondary: "fd00:d::4/126"}}, sharedKey: {scratch.key}}}
  - {{name: {scratch.public}, provider: {provider}, peeringLocation: {peering_location}, bandwidth: 50, provision: true,
     sku: Premium_MeteredData}}
crossConnects:
  - {{circuit: {scratch.victim}, site: {scratch.victim}, primary: {{router: ce1}}, secondary: {{router: ce2}}}}
  - circuit: {scratch.attacker}
    primary: {{handoff: {{interface: {scratch.untagged}, create: true, untagged: true}}}}
    secondary: {{handoff: {{interface: {scratch.tagged}, create: true}}}}
  - circuit: {scratch.public}
    primary: {{handoff: {{interface: {scratch.of_public}, create: true, untagged: true}}}}
networks:
  - name: {scratch.victim}
    addressSpace: [{victim_space}]
    subnets: {{default: 10.201.0.0/24, GatewaySubnet: 10.201.255.0/26}}
    machines: [{{name: {scratch.machine}, address: {victim_machine}}}]
    gateway: {{name: {scratch.victim}}}
    connections: [{{circuit: {scratch.victim}}}]
"""


@dataclass(frozen=True, slots=True)
class Scratch:
    """``token``: six hex digits, this run's. ``instance``, ``run``: of the service that is drilled, and where it keeps
    what dies with the machine."""

    token: str
    instance: str
    run: str
    provider: str
    peering_location: str

    @property
    def group(self) -> str:
        return GROUP_PREFIX + self.token

    @property
    def attacker(self) -> str:
        return f"attacker-{self.token}"

    @property
    def victim(self) -> str:
        return f"victim-{self.token}"

    @property
    def machine(self) -> str:
        return f"machine-{self.token}"

    @property
    def key(self) -> str:
        """Of the attacker's sessions: a secret of nobody's, and forgotten with the run."""
        return f"attacker{self.token}"

    @property
    def victim_key(self) -> str:
        return f"victim{self.token}"

    @property
    def untagged(self) -> str:
        """The primary leg's hand-off."""
        return f"dr{self.token}p"

    @property
    def tagged(self) -> str:
        """The secondary leg's, with C-tags."""
        return f"dr{self.token}s"

    @property
    def public(self) -> str:
        """The circuit of the attacker's Microsoft peering."""
        return f"public-{self.token}"

    @property
    def of_public(self) -> str:
        return f"dr{self.token}m"

    @property
    def exchange(self) -> str:
        return f"exchange-{self.token}"

    @property
    def of_member(self) -> str:
        return f"dr{self.token}x"

    @property
    def of_victim(self) -> str:
        return f"dr{self.token}v"

    @property
    def namespace(self) -> str:
        return f"{namespace_prefix(self.instance)}{self.token}"

    @property
    def victims_namespace(self) -> str:
        """Of the victim's router at the exchange."""
        return f"{self.namespace}-v"

    @property
    def vrps(self) -> str:
        return f"{self.run}/{GROUP_PREFIX}{self.token}.json"

    def validator(self, subscription: str) -> str:
        return f"{self.providers(subscription)}/{VALIDATORS}/{self.group}"

    def providers(self, subscription: str) -> str:
        return f"/subscriptions/{subscription}/resourceGroups/{self.group}/providers"

    def document(self) -> str:
        return _ESTATE.format(
            scratch=self, location=LOCATION, provider=self.provider, peering_location=self.peering_location, vlan=VLAN,
            victim_asn=VICTIM_ASN, attacker_asn=ATTACKER_ASN, victim_prefix=VICTIM_PREFIX, victim_host=VICTIM_HOST,
            victim_space=VICTIM_SPACE, victim_machine=VICTIM_MACHINE)


def namespace_prefix(instance: str) -> str:
    return f"drill-{instance}-"


def offered(clients: Clients) -> frozenset[Need]:
    """What this service has, and can be attacked at: validation data only where nobody depends on any."""
    kinds = {Need.MICROSOFT: APPROVALS, Need.EXCHANGE: EXCHANGES, Need.VALIDATOR: VALIDATORS}
    found = {need for need, kind in kinds.items() if _is_offered(clients, kind)}
    if any(row["state"] != "NotConfigured" for row in overview(clients)["originValidation"]):
        found.discard(Need.VALIDATOR)
    return frozenset({Need.PRIVATE, *found})


def _is_offered(clients: Clients, kind: str) -> bool:
    namespace, _, name = kind.partition("/")
    found = clients.named("customer").find(
        f"/subscriptions/{clients.accounts.customer_subscription}/providers/{namespace}")
    return any(row["resourceType"] == name for row in (found or {}).get("resourceTypes", []))


def build(scratch: Scratch, clients: Clients, progress: Progress, needs: frozenset[Need]) -> None:
    document = parse(scratch.document())
    subscription = clients.accounts.customer_subscription
    more = {Need.VALIDATOR: _validator, Need.MICROSOFT: _public, Need.EXCHANGE: _exchange}
    Carrier(clients, progress).apply((
        *plan(check(document), document, subscription),
        *(wish for need, wishes in more.items() if need in needs for wish in wishes(scratch, subscription))))


def _public(scratch: Scratch, subscription: str) -> Iterator[Wish]:
    """The Microsoft peering, and the operator's word for its prefix, which no registry knows."""
    circuit = f"{scratch.providers(subscription)}/{NETWORK}/expressRouteCircuits/{scratch.public}"
    yield Wish(f"the operator's word for {PUBLIC_PREFIX}",
               f"{scratch.providers(subscription)}/{APPROVALS}/{scratch.public}",
               {"properties": {"circuit": {"id": circuit}, "prefix": PUBLIC_PREFIX, "asn": PUBLIC_ASN}},
               account="operator")
    yield Wish(f"Microsoft peering of {scratch.public}", f"{circuit}/peerings/MicrosoftPeering", {"properties": {
        "peeringType": "MicrosoftPeering", "peerASN": PUBLIC_ASN, "vlanId": VLAN, "sharedKey": scratch.key,
        "primaryPeerAddressPrefix": "102.101.0.0/30", "secondaryPeerAddressPrefix": "102.101.0.4/30",
        "microsoftPeeringConfig": {"advertisedPublicPrefixes": [PUBLIC_PREFIX]}}}, secret=True)


def _validator(scratch: Scratch, subscription: str) -> Iterator[Wish]:
    Path(scratch.vrps).write_text(vrp_file(ROAS), encoding="utf-8")
    yield Wish("a validator", scratch.validator(subscription), {"properties": {"file": scratch.vrps}},
               account="operator")


def _exchange(scratch: Scratch, subscription: str) -> Iterator[Wish]:
    path = f"{scratch.providers(subscription)}/{EXCHANGES}/{scratch.exchange}"
    admissions = [{"asn": PUBLIC_ASN, "prefixes": [PUBLIC_PREFIX]},
                  {"asn": PUBLIC_VICTIM_ASN, "prefixes": [PUBLIC_VICTIM_PREFIX]}]
    yield Wish(f"exchange {scratch.exchange}", path, {"properties": {
        "peeringLocation": scratch.peering_location, "asn": ROUTE_SERVER_ASN, "lan": LAN, "admissions": admissions}},
        account="operator")
    for name, interface, asn, address in ((MEMBER_NAME, scratch.of_member, PUBLIC_ASN, MEMBER),
                                          ("victim", scratch.of_victim, PUBLIC_VICTIM_ASN, VICTIM_MEMBER)):
        yield Wish(f"member {name} of {scratch.exchange}", f"{path}/members/{name}", {"properties": {
            "handoff": {"interface": interface}, "asn": asn, "address": address, "sharedKey": scratch.key}},
            secret=True)


@contextmanager
def premises(scratch: Scratch, needs: frozenset[Need]) -> Iterator[None]:
    """The attacker's namespace, with all its hand-offs in it, and that of the victim's router at the exchange."""
    spaces = (scratch.namespace, scratch.victims_namespace)
    try:
        for namespace in spaces:
            _ip("netns", "add", namespace)
        _move(scratch.untagged, scratch.namespace, f"{PEER}/30", f"{PEER6}/126")
        _move(scratch.tagged, scratch.namespace)
        _move(scratch.of_public, scratch.namespace, f"{PUBLIC_PEER}/30")
        if Need.EXCHANGE in needs:
            _move(scratch.of_member, scratch.namespace, f"{MEMBER}/24")
            _move(scratch.of_victim, scratch.victims_namespace, f"{VICTIM_MEMBER}/24")
        yield
    finally:
        for namespace in spaces:
            _forget(namespace)


def _move(interface: str, namespace: str, *addresses: str) -> None:
    _ip("link", "set", interface, "netns", namespace)
    for address in addresses:
        _ip("-n", namespace, "address", "add", address, "dev", interface, "nodad")
    _ip("-n", namespace, "link", "set", interface, "up")


def sweep(clients: Clients, places: Places, progress: Progress) -> list[str]:
    """Take away what drills have left, this run's or one's that was killed; the names of the groups that went."""
    for namespace in _left(places):
        _forget(namespace)
    for file in places.run.glob(f"{GROUP_PREFIX}*.json"):
        file.unlink()
    subscription = clients.accounts.customer_subscription
    groups = [group for group in clients.named("customer").list(f"/subscriptions/{subscription}/resourceGroups")
              if str(group["name"]).lower().startswith(GROUP_PREFIX)]
    for group in groups:
        with progress.step(f"remove {group['name']}") as step:
            _unprovision(clients, str(group["id"]))
            clients.named("customer").delete(str(group["id"]), step.waiting)
    return [str(group["name"]) for group in groups]


def _unprovision(clients: Clients, group: str) -> None:
    for circuit in _circuits(clients, group):
        turn(clients, str(circuit["properties"]["serviceKey"]), NOT_PROVISIONED, lambda _: None)


def _circuits(clients: Clients, group: str) -> Iterator[Json]:
    return clients.named("customer").list(f"{group}/providers/{NETWORK}/expressRouteCircuits")


def _left(places: Places) -> list[str]:
    with suppress(FileNotFoundError):
        return [name for name in os.listdir(Path("/run/netns"))
                if name.startswith(namespace_prefix(places.instance))]
    return []


def _forget(namespace: str) -> None:
    """Its interfaces go with it; the other ends are the service's, which misses them no longer than the order lives."""
    subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
