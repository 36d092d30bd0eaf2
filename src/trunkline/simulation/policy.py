"""A policy applied to a route. Pure."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network

from trunkline.intent.bgp import Action, Policy, PrefixMatch, RibEntry, Rule


def decided(policy: Policy, entry: RibEntry, group: str) -> RibEntry | None:
    """The route as the first matching rule leaves it; None when that denies it, or none matches (RFC 8212)."""
    rule = next((rule for rule in policy.rules if _matches(rule, entry, group)), None)
    if rule is None or rule.action is Action.DENY:
        return None
    return replace(
        entry, local_pref=entry.local_pref if rule.local_pref is None else rule.local_pref,
        as_path=tuple(asn for asn in entry.as_path if asn not in rule.strip_asns))


def _matches(rule: Rule, entry: RibEntry, group: str) -> bool:
    return (
        (not rule.prefixes or any(_covers(match, entry.prefix) for match in rule.prefixes))
        and (not rule.groups or group in rule.groups)
        and (not rule.contains_asn or any(
            first <= asn <= last for first, last in rule.contains_asn for asn in entry.as_path)))


def _covers(match: PrefixMatch, prefix: str) -> bool:
    inner, outer = ip_network(prefix), ip_network(match.prefix)
    return match.at_least <= inner.prefixlen <= match.at_most and _within(inner, outer)


def _within(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network) and inner.subnet_of(outer)
