"""Attacks by routes: what must not be heard, and what must not be believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from trunkline.cli.drill import scratch as names
from trunkline.cli.drill.attack import Attack, Need, Outcome, Play
from trunkline.cli.drill.ground import ARENAS, EXCHANGE, MICROSOFT, PRIVATE, Ground, look
from trunkline.drill.message import OPTIONAL_TRANSITIVE, Code, Community, Route, announcement, attribute
from trunkline.model.bgp import is_private_asn

_OWN, _PUBLIC = names.ATTACKER_ASN, names.PUBLIC_ASN
#: RFC 7999; RFC 9234, 5, as a carrier marks it.
_BLACKHOLE = (65535, 666)
_ONLY_TO_CUSTOMERS = attribute(Code.OTC, (3356).to_bytes(4, "big"), OPTIONAL_TRANSITIVE)


def lie(*prefixes: str, path: tuple[int, ...] = (_OWN,), next_hop: str = "", arena: str = PRIVATE) -> Route:
    return replace(ARENAS[arena].route(*prefixes), as_path=path, next_hop=next_hop or ARENAS[arena].local)


def public(*prefixes: str, path: tuple[int, ...] = (_PUBLIC,)) -> Route:
    """On Microsoft peering."""
    return lie(*prefixes, path=path, arena=MICROSOFT)


def met(*prefixes: str, path: tuple[int, ...] = (_PUBLIC,), next_hop: str = "",
        communities: tuple[Community, ...] = ()) -> Route:
    """At the exchange."""
    return replace(lie(*prefixes, path=path, next_hop=next_hop, arena=EXCHANGE), communities=communities)


def refused(*lies: Route, arena: str = PRIVATE) -> Play:
    """Told, followed by an honest route: that one is taken and none of the lies is."""
    prefixes = tuple(prefix for route in lies for prefix in route.prefixes)

    def play(ground: Ground) -> Outcome:
        ground.honest(arena)
        watch = ground.strike(arena, *prefixes)
        ground.say(*(message for route in lies for message in announcement(route)), session=arena)
        heard = ground.tell_last(arena)
        taken = sorted(set(prefixes) & ground.taken(arena))
        after_ms = watch.ms
        why = ", ".join(f"{count} {reason}" for reason, count in ground.refusals(arena, prefixes).items())
        ground.forget(*prefixes, session=arena)
        if taken or not heard:
            return Outcome(False, f"taken: {', '.join(taken)}" if taken else "the honest route was not taken either")
        return Outcome(True, f"none of {len(prefixes)} taken{f' ({why})' if why else ''}, the honest one after them is",
                       after_ms)

    return play


def isolated(*prefixes: str) -> Play:
    """Told, and perhaps taken where the attacker is at home, but the victim's tables stay as they are."""

    def play(ground: Ground) -> Outcome:
        ground.honest()
        before, watch = ground.victims_tables(), ground.strike(PRIVATE, *prefixes)
        ground.say(*announcement(lie(*prefixes)))
        heard, after = ground.tell_last(), ground.victims_tables()
        at_home, after_ms = set(prefixes) & ground.taken(), watch.ms
        ground.forget(*prefixes)
        if after != before or not heard:
            news = sorted({row for leg in after for row in leg} - {row for leg in before for row in leg})
            return Outcome(False, f"the victim's tables changed: {', '.join(news) or 'routes are gone'}")
        where = "stays in the attacker's own VRF" if at_home else "refused in the attacker's own VRF"
        return Outcome(True, f"VRF of its own for each circuit: {where}, victim's tables unchanged", after_ms)

    return play


def _flood(arena: str, prefixes: Callable[[int], str], limit: int, ground: Ground) -> Outcome:
    """One more than the limit, with the honest route."""
    ground.honest(arena)
    watch, lies = ground.strike(arena), frozenset(map(prefixes, range(limit)))
    ground.say(*announcement(lie(*sorted(lies), path=(ARENAS[arena].asn,), arena=arena)), session=arena)
    told = ground.ended(arena)
    if not told:
        ground.forget(*sorted(lies)[:200], session=arena)
        return Outcome(False, f"the session stayed up with more than {limit} routes")
    after_ms, empty = watch.ms, look(lambda: not lies & ground.taken(arena))
    said = told.notification or told.error
    return Outcome(bool(empty), f"session closed: {said}" + ("" if empty else ", but routes are left"), after_ms)


def _private(number: int) -> str:
    return f"11.{number // 256}.{number % 256}.0/24"


def _inside(number: int) -> str:
    """Of the prefix that is validated as the attacker's."""
    return f"102.100.{number + 10}.0/24"


def forged_community(ground: Ground) -> Outcome:
    """Route servers alone may say how they judged a route: what a member writes there is taken off, and what they say
    stands in its place. The victim reads it."""
    ground.honest(EXCHANGE)
    prefix, forged = "102.100.8.0/24", (names.ROUTE_SERVER_ASN, 1001, 77)
    watch = ground.strike(EXCHANGE, prefix)
    ground.say(*announcement(met(prefix, communities=(forged,))), session=EXCHANGE)
    heard = look(lambda: ground.victim.told(EXCHANGE).routes.get(prefix))
    ground.forget(prefix, session=EXCHANGE)
    if not heard:
        return Outcome(False, "the route was not heard at all, so nothing is proven")
    told = [tuple(one) for one in heard["communities"]]
    words = ", ".join(":".join(map(str, one)) for one in told) or "none"
    return Outcome(forged not in told, f"the victim hears communities {words}", watch.ms)


def private_numbers(ground: Ground) -> Outcome:
    """Customers have them inside, so the route is welcome; the numbers go no farther (azure-facts 2.3)."""
    ground.honest(MICROSOFT)
    prefix, path = "102.100.8.0/24", (_PUBLIC, 64_512, 65_534, 4_200_000_001, _PUBLIC)
    watch = ground.strike(MICROSOFT, prefix)
    ground.say(*announcement(public(prefix, path=path)), session=MICROSOFT)
    heard = look(lambda: ground.table(whose=ground.scratch.public, peering="MicrosoftPeering").get(prefix))
    ground.forget(prefix, session=MICROSOFT)
    if not heard:
        return Outcome(False, "the route was not taken at all, so nothing is proven")
    leaked = [word for word in str(heard["path"]).split() if word.isdecimal() and is_private_asn(int(word))]
    return Outcome(not leaked, f"told {' '.join(map(str, path))}, taken as {heard['path']}", watch.ms)


#: Kinds of events: which of a pair is told depends on whether a ROA stands against it.
_NOT_THEIRS = ("unauthorisedPrefix", "originInvalid", "prefixHijack", "subprefixHijack", "routeLeak")
_PATH, _BOGON, _LEAK, _THEFT = ("pathAnomaly",), ("bogon",), ("routeLeak",), ("nextHopTheft",)

_IN_POLICY = "absent from the VRF's table, while an honest route told after it is taken"
_NOT_HEARD = "the victim's router does not hear it, while it hears an honest route told after it"
_ISOLATION = "the victim's routing tables are the same before and after, and its packets arrive"

_ON_PRIVATE = (
    Attack("route-leak", "The cloud's routes, told back by the carrier", "RFC 7908 3.1, RFC 4271 9.1.2", _IN_POLICY,
           refused(lie("10.201.0.0/16", path=(_OWN, 12076)), lie("10.205.0.0/16", path=(_OWN, 3356, 12076, 8075))),
           alert=_PATH),
    Attack("prefix-hijack", "Somebody else's prefix", "RFC 7454 6.1.2, MANRS 1", _ISOLATION,
           isolated(names.VICTIM_PREFIX, names.VICTIM_SPACE)),
    Attack("sub-prefix-hijack", "More-specifics of somebody else's prefix", "RFC 7454 6.1.2, MANRS 1", _ISOLATION,
           isolated("10.202.1.0/24", f"{names.VICTIM_HOST}/32", "10.201.0.0/24", f"{names.VICTIM_MACHINE}/32")),
    Attack("as-spoof", "A path that begins with somebody else", "RFC 4271 6.3", _IN_POLICY,
           refused(lie("10.208.0.0/16", path=(64999,)), lie("10.209.0.0/16", path=(names.VICTIM_ASN, _OWN))),
           alert=_PATH),
    Attack("martians", "This network, loopback, link-local, multicast, class E", "RFC 6890, RFC 7454 6.1.1", _IN_POLICY,
           refused(lie("0.0.0.0/8", "127.0.0.0/8", "127.0.0.1/32", "169.254.0.0/16", "169.254.169.254/32",
                       "224.0.0.0/4", "240.0.0.0/4")), alert=_BOGON),
    Attack("next-hop-theft", "Somebody else's address as next hop", "RFC 4271 6.3, RFC 7454 8", _IN_POLICY,
           refused(lie("10.205.0.0/16", next_hop=names.EDGE), lie("10.206.0.0/16", next_hop=names.VICTIM_HOST),
                   lie("10.207.0.0/16", next_hop=names.PEER2)), alert=_THEFT),
    Attack("max-prefix-flood", "More routes than agreed", "RFC 4271 6.7, RFC 7454 7", "NOTIFICATION Cease/1",
           partial(_flood, PRIVATE, _private, 4_000), alert=("prefixLimitExceeded",)),
)


def _microsoft(name: str, title: str, rfc: str, *lies: Route, alert: tuple[str, ...] = ()) -> Attack:
    return Attack(f"microsoft-{name}", title, rfc, _IN_POLICY, refused(*lies, arena=MICROSOFT), Need.MICROSOFT, alert)


_ON_MICROSOFT = (
    _microsoft("prefix-hijack", "Public prefixes that nobody vouched for", "RFC 7454 6.1.2, MANRS 1 and 4",
               public(names.PUBLIC_VICTIM_PREFIX, "8.8.8.0/24", "102.0.0.0/8"),
               alert=_NOT_THEIRS),
    _microsoft("sub-prefix-hijack", "More-specifics of them", "RFC 7454 6.1.2, MANRS 1",
               public("102.200.1.0/24", "102.200.1.1/32"),
               alert=_NOT_THEIRS),
    _microsoft("default-route", "A default route, which would draw everybody's traffic", "RFC 7454 6.1.5",
               public("0.0.0.0/0"),
               alert=_BOGON),
    _microsoft("bogons", "Private, shared and documentation space", "RFC 1918, 5737, 6598, RFC 7454 6.1.1",
               public("10.0.0.0/8", "10.50.0.0/16", "172.16.0.0/12", "192.168.1.0/24", "100.64.0.0/10", "192.0.2.0/24",
                      "198.18.0.0/15", "127.0.0.0/8"),
               alert=_BOGON),
    _microsoft("as-spoof", "A path that begins with somebody else", "RFC 4271 6.3",
               public("102.100.1.0/24", path=(64999,)),
               alert=_PATH),
    _microsoft("documentation-as", "AS numbers for documentation in the path", "RFC 5398",
               public("102.100.2.0/24", path=(_PUBLIC, 64500)),
               public("102.100.3.0/24", path=(_PUBLIC, 65540, _PUBLIC)),
               alert=_PATH),
    _microsoft("reserved-as", "Reserved AS numbers in the path", "RFC 7607, 6793, 7300",
               public("102.100.4.0/24", path=(_PUBLIC, 0, _PUBLIC)), public("102.100.5.0/24", path=(_PUBLIC, 65535)),
               alert=_PATH),
    _microsoft("as-set", "A path with an AS_SET", "RFC 6472",
               replace(public("102.100.6.0/24"), as_set=(_PUBLIC, 210_777)),
               alert=_PATH),
    _microsoft("long-path", "A path of 60 numbers", "RFC 7454 6.5", public("102.100.7.0/24", path=(_PUBLIC,) * 60),
               alert=_PATH),
    _microsoft("carrier-leak", "Routes of a carrier behind the customer", "RFC 7908 3.2, RFC 7454 9",
               public("102.100.10.0/24", path=(_PUBLIC, 3356, 210_777)),
               public("102.100.11.0/24", path=(_PUBLIC, 174, 3356, _PUBLIC)),
               alert=_LEAK),
    _microsoft("route-leak", "The cloud's routes, told back", "RFC 7908 3.1, RFC 4271 9.1.2",
               public("102.100.12.0/24", path=(_PUBLIC, 12076)),
               alert=_PATH),
    Attack("microsoft-private-as", "Private AS numbers in the path", "RFC 6996 4",
           "the VRF's table has the route without them", private_numbers, Need.MICROSOFT),
    Attack("microsoft-max-prefix-flood", "More than the documented 200 routes", "RFC 4271 6.7, RFC 7454 7",
           "NOTIFICATION Cease/1", partial(_flood, MICROSOFT, _inside, 200), Need.MICROSOFT, ("prefixLimitExceeded",)),
)


def _exchange(name: str, title: str, rfc: str, *lies: Route, alert: tuple[str, ...] = ()) -> Attack:
    return Attack(f"exchange-{name}", title, rfc, _NOT_HEARD, refused(*lies, arena=EXCHANGE), Need.EXCHANGE, alert)


_AT_EXCHANGE = (
    _exchange("prefix-hijack", "Another member's prefix", "RFC 7454 6.1.2, RFC 7948 4.8, MANRS IXP 1",
              met("102.200.0.0/17", "8.8.8.0/24"),
               alert=_NOT_THEIRS),
    _exchange("sub-prefix-hijack", "More-specifics of it", "RFC 7454 6.1.2, MANRS IXP 1",
              met("102.200.1.0/24", "102.200.2.0/24"),
               alert=_NOT_THEIRS),
    _exchange("wrong-origin", "An own prefix with somebody else's origin", "RFC 7454 6.1.2",
              met("102.100.7.0/24", path=(_PUBLIC, 210_777)),
               alert=_NOT_THEIRS),
    _exchange("as-spoof", "A path that begins with another member", "RFC 4271 6.3, RFC 7947 2.2.2",
              met("102.100.1.0/24", path=(names.PUBLIC_VICTIM_ASN, _PUBLIC)),
               alert=_PATH),
    _exchange("private-as", "Private, documentation and reserved AS numbers in the path", "RFC 6996, 5398, 7607",
              met("102.100.2.0/24", path=(_PUBLIC, 64512, _PUBLIC)),
              met("102.100.3.0/24", path=(_PUBLIC, 64500, _PUBLIC)),
              met("102.100.4.0/24", path=(_PUBLIC, 4_200_000_001, _PUBLIC)),
               alert=_PATH),
    _exchange("as-set", "A path with an AS_SET", "RFC 6472",
              replace(met("102.100.5.0/24"), as_set=(_PUBLIC, 210_777)),
               alert=_PATH),
    _exchange("long-path", "A path of 60 numbers", "RFC 7454 6.5", met("102.100.6.0/24", path=(_PUBLIC,) * 60),
               alert=_PATH),
    _exchange("bogons", "Private, shared, documentation space and martians", "RFC 6890, RFC 7454 6.1.1",
              met("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.2.0/24", "127.0.0.0/8",
                  "224.0.0.0/4"),
               alert=_BOGON),
    _exchange("default-route", "A default route", "RFC 7454 6.1.5", met("0.0.0.0/0"),
               alert=_BOGON),
    _exchange("lan", "The exchange's own LAN, and parts of it", "RFC 7454 6.1.4",
              met(names.LAN, "172.29.0.0/25"),
               alert=_LEAK),
    _exchange("route-leak", "Routes of a carrier behind the member", "RFC 7908 3.2, RFC 7454 9",
              met("102.100.10.0/24", path=(_PUBLIC, 3356, _PUBLIC)),
              met("102.100.11.0/24", path=(_PUBLIC, 174, 3356, _PUBLIC)),
               alert=_LEAK),
    _exchange("role-leak", "A route that is marked as told to customers only", "RFC 9234 5",
              replace(met("102.100.12.0/24"), extra=_ONLY_TO_CUSTOMERS), alert=_LEAK),
    _exchange("next-hop-theft", "Another member's router as next hop", "RFC 7948 4.8, RFC 4271 5.1.3",
              met("102.100.13.0/24", next_hop=names.VICTIM_MEMBER),
               alert=_THEFT),
    _exchange("specifics", "Prefixes too long and too short for anybody", "RFC 7454 6.1.3",
              met("102.100.14.0/25", "102.100.14.1/32"), met("102.0.0.0/7"),
               alert=_NOT_THEIRS),
    _exchange("blackhole", "BLACKHOLE for another member's address", "RFC 7999 3.3",
              met("102.200.1.1/32", communities=(_BLACKHOLE,)),
               alert=("communityAbuse", "subprefixHijack")),
    Attack("exchange-forged-community", "The route servers' own words, said by a member", "RFC 7454 11, RFC 8092",
           "the victim hears the route without them", forged_community, Need.EXCHANGE, ("communityAbuse",)),
)

ATTACKS = (*_ON_PRIVATE, *_ON_MICROSOFT, *_AT_EXCHANGE)
