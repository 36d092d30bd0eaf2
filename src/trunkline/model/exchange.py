"""An internet exchange (IXP): a shared LAN at a peering location with two route servers, and its members' ports.

Azure has no word for it; it lives in ``Trunkline.Exchange``. The operator owns an exchange and says which AS may take
part and which prefixes it may announce; whoever has a site joins with it.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Generic, Self, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from trunkline.model.bgp import Asn, Ipv4, Ipv6, Prefix, family_of, network
from trunkline.model.circuit import Leg
from trunkline.model.peering import SharedKey
from trunkline.model.resource import Properties, Reference
from trunkline.model.site import InterfaceName, Label

#: Of the LAN, in each family: the network, both route servers, and the address to which unwanted packets go.
RESERVED = 4
#: Shortest and longest LAN in each family.
_LAN_LENGTHS = {4: (20, 28), 6: (48, 120)}
#: Networks of which nobody is a provider: they stand in no path that a peer announces rightly.
TRANSIT_FREE = (174, 701, 1299, 2914, 3257, 3320, 3356, 3491, 5511, 6453, 6461, 6762, 6830, 7018, 12956)


def _mac(text: str) -> str:
    digits = text.lower().replace("-", ":").split(":")
    if len(digits) != 6 or any(len(one) != 2 or not set(one) <= set("0123456789abcdef") for one in digits):
        raise ValueError(f"'{text}' is no MAC address; write six pairs of hex digits, for example 02:00:00:00:00:01")
    if int(digits[0], 16) & 1:
        raise ValueError(f"MAC address '{text}' is a group's; write that of the router's interface")
    return ":".join(digits)


def _public_asn(asn: int) -> int:
    if asn in (0, 23456, 65535, 4294967295):
        raise ValueError(f"AS {asn} is reserved; write the AS number of the route servers")
    return asn


Mac = Annotated[str, AfterValidator(_mac)]
RouteServerAsn = Annotated[Asn, AfterValidator(_public_asn)]
#: AS-SET or other object of a registry (RFC 2622): ``AS-EXAMPLE``, ``AS3333:AS-CUSTOMERS``, perhaps with its source.
ObjectName = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2,16}::)?[A-Za-z][A-Za-z0-9_:.-]{1,79}$")]


class Lengths(Properties):
    """Shortest and longest prefix that is accepted."""

    shortest: Annotated[int, Field(ge=0, le=128)]
    longest: Annotated[int, Field(ge=0, le=128)]

    @model_validator(mode="after")
    def _ordered(self) -> Lengths:
        if self.shortest > self.longest:
            raise ValueError(f"shortest {self.shortest} is longer than longest {self.longest}; write it the other way")
        return self


class ExchangePolicy(Properties):
    """What route servers refuse. ``registered``: what no admission and no registry gives to the member.
    ``origin_validation``: what a ROA contradicts (RFC 6811). ``bogon_prefixes``, ``bogon_asns``: special-purpose
    address space and AS numbers, private ones too. ``transit_asns``: in no path of a peer. ``blackholing``: RFC 7999.
    ``check_sources``: packets come into the LAN only from what the member may announce. ``most_prefixes``,
    ``most_prefixes6``: no member's limit is higher."""

    registered: bool = True
    origin_validation: bool = True
    bogon_prefixes: bool = True
    bogon_asns: bool = True
    transit_asns: Annotated[tuple[Asn, ...], Field(max_length=200)] = TRANSIT_FREE
    longest_path: Annotated[int, Field(ge=1, le=255)] = 32
    lengths: Lengths = Lengths(shortest=8, longest=24)
    lengths6: Lengths = Lengths(shortest=19, longest=48)
    blackholing: bool = True
    check_sources: bool = True
    most_prefixes: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    most_prefixes6: Annotated[int, Field(ge=1, le=1_000_000)] = 5_000


class Admission(Properties):
    """The operator's word that an AS may take part, and announce ``prefixes`` (and what is inside them) with itself,
    one of ``origins``, or an AS of the registry's ``as_sets`` as origin; and what route objects of all these origins
    say. ``subscription``: the only one that may join as it."""

    asn: Asn
    prefixes: Annotated[tuple[Prefix, ...], Field(max_length=1000)] = ()
    origins: Annotated[tuple[Asn, ...], Field(max_length=1000)] = ()
    as_sets: Annotated[tuple[ObjectName, ...], Field(max_length=20)] = ()
    subscription: str | None = None

    def is_for(self, subscription: str) -> bool:
        return self.subscription is None or self.subscription.lower() == subscription.lower()


class Exchange(Properties):
    """``asn``: of both route servers, which never stands in a path. ``lan``, ``lan6``: the peering LAN."""

    peering_location: str
    asn: RouteServerAsn
    lan: Prefix
    lan6: Prefix | None = None
    policy: ExchangePolicy = ExchangePolicy()
    admissions: Annotated[tuple[Admission, ...], Field(max_length=1000)] = ()

    @property
    def lans(self) -> tuple[str, ...]:
        return (self.lan, self.lan6) if self.lan6 else (self.lan,)

    @model_validator(mode="after")
    def _fits(self) -> Exchange:
        for name, lan, family in (("lan", self.lan, 4), ("lan6", self.lan6, 6)):
            if lan is None:
                continue
            if family_of(lan) != family:
                raise ValueError(f"{name}: '{lan}' is not IPv{family}; a peering LAN has IPv4, and its IPv6 prefix "
                                 "beside it is lan6")
            shortest, longest = _LAN_LENGTHS[family]
            if not shortest <= ip_network(lan).prefixlen <= longest:
                raise ValueError(f"{name}: '{lan}' must be a /{shortest} to /{longest}, so that members have room "
                                 "and a bridge can carry them")
        numbers = [one.asn for one in self.admissions]
        if doubled := {asn for asn in numbers if numbers.count(asn) > 1}:
            raise ValueError(f"admissions: AS {min(doubled)} stands twice; write one admission for each AS")
        return self

    def carries(self, prefix: str) -> bool:
        """Whether its length is one that the route servers take."""
        lengths = self.policy.lengths if family_of(prefix) == 4 else self.policy.lengths6
        return lengths.shortest <= network(prefix).prefixlen <= lengths.longest

    def admission(self, asn: int) -> Admission | None:
        return next((one for one in self.admissions if one.asn == asn), None)

    @property
    def route_servers(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Addresses of both, one in each family."""
        return (tuple(str(network(lan)[1]) for lan in self.lans), tuple(str(network(lan)[2]) for lan in self.lans))

    @property
    def discards(self) -> tuple[str, ...]:
        """Where packets go that nobody shall get, one address in each family."""
        return tuple(str(network(lan)[3]) for lan in self.lans)


class MemberHandoff(Properties):
    """A member whose router is not of a site: another cloud's, or the user's own. With ``create`` a veth of this name
    appears where Trunkline was started; else an interface of the machine becomes the port."""

    interface: InterfaceName
    create: bool = True


#: How a site is named: by a link, in an estate file by name.
SiteName = TypeVar("SiteName")


class MemberPort(Properties, Generic[SiteName]):
    """A member's port: ``router`` of ``site``, a ``handoff``, or the cloud's own ``edge`` of that leg, which announces
    the public services of the nearest region. ``mac``: of the router behind a hand-off; a new veth has one of ours.
    Without ``address`` it has the first free one of the LAN. ``prefix_limit``: of what route servers take from it; an
    edge takes no more from them either. ``communities`` and ``blackholes``: what the site's router says of its
    prefixes, and which of its addresses nobody shall send to. ``bilateral``: members with which it speaks directly;
    ``ttl_security`` there (RFC 5082)."""

    site: SiteName | None = None
    router: Label | None = None
    handoff: MemberHandoff | None = None
    edge: Leg | None = None
    asn: Asn | None = None
    address: Ipv4 | None = None
    address6: Ipv6 | None = None
    mac: Mac | None = None
    shared_key: SharedKey | None = None
    prefix_limit: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    prefix_limit6: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    communities: Annotated[tuple[str, ...], Field(max_length=30)] = ()
    blackholes: Annotated[tuple[Prefix, ...], Field(max_length=100)] = ()
    bilateral: Annotated[tuple[str, ...], Field(max_length=200)] = ()
    ttl_security: bool = False

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if sum(end is not None for end in (self.site, self.handoff, self.edge)) != 1:
            raise ValueError("give either site with router, or handoff (an interface), or edge (primary or secondary), "
                             "one of them alone")
        if (self.site is None) != (self.router is None):
            raise ValueError("site and router belong together; give the router of the site that has the port")
        if not self.handoff and self.asn is not None:
            raise ValueError("asn belongs to a handoff; a site and the cloud's edge have their own AS number. Leave it "
                             "out")
        if self.handoff and self.asn is None:
            raise ValueError("a handoff needs the asn of the router behind it")
        if self.handoff and not self.handoff.create and not self.mac:
            raise ValueError("a handoff of an existing interface needs the mac of the router behind it: the port takes "
                             "frames of no other")
        if not self.handoff and self.mac:
            raise ValueError("mac belongs to a handoff; a site's router and an edge have one of ours. Leave it out")
        return self

    @model_validator(mode="after")
    def _said(self) -> Self:
        if not self.site and (self.communities or self.blackholes or self.bilateral):
            raise ValueError("communities, blackholes and bilateral are for routers of a site; one behind a handoff "
                             "says itself what it says, and an edge speaks with route servers alone. Leave them out")
        for text in self.communities:
            parse_community(text)
        for prefix in self.blackholes:
            if network(prefix).prefixlen != network(prefix).max_prefixlen:
                raise ValueError(f"blackholes: '{prefix}' is no single address; write /32, or /128 over IPv6")
        return self


class Member(MemberPort[Reference]):
    pass


def parse_community(text: str) -> tuple[int, ...]:
    """``64700:65010`` (RFC 1997) or ``64700:1:65010`` (RFC 8092)."""
    parts = text.split(":")
    most = 65535 if len(parts) == 2 else 4294967295
    if len(parts) not in (2, 3) or not all(part.isdecimal() and int(part) <= most for part in parts):
        raise ValueError(f"communities: '{text}' is none; write two numbers up to 65535, or three up to 4294967295, "
                         "between them ':'")
    return tuple(map(int, parts))
