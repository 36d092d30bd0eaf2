"""The customer's side, our own resource types: sites and virtual cross connects.

Azure has no word for these; they live in ``Trunkline.Site`` and ``Trunkline.Exchange``.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from trunkline.model.bgp import Asn, CustomerAsn, Ipv4, Ipv6, Prefix, VlanId, family_of, within
from trunkline.model.circuit import Leg
from trunkline.model.peering import SharedKey
from trunkline.model.resource import Properties, Reference
from trunkline.model.session_policy import RoutePolicy

#: A name of a router or host inside a site.
Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$")]


def _interface_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}", name):
        raise ValueError("a name of an interface has 1 to 15 letters, digits, '_', '.' and '-', the first of them a "
                         "letter, a digit or '_'; write such a name")
    return name


#: A name that Linux takes for an interface.
InterfaceName = Annotated[str, AfterValidator(_interface_name)]


class Daemon(StrEnum):
    """Which BGP daemon a customer's router runs."""

    BIRD = "bird"
    FRR = "frr"


class SiteRouter(Properties):
    """A CE router. ``down`` switches the whole router off, to rehearse its loss. ``policy``: what it tells the cloud
    and takes from it, on every circuit whose order says nothing else. ``public_address``: the source that it gives to
    packets of the site's own prefixes towards Microsoft peering (SNAT); it announces it there by itself, so that
    answers come back to this router. ``public_address6``: the same for IPv6."""

    name: Label
    daemon: Daemon = Daemon.BIRD
    down: bool = False
    policy: RoutePolicy | None = None
    public_address: Ipv4 | None = None
    public_address6: Ipv6 | None = None

    @property
    def public_addresses(self) -> tuple[str, ...]:
        """IPv4 first."""
        return tuple(address for address in (self.public_address, self.public_address6) if address)


class SiteHost(Properties):
    name: Label
    address: Ipv4
    address6: Ipv6 | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """IPv4 first."""
        return (self.address, self.address6) if self.address6 else (self.address,)


class SitePosition(Properties):
    """Where a site is: a city with a peering location, or degrees north and east."""

    city: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> SitePosition:
        degrees = (self.latitude is not None, self.longitude is not None)
        if any(degrees) != all(degrees) or any(degrees) == (self.city is not None):
            raise ValueError("a position is either a city, or a latitude and a longitude; give one of both")
        return self


class Site(Properties):
    """A customer's premises: one AS, one or two CE routers on a LAN with hosts.

    Routers take the first addresses of the LAN in their order; ``prefixes`` is what the site announces on private
    peering, ``advertised_public_prefixes`` on Microsoft peering. ``lan6`` is the LAN's IPv6 subnet, in which hosts have
    an ``address6`` beside their ``address``.
    """

    asn: CustomerAsn
    prefixes: tuple[Prefix, ...] = Field(min_length=1, max_length=1000)
    advertised_public_prefixes: tuple[Prefix, ...] = Field(default=(), max_length=1000)
    lan: Prefix
    lan6: Prefix | None = None
    position: SitePosition | None = None
    routers: tuple[SiteRouter, ...] = Field(min_length=1, max_length=2)
    hosts: tuple[SiteHost, ...] = Field(default=(), max_length=250)

    @field_validator("routers", "hosts")
    @classmethod
    def _distinct(cls, items: tuple[SiteRouter | SiteHost, ...]) -> tuple[SiteRouter | SiteHost, ...]:
        names = [item.name for item in items]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"names must differ; '{min(doubled)}' stands twice")
        return items

    @property
    def originated(self) -> tuple[str, ...]:
        """Each prefix once."""
        return tuple(dict.fromkeys((*self.prefixes, *self.advertised_public_prefixes)))

    @property
    def lans(self) -> tuple[str, ...]:
        """One for each family, IPv4 first."""
        return (self.lan, self.lan6) if self.lan6 else (self.lan,)

    @model_validator(mode="after")
    def _translating(self) -> Site:
        for router in self.routers:
            for address in router.public_addresses:
                if not any(within(address, prefix) for prefix in self.advertised_public_prefixes):
                    raise ValueError(f"routers: the public address '{address}' of '{router.name}' is in none of "
                                     "advertisedPublicPrefixes, so nobody would answer to it; give one of these")
        return self

    @model_validator(mode="after")
    def _families(self) -> Site:
        if family_of(self.lan) != 4:
            raise ValueError(f"lan: '{self.lan}' is not IPv4; a site's LAN has IPv4, and its IPv6 subnet beside it is "
                             "lan6")
        if self.lan6 and family_of(self.lan6) != 6:
            raise ValueError(f"lan6: '{self.lan6}' is not IPv6; give a /64, for example fd00:10::/64")
        return self

    @model_validator(mode="after")
    def _hosts_on_lan(self) -> Site:
        for host in self.hosts:
            if not within(host.address, self.lan):
                raise ValueError(f"hosts: address '{host.address}' of '{host.name}' is not in the LAN {self.lan}")
            if host.address6 and not self.lan6:
                raise ValueError(f"hosts: address6 '{host.address6}' of '{host.name}' needs a lan6 to be in; give the "
                                 "site one")
            if host.address6 and not within(host.address6, str(self.lan6)):
                raise ValueError(f"hosts: address6 '{host.address6}' of '{host.name}' is not in lan6 {self.lan6}")
        return self


class Handoff(Properties):
    """An external CE: the hand-off ends here, the user's own router takes it from there.

    With ``interface`` naming an existing interface of this machine, that interface becomes the provider's port.
    With ``create`` a veth of the name ``interface`` appears in the namespace where Trunkline was started.
    ``untagged`` hands over one peering's frames without C-tag, for routers that cannot tag.
    """

    interface: InterfaceName
    create: bool = True
    untagged: bool = False


class LegOrder(Properties):
    """One leg of a virtual cross connect: a router of the site, or a hand-off to the user's own.

    The other members make the customer's router differ from what the cloud side expects, as in life; left out, the
    router is configured as the circuit's peering says. ``policy`` is of this circuit's leg, and says more than the
    router's own.
    """

    router: Label | None = None
    handoff: Handoff | None = None
    vlan_id: VlanId | None = None
    shared_key: SharedKey | None = None
    peer_asn: Asn | None = Field(default=None, alias="peerASN")
    policy: RoutePolicy | None = None
    public_address: Ipv4 | None = None
    public_address6: Ipv6 | None = None

    @property
    def public_addresses(self) -> tuple[str, ...]:
        """IPv4 first."""
        return tuple(address for address in (self.public_address, self.public_address6) if address)

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
