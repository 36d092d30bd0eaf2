"""The customer's side, our own resource types: sites, virtual cross connects, and rehearsed faults.

Azure has no word for these; they live in ``Trunkline.Site``, ``Trunkline.Exchange`` and ``Trunkline.Plant``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator, model_validator

from trunkline.model.bgp import Asn, CustomerAsn, Ipv4, Prefix, VlanId, within
from trunkline.model.circuit import Leg
from trunkline.model.peering import SharedKey
from trunkline.model.resource import Properties, Reference

#: A name of a router or host inside a site.
Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$")]


class Daemon(StrEnum):
    """Which BGP daemon a customer's router runs."""

    BIRD = "bird"
    FRR = "frr"


class SiteRouter(Properties):
    """A CE router. ``down`` switches the whole router off, to rehearse its loss."""

    name: Label
    daemon: Daemon = Daemon.BIRD
    down: bool = False


class SiteHost(Properties):
    name: Label
    address: Ipv4


class Site(Properties):
    """A customer's premises: one AS, one or two CE routers on a LAN with hosts.

    Routers take the first addresses of the LAN in their order; ``prefixes`` is what the site announces.
    """

    asn: CustomerAsn
    prefixes: tuple[Prefix, ...] = Field(min_length=1, max_length=1000)
    lan: Prefix
    routers: tuple[SiteRouter, ...] = Field(min_length=1, max_length=2)
    hosts: tuple[SiteHost, ...] = Field(default=(), max_length=250)

    @field_validator("routers", "hosts")
    @classmethod
    def _distinct(cls, items: tuple[SiteRouter | SiteHost, ...]) -> tuple[SiteRouter | SiteHost, ...]:
        names = [item.name for item in items]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"names must differ; '{min(doubled)}' stands twice")
        return items

    @model_validator(mode="after")
    def _hosts_on_lan(self) -> Site:
        for host in self.hosts:
            if not within(host.address, self.lan):
                raise ValueError(f"hosts: address '{host.address}' of '{host.name}' is not in the LAN {self.lan}")
        return self


class Handoff(Properties):
    """An external CE: the hand-off ends here, the user's own router takes it from there.

    With ``interface`` naming an existing interface of this machine, that interface becomes the provider's port.
    With ``create`` a veth of the name ``interface`` appears in the namespace where Trunkline was started.
    ``untagged`` hands over one peering's frames without C-tag, for routers that cannot tag.
    """

    interface: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$")]
    create: bool = True
    untagged: bool = False


class LegOrder(Properties):
    """One leg of a virtual cross connect: a router of the site, or a hand-off to the user's own.

    The other members make the customer's router differ from what the cloud side expects, as in life; left out, the
    router is configured as the circuit's peering says.
    """

    router: Label | None = None
    handoff: Handoff | None = None
    vlan_id: VlanId | None = None
    shared_key: SharedKey | None = None
    peer_asn: Asn | None = Field(default=None, alias="peerASN")

    @model_validator(mode="after")
    def _one_end(self) -> LegOrder:
        if (self.router is None) == (self.handoff is None):
            raise ValueError("give either router (a router of the site) or handoff (an interface), not both")
        return self


class VirtualCrossConnect(Properties):
    """Ordered from a provider's exchange with a circuit's service key."""

    service_key: str
    site: Reference | None = None
    primary: LegOrder | None = None
    secondary: LegOrder | None = None

    def order(self, leg: Leg) -> LegOrder | None:
        return self.primary if leg is Leg.PRIMARY else self.secondary


class FaultKind(StrEnum):
    """``silent``: frames vanish in both directions, no link goes down."""

    SILENT = "silent"


class RehearsedFault(Properties):
    """A failure made on purpose; it ends when deleted or at ``expires_in_s`` after its creation."""

    circuit: Reference
    leg: Leg
    kind: FaultKind = FaultKind.SILENT
    expires_in_seconds: Annotated[int, Field(ge=1, le=86400)] = 300
