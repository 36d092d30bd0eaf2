"""Policies: which routes a session lets through, and as what. A session without one passes nothing (RFC 8212)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trunkline.model.bgp import AZURE_ASN

#: RFC 1997 with two parts, RFC 8092 with three.
Community = tuple[int, ...]


class Action(StrEnum):
    PERMIT = "permit"
    DENY = "deny"
    NEXT = "next"  #: what it sets is set, and the next rule is asked


class Validity(StrEnum):
    """Route origin validation (RFC 6811, section 2). ``BLIND``: the router has no validation data at all."""

    VALID = "valid"
    INVALID = "invalid"
    NOT_FOUND = "not-found"
    BLIND = "blind"


class Refusal(StrEnum):
    """Why a route was not let through, for people and programs. The order is the number that a daemon keeps with it."""

    NO_RULE = "no-rule"  #: no rule permits it (RFC 8212)
    WRONG_FIRST_AS = "wrong-first-as"  #: the path does not begin with the peer (RFC 4271, 6.3)
    MARTIAN = "martian"  #: special-purpose address space (RFC 6890)
    DEFAULT_ROUTE = "default-route"
    PRIVATE_SPACE = "private-space"  #: RFC 1918, 4193, 6598
    TOO_SPECIFIC = "too-specific"
    TOO_COARSE = "too-coarse"
    OWN_SPACE = "own-space"  #: lies inside what the receiver itself announces
    NOT_REGISTERED = "not-registered"  #: the prefix is not validated as this customer's (IRR, RPKI, operator)
    WRONG_ORIGIN = "wrong-origin"  #: nobody authorised this origin AS for the prefix
    RPKI_INVALID = "rpki-invalid"  #: RFC 6811
    RPKI_NOT_FOUND = "rpki-not-found"
    RPKI_BLIND = "rpki-blind"  #: no validation data: the door stays shut
    BOGON_ASN = "bogon-asn"  #: reserved, documentation or private AS number in the path
    TRANSIT_LEAK = "transit-leak"  #: an AS that this peer cannot be upstream of (RFC 7908)
    ROLE_LEAK = "role-leak"  #: RFC 9234
    AS_SET = "as-set"  #: RFC 6472
    PATH_TOO_LONG = "path-too-long"
    PATH_LOOP = "path-loop"  #: RFC 4271, 9.1.2
    FOREIGN_NEXT_HOP = "foreign-next-hop"
    BLACKHOLE_NOT_OWN = "blackhole-not-own"  #: RFC 7999, 3.3
    FORGED_COMMUNITY = "forged-community"
    CUSTOMER_RULE = "customer-rule"  #: the owner of the session said so
    ROUTE_MAP = "route-map"
    CONTAINED = "contained"  #: automatic containment of an incident
    NOT_IN_FILTER = "not-in-filter"  #: no community of the route filter
    NOT_FOR_PEER = "not-for-peer"  #: control communities keep it from this peer


@dataclass(frozen=True, slots=True)
class PrefixMatch:
    """Prefixes inside ``prefix`` whose length is ``at_least`` … ``at_most``."""

    prefix: str
    at_least: int
    at_most: int

    @classmethod
    def exactly(cls, prefix: str) -> PrefixMatch:
        length = int(prefix.partition("/")[2])
        return cls(prefix, length, length)

    @classmethod
    def orlonger(cls, prefix: str) -> PrefixMatch:
        return cls(prefix, int(prefix.partition("/")[2]), 128 if ":" in prefix else 32)


@dataclass(frozen=True, slots=True)
class CommunityMatch:
    """Communities of as many parts, each within its range (first, last)."""

    parts: tuple[tuple[int, int], ...]

    @classmethod
    def exactly(cls, community: Community) -> CommunityMatch:
        return cls(tuple((part, part) for part in community))


@dataclass(frozen=True, slots=True)
class Rule:
    """One clause: what it matches (all that is given must hold; nothing given matches everything) and what it does.
    Ranges are (first, last).

    Matched: ``groups``: the route came from a session of one of these groups; the word ``local`` means originated here.
    ``contains_asn``: an AS number of these ranges stands in the AS path. ``origin_asn``: its last one does.
    ``whole_path``: the AS path is just this sequence. ``longer_than``: the path has more AS numbers. ``as_set``: it has
    an AS_SET. ``communities``: has one of them. ``validity``: origin validation says one of these.
    ``foreign_next_hop``: the next hop is not the peer itself.

    Done, in this order: ``new_path``: the AS path is this instead. ``strip_asns`` and ``strip_ranges``: taken out of
    the AS path (RFC 6996 style, for any number). ``strip_communities``: all communities are taken off, so that they
    mean nothing here (NO_EXPORT, RFC 1997). ``remove_communities``, then ``add_communities``, also of a rule that
    denies: a daemon keeps them with the refused route. ``repeat_first``: the path's own first AS number that many times
    more, as a route server prepends without being in the path. ``prepend``: these AS numbers, the last stands first in
    the path. ``next_hop``: told instead of what the session would tell (RFC 4271, 5.1.3: a third party's address).
    ``refusal``: why, of a rule that denies.
    """

    action: Action
    prefixes: tuple[PrefixMatch, ...] = ()
    groups: tuple[str, ...] = ()
    contains_asn: tuple[tuple[int, int], ...] = ()
    origin_asn: tuple[tuple[int, int], ...] = ()
    whole_path: tuple[int, ...] | None = None
    longer_than: int | None = None
    as_set: bool = False
    communities: tuple[CommunityMatch, ...] = ()
    validity: tuple[Validity, ...] = ()
    foreign_next_hop: bool = False
    local_pref: int | None = None
    med: int | None = None
    new_path: tuple[int, ...] | None = None
    strip_asns: tuple[int, ...] = ()
    strip_ranges: tuple[tuple[int, int], ...] = ()
    strip_communities: bool = False
    remove_communities: tuple[CommunityMatch, ...] = ()
    add_communities: tuple[Community, ...] = ()
    repeat_first: int = 0
    prepend: tuple[int, ...] = ()
    next_hop: str = ""
    refusal: Refusal = Refusal.NO_RULE


@dataclass(frozen=True, slots=True)
class Policy:
    """The first matching rule that permits or denies wins; what no such rule matches is rejected."""

    rules: tuple[Rule, ...] = ()


PERMIT_ALL = Policy((Rule(Action.PERMIT),))
REJECT_ALL = Policy()

#: An edge's own mark of a customer's route that it takes, so that it may send from there, and tells to nobody.
KEPT: Community = (AZURE_ASN, 101, 0)
#: Group of routes a router originates itself.
LOCAL = "local"
