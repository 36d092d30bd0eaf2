"""Network security groups: a filter in the VNet router that guards the link of each NIC that a group protects.

Into a NIC a flow must pass its subnet's group, then its own; out of it the other way round. Gateways have no guard.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from itertools import product

from trunkline.intent.compile.draft import Draft
from trunkline.intent.compile.surroundings import Surroundings
from trunkline.intent.estate import Estate
from trunkline.intent.network import (
    ANYWHERE,
    NOWHERE,
    Filter,
    FilterRule,
    Guard,
    PortRange,
    RuleList,
    Whereabouts,
)
from trunkline.intent.placement import PlacedNic, PlacedSubnet, security_rules
from trunkline.model.bgp import host_prefix, of_family
from trunkline.model.network import Subnet
from trunkline.model.resource import Reference, ResourceId
from trunkline.model.security import PLATFORM_ADDRESS, Access, Direction, SecurityRule, Tag
from trunkline.model.service import service_tags

_WITH_PORTS = frozenset({"tcp", "udp", ""})
_EVERY_PORT: PortRange = (0, 65535)


def add_filter(draft: Draft, here: Surroundings, estate: Estate) -> None:
    """None where nothing is guarded."""
    guards = [guard for subnet in here.subnets for nic in subnet.nics
              if (guard := _guard(subnet.model, nic, here.has_tables))]
    guards += [Guard(name, sources=Whereabouts(behind=(name,))) for name in here.distrusted]
    if not guards:
        return
    groups = {link.target.key: link.target for subnet in here.subnets
              for link in (subnet.model.network_security_group,
                           *(nic.model.network_security_group for nic in subnet.nics)) if link}
    meaning = Meaning(here, members(here.subnets))
    lists = [RuleList(list_name(group, direction), tuple(_rules(estate, group, direction, meaning)))
             for _, group in sorted(groups.items()) for direction in Direction]
    named = {name for guard in guards for name in (*guard.from_here, *guard.to_here)}
    draft.pieces.append(Filter(here.node, tuple(one for one in lists if one.name in named),
                               tuple(sorted(guards, key=lambda guard: guard.interface))))


def _guard(subnet: Subnet, nic: PlacedNic, has_tables: bool) -> Guard | None:
    """Beside route tables the kernel's own check of sources fails: it asks for the way back as if that began at the
    other end's interface. Over IPv6 it has none."""
    inwards = [link.target for link in (subnet.network_security_group, nic.model.network_security_group) if link]
    checked = has_tables or bool(of_family(6, nic.addresses))
    own = tuple(map(host_prefix, nic.addresses))
    sources = Whereabouts(own) if checked and not nic.model.enable_ip_forwarding else ANYWHERE
    if not inwards and sources == ANYWHERE:
        return None
    return Guard(nic.interface, tuple(list_name(group, Direction.OUTBOUND) for group in reversed(inwards)),
                 tuple(list_name(group, Direction.INBOUND) for group in inwards), sources)


def list_name(group: ResourceId, direction: Direction) -> str:
    """Readable by the group's name, unique by the hash of its id."""
    slug = re.sub(r"[^a-z0-9]+", "-", group.name.lower()).strip("-")[:20].rstrip("-") or "x"
    digest = hashlib.blake2b(group.key.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
    return f"nsg-{slug}-{digest}-{direction.removesuffix('bound').lower()}"


def counter_name(group: ResourceId, rule: SecurityRule) -> str:
    """Two rules of one direction never have one priority."""
    return f"{list_name(group, rule.direction)}-{rule.priority}"


def members(subnets: Iterable[PlacedSubnet]) -> dict[str, tuple[str, ...]]:
    """The addresses in each application security group."""
    found: dict[str, tuple[str, ...]] = {}
    for nic in (nic for subnet in subnets for nic in subnet.nics):
        for configuration, address in zip(nic.model.ip_configurations, nic.addresses, strict=True):
            for link in configuration.properties.application_security_groups:
                found[link.target.key] = (*found.get(link.target.key, ()), host_prefix(address))
    return found


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the words of a rule mean in one virtual network. ``groups``: addresses by application security group."""

    here: Surroundings
    groups: dict[str, tuple[str, ...]]

    def of(self, prefixes: Iterable[str], links: Iterable[Reference]) -> tuple[Whereabouts, ...]:
        """The addresses that are meant, in parts; NOWHERE if there are none of the kind."""
        texts = tuple(prefixes)
        if any(_is_any(text) for text in texts):
            return (ANYWHERE,)
        tags = {tag for tag in Tag for text in texts if text.lower() == tag.lower()}
        plain = (*(prefix for text in texts for prefix in known_prefixes(text)),
                 *(address for link in links for address in self.groups.get(link.target.key, ())),
                 *((f"{PLATFORM_ADDRESS}/32",) if Tag.LOAD_BALANCER in tags else ()))
        near = self.here.everything if Tag.VIRTUAL_NETWORK in tags else NOWHERE
        local = Whereabouts((*near.prefixes, *plain), near.behind)
        return tuple(filter(None, (local, self._internet if Tag.INTERNET in tags else NOWHERE))) or (NOWHERE,)

    @property
    def _internet(self) -> Whereabouts:
        near = self.here.everything
        return Whereabouts((*near.prefixes, f"{PLATFORM_ADDRESS}/32"), near.behind, others=True)


def _is_any(text: str) -> bool:
    return text.lower() in (Tag.ANY, "any")


def known_prefixes(text: str) -> tuple[str, ...]:
    """A prefix itself, or those of a service tag, as far as they are published; none for the tags of a place."""
    try:
        return (str(ip_network(text, strict=False)),)
    except ValueError:
        return service_tags()[text].prefixes if text in service_tags() else ()


def _rules(estate: Estate, group: ResourceId, direction: Direction, meaning: Meaning) -> Iterator[FilterRule]:
    for rule in security_rules(estate, group):
        if rule.direction is direction:
            yield from _rule(rule, counter_name(group, rule), meaning)


def _rule(rule: SecurityRule, counter: str, meaning: Meaning) -> Iterator[FilterRule]:
    """Several where one set of addresses cannot say it; none where the addresses do not exist here."""
    protocol = "" if rule.protocol == Tag.ANY else rule.protocol.lower()
    ported = protocol in _WITH_PORTS
    made = partial(
        FilterRule, counter, rule.access is Access.ALLOW, protocol,
        source_ports=_ports(rule.source_ports) if ported else (),
        destination_ports=_ports(rule.destination_ports) if ported else ())
    sources = meaning.of(rule.sources, rule.source_application_security_groups)
    destinations = meaning.of(rule.destinations, rule.destination_application_security_groups)
    for source, destination in product(sources, destinations):
        if source and destination:
            yield made(source=source, destination=destination)


def _ports(texts: Iterable[str]) -> tuple[PortRange, ...]:
    """Empty for all."""
    ranges = [_EVERY_PORT if text == Tag.ANY else _range(text) for text in texts]
    return () if _EVERY_PORT in ranges else tuple(ranges)


def _range(text: str) -> PortRange:
    first, _, last = text.partition("-")
    return int(first), int(last or first)
