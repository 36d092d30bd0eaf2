"""AS paths that nobody may tell in public routing, at an exchange and on Microsoft peering alike. The first that fits
is the reason: what cannot be judged (AS_SET), what is too long, numbers that stand in no public path, carriers behind
a network that is none of their upstreams."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.intent.bgp import Action, Refusal, Rule

#: Prepending included (RFC 7454, 6.5, leaves the number to us).
LONGEST_PATH = 32
Ranges = tuple[tuple[int, int], ...]


def path_rules(peer: int, *, longest: int, unroutable: Ranges, carriers: tuple[int, ...]) -> Iterator[Rule]:
    """RFC 6472, 7454 6.5, 7607 and 7908. Whoever is a carrier, ``peer``, may say so."""
    yield Rule(Action.DENY, as_set=True, refusal=Refusal.AS_SET)
    yield Rule(Action.DENY, longer_than=longest, refusal=Refusal.PATH_TOO_LONG)
    if unroutable:
        yield Rule(Action.DENY, contains_asn=unroutable, refusal=Refusal.BOGON_ASN)
    if others := tuple((one, one) for one in carriers if one != peer):
        yield Rule(Action.DENY, contains_asn=others, refusal=Refusal.TRANSIT_LEAK)
