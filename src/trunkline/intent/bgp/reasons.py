"""Refusals in words, and as the numbers that daemons keep with a route."""

from __future__ import annotations

from trunkline.intent.bgp.policy import Refusal

_WORDS = {
    Refusal.NO_RULE: "no rule of the policy permits it (RFC 8212)",
    Refusal.WRONG_FIRST_AS: "its AS path does not begin with the peer's AS number (RFC 4271, 6.3)",
    Refusal.MARTIAN: "special-purpose address space is not routed (RFC 6890)",
    Refusal.DEFAULT_ROUTE: "a default route is not taken from this peer",
    Refusal.PRIVATE_SPACE: "private address space is not routed here (RFC 1918, 4193, 6598)",
    Refusal.TOO_SPECIFIC: "the prefix is longer than may be announced",
    Refusal.TOO_COARSE: "the prefix is shorter than may be announced",
    Refusal.OWN_SPACE: "it lies inside what the receiver itself announces",
    Refusal.NOT_REGISTERED: "the prefix is not validated as this customer's",
    Refusal.WRONG_ORIGIN: "nobody authorised its origin AS for the prefix",
    Refusal.RPKI_INVALID: "a ROA says that another AS, or a shorter prefix, is authorised (RFC 6811)",
    Refusal.RPKI_NOT_FOUND: "no ROA covers the prefix",
    Refusal.RPKI_BLIND: "the router has no validation data, so nothing that needs it is let in",
    Refusal.BOGON_ASN: "a reserved, documentation or private AS number stands in its path",
    Refusal.TRANSIT_LEAK: "an AS that this peer cannot be upstream of stands in its path (RFC 7908)",
    Refusal.ROLE_LEAK: "it was marked for customers only and leaked (RFC 9234)",
    Refusal.AS_SET: "its path has an AS_SET (RFC 6472)",
    Refusal.PATH_TOO_LONG: "its AS path is too long",
    Refusal.PATH_LOOP: "the receiver's own AS number stands in its path (RFC 4271, 9.1.2)",
    Refusal.FOREIGN_NEXT_HOP: "its next hop is not the peer itself",
    Refusal.BLACKHOLE_NOT_OWN: "BLACKHOLE is only for one's own prefixes (RFC 7999, 3.3)",
    Refusal.FORGED_COMMUNITY: "it has a community that only the receiver may set",
    Refusal.CUSTOMER_RULE: "a rule of the session's owner denies it",
    Refusal.ROUTE_MAP: "a route map drops it",
    Refusal.CONTAINED: "it is contained because of an incident",
    Refusal.NOT_IN_FILTER: "none of its communities is in the route filter",
    Refusal.NOT_FOR_PEER: "its control communities keep it from this peer",
}
_BY_NUMBER = tuple(Refusal)


def words(refusal: Refusal) -> str:
    return _WORDS[refusal]


def number_of(refusal: Refusal) -> int:
    return _BY_NUMBER.index(refusal)


def refusal_of(number: int) -> Refusal:
    """A number that an older configuration left with a route may mean nothing any more."""
    return _BY_NUMBER[number] if number < len(_BY_NUMBER) else Refusal.NO_RULE
