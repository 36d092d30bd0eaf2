"""What a customer decides about routes and sessions of a peering: ``Trunkline.Routing/sessionPolicies``. A site's
router is told in the same words what it tells the cloud and takes from it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from trunkline.model.bgp import AZURE_ASN, Prefix, family_of, network
from trunkline.model.circuit import Leg
from trunkline.model.peering import SharedKey
from trunkline.model.profile import Bfd, BfdMethod
from trunkline.model.resource import Properties, Reference

#: GRACEFUL_SHUTDOWN (RFC 8326, section 4.2), as a community is written.
GRACEFUL_SHUTDOWN = "65535:0"
#: How often the cloud stands in the path of a route that is being drained (azure-facts 2.3).
DRAIN_PREPENDS = 8
_MOST_PREPENDS, _MOST_RANGES, _MOST_COMMUNITIES = 16, 200, 32


def community_of(text: str) -> tuple[int, ...]:
    """``65010:7`` (RFC 1997) or ``65010:7:8`` (RFC 8092); empty if it is neither."""
    parts = text.split(":")
    bits = {2: 16, 3: 32}.get(len(parts), 0)
    if not all(part.isascii() and part.isdecimal() and len(part) < 11 and int(part) < 1 << bits for part in parts):
        return ()
    return tuple(map(int, parts))


def _community(text: str) -> str:
    if not (found := community_of(text)):
        raise PydanticCustomError(
            "InvalidCommunity", "'{community}' is no community; write two numbers up to 65535, such as 65010:7 (RFC "
            "1997), or three up to 4294967295, such as 65010:7:8 (RFC 8092).", {"community": text[:80]})
    return ":".join(map(str, found))


CommunityText = Annotated[str, AfterValidator(_community)]
LocalPreference = Annotated[int, Field(ge=0, le=4_294_967_295)]


class PrefixRange(Properties):
    """A prefix, or with ``ge`` and ``le`` what lies inside and has a length from … to, as routers' prefix lists say."""

    prefix: Prefix
    ge: int | None = None
    le: int | None = None

    @property
    def lengths(self) -> tuple[int, int]:
        own, most = network(self.prefix).prefixlen, 128 if family_of(self.prefix) == 6 else 32
        if self.ge is None and self.le is None:
            return own, own
        return self.ge if self.ge is not None else own, self.le if self.le is not None else most

    @model_validator(mode="after")
    def _in_order(self) -> PrefixRange:
        (first, last), most = self.lengths, 128 if family_of(self.prefix) == 6 else 32
        if not network(self.prefix).prefixlen <= first <= last <= most:
            raise PydanticCustomError(
                "InvalidPrefixRange", "{prefix} from length {first} to {last} matches nothing: lengths go from the "
                "prefix's own up to {most}, and ge is not more than le. Give such lengths, or leave ge and le out for "
                "this prefix alone.", {"prefix": self.prefix, "first": first, "last": last, "most": most})
        return self

    def covers(self, prefix: str) -> bool:
        inner, outer = network(prefix), network(self.prefix)
        first, last = self.lengths
        return (inner.version == outer.version and first <= inner.prefixlen <= last
                and int(inner.network_address) >> (inner.max_prefixlen - outer.prefixlen)
                == int(outer.network_address) >> (outer.max_prefixlen - outer.prefixlen))


Ranges = Annotated[tuple[PrefixRange, ...], Field(max_length=_MOST_RANGES)]


class PrefixLists(Properties):
    """``deny`` comes first; of a family that ``permit`` names only what it covers passes, the other family is free."""

    permit: Ranges | None = None
    deny: Ranges | None = None

    def passes(self, prefix: str) -> bool:
        if any(one.covers(prefix) for one in self.deny or ()):
            return False
        named = [one for one in self.permit or () if family_of(one.prefix) == family_of(prefix)]
        return not named or any(one.covers(prefix) for one in named)


class Advertise(PrefixLists):
    """What a router tells. ``prepend``: how often its own AS number stands in the path beyond the one time that BGP
    puts it there."""

    prepend: Annotated[int, Field(ge=0, le=_MOST_PREPENDS)] | None = None
    med: Annotated[int, Field(ge=0, le=4_294_967_295)] | None = None
    communities: Annotated[tuple[CommunityText, ...], Field(max_length=_MOST_COMMUNITIES)] | None = None


class Accept(PrefixLists):
    """What a router takes. Of a route with several communities that are named the highest preference counts."""

    local_preference: LocalPreference | None = None
    local_preference_by_community: Annotated[
        dict[CommunityText, LocalPreference], Field(max_length=_MOST_COMMUNITIES)] | None = None

    @property
    def preferences(self) -> tuple[tuple[tuple[int, ...], int], ...]:
        """(community, local preference), the highest first."""
        named = ((community_of(text), value) for text, value in (self.local_preference_by_community or {}).items())
        return tuple(sorted(named, key=lambda one: (-one[1], one[0])))

    @property
    def used(self) -> tuple[int, ...]:
        """All local preferences that may be given."""
        default = () if self.local_preference is None else (self.local_preference,)
        return tuple(sorted({*default, *(value for _, value in self.preferences)}))


class RoutePolicy(Properties):
    """``graceful_shutdown``: what is told bears GRACEFUL_SHUTDOWN, and what is taken is preferred to nothing."""

    advertise: Advertise | None = None
    accept: Accept | None = None
    graceful_shutdown: bool | None = None

    @property
    def told(self) -> Advertise:
        return self.advertise or Advertise()

    @property
    def taken(self) -> Accept:
        return self.accept or Accept()


class BfdTimers(Properties):
    """Within what is documented (azure-facts 2.3): not below 300 ms; the multiplier is 3."""

    enabled: bool = True
    interval_in_milliseconds: Annotated[int, Field(ge=300, le=750)] = 300

    @property
    def wanted(self) -> Bfd | None:
        return Bfd(interval_ms=self.interval_in_milliseconds) if self.enabled else None


class Authentication(StrEnum):
    """Of BGP sessions' segments. ``MD5`` counts where the peering has a sharedKey."""

    MD5 = "TcpMd5"  #: RFC 2385
    AO = "TcpAo"  #: RFC 5925


class BfdAuthentication(Properties):
    """Of the BFD packets of both ends (RFC 5880, 6.7). ``shared_key`` is stored apart and never shown."""

    type: BfdMethod = BfdMethod.METICULOUS_SHA1
    shared_key: SharedKey | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _short_enough(self) -> BfdAuthentication:
        if len(self.shared_key or "") > self.type.longest:
            raise PydanticCustomError(
                "InvalidSharedKey", "sharedKey has {length} characters, and {type} has room for {longest} (RFC 5880, "
                "4). Choose a shorter key, the same on both routers.",
                {"length": len(self.shared_key or ""), "type": self.type.value, "longest": self.type.longest})
        return self


class BgpTimers(Properties):
    """Within what is documented (azure-facts 2.3): the cloud's own are the longest, and less is negotiated."""

    hold_time_in_seconds: Annotated[int, Field(ge=10, le=180)] = 180
    keepalive_time_in_seconds: Annotated[int, Field(ge=3, le=60)] = 60

    @model_validator(mode="after")
    def _in_proportion(self) -> BgpTimers:
        if self.keepalive_time_in_seconds * 3 > self.hold_time_in_seconds:
            raise ValueError(f"keepaliveTimeInSeconds {self.keepalive_time_in_seconds} is more than a third of "
                             f"holdTimeInSeconds {self.hold_time_in_seconds} (RFC 4271, 10); give less")
        return self


class SessionPolicy(RoutePolicy):
    """Of one leg of a peering, or without ``leg`` of both: then a leg's own policy says more, member by member."""

    peering: Reference
    leg: Leg | None = None
    enabled: bool | None = None
    gtsm: bool | None = None
    authentication: Authentication | None = None
    bfd: BfdTimers | None = None
    bfd_authentication: BfdAuthentication | None = None
    timers: BgpTimers | None = None
    confirm_lock_out: bool | None = None

    @field_validator("advertise")
    @classmethod
    def _not_the_clouds(cls, told: Advertise | None) -> Advertise | None:
        for text in (told.communities or ()) if told else ():
            if community_of(text)[0] == AZURE_ASN or text == GRACEFUL_SHUTDOWN:
                raise PydanticCustomError(
                    "ReservedCommunity", "Community {community} cannot be added: those of 12076 are the cloud's own "
                    "words, and 65535:0 is said by gracefulShutdown. Use one of your own AS number.",
                    {"community": text})
        return told

    @property
    def is_enabled(self) -> bool:
        return self.enabled is not False


def over(general: RoutePolicy | None, own: RoutePolicy | None) -> RoutePolicy | None:
    """``own``, and where it says nothing ``general``: by member, of ``advertise`` and ``accept`` by theirs."""
    if general is None or own is None:
        return own or general
    said = _said(own)
    if own.advertise and general.advertise:
        said["advertise"] = general.advertise.model_copy(update=_said(own.advertise))
    if own.accept and general.accept:
        said["accept"] = general.accept.model_copy(update=_said(own.accept))
    return general.model_copy(update=said)


def _said(model: Properties) -> dict[str, Any]:
    return {name: value for name in type(model).model_fields if (value := getattr(model, name)) is not None}
