"""networkSecurityGroups, their rules, and the rules that every group has; applicationSecurityGroups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network

from trunkline.api.declaration import Inline, Register, ResourceType, Wish
from trunkline.api.resources.recorded import ByShape, filled, ids, links, required, users, with_guid
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import APPLICATION_GROUP, NIC, SECURITY_GROUP, SECURITY_RULE, SUBNET
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.security import DEFAULT_RULES
from trunkline.model.service import service_tags

_DEFAULTS = "defaultSecurityRules"

#: Priorities of customers' rules; the default rules stand behind them.
_PRIORITIES = range(100, 4097)

#: Tags whose meaning depends on where the rule works.
_TAGS = frozenset({"*", "virtualnetwork", "azureloadbalancer", "internet"})

_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)

_PLURALS: Json = {"sourcePortRanges": [], "destinationPortRanges": [], "sourceAddressPrefixes": [],
                  "destinationAddressPrefixes": []}


def default_rules(group: Resource) -> Iterator[Json]:
    """The rules behind all others, as Azure answers them."""
    for rule in DEFAULT_RULES:
        yield {
            "name": rule.name, "id": f"{group.id}/{_DEFAULTS}/{rule.name}", "etag": group.etag,
            "type": f"{SECURITY_GROUP}/{_DEFAULTS}",
            "properties": {"provisioningState": group.state.value, **_PLURALS,
                           **rule.model_dump(by_alias=True, mode="json", exclude_defaults=True), "protocol": "*"}}


def _check(wish: Wish, _estate: Register) -> Iterator[Fault]:
    rules = wish.children.get("securityRules", ())
    for index, rule in enumerate(rules):
        yield from _conflicts(rule, rules[:index])


def _show(group: Resource, estate: Estate) -> Json:
    shown: Json = {_DEFAULTS: list(default_rules(group))}
    for member, kind in (("networkInterfaces", NIC), ("subnets", SUBNET)):
        if used := users(estate, group.id, kind):
            shown[member] = ids(used)
    return shown


def _in_use(group: Resource, estate: Estate) -> Iterator[Fault]:
    if used := users(estate, group.id, NIC, SUBNET):
        yield Fault(
            "InUseNetworkSecurityGroupCannotBeDeleted",
            f"Network security group {group.id} cannot be deleted because it is in use by the following resources: "
            f"{', '.join(str(one.id) for one in used)}. In order to delete the Network security group, remove the "
            "association with the resource(s). To learn how to do this, see aka.ms/deletensg.")


def _defaults_of(parent: ResourceId, register: Register) -> Iterator[Json]:
    group = register.get(parent)
    return default_rules(group) if group else iter(())


def _check_rule(wish: Wish, estate: Register) -> Iterator[Fault]:
    rule = wish.resource
    yield from required(rule, "protocol", "access", "priority", "direction")
    priority = rule.properties.get("priority", _PRIORITIES[0])
    if priority not in _PRIORITIES:
        yield Fault("SecurityRuleInvalidPriority", f"Security rule has invalid Priority. Value provided: {priority}. "
                    f"Allowed range {_PRIORITIES[0]}-{_PRIORITIES[-1]}.", "priority")
    for side in ("source", "destination"):
        yield from _check_ports(rule, side)
        yield from _check_addresses(rule, side)
        yield from links(wish, estate, f"{side}ApplicationSecurityGroups", APPLICATION_GROUP)
    if rule.id.parent:
        yield from _conflicts(rule, estate.children(rule.id.parent, SECURITY_RULE))


def _conflicts(rule: Resource, others: tuple[Resource, ...]) -> Iterator[Fault]:
    for other in others:
        if other.id.key != rule.id.key and not other.deleting and _place(other) == _place(rule) != _NOWHERE:
            yield Fault(
                "SecurityRuleConflict",
                f"Security rule {rule.id.name} conflicts with rule {other.id.name}. Rules cannot have the same "
                "Priority and Direction. To learn more, see aka.ms/nsgrules. Choose another priority.", "priority")


#: Of a rule that says neither; its own check says so.
_NOWHERE = (None, None)


def _place(rule: Resource) -> tuple[object, object]:
    return rule.properties.get("direction"), rule.properties.get("priority")


def _given(rule: Resource, single: str, plural: str) -> list[str]:
    value = rule.properties.get(single)
    return [*([value] if value else []), *rule.properties.get(plural, [])]


def _check_ports(rule: Resource, side: str) -> Iterator[Fault]:
    single, plural = f"{side}PortRange", f"{side}PortRanges"
    ranges = _given(rule, single, plural)
    if not ranges:
        yield _nothing(rule, f"{single} or {plural}", single)
    for text in ranges:
        if text != "*" and not _is_range(text):
            yield Fault("SecurityRuleInvalidPortRange", f"Security rule has invalid Port range. Value provided: "
                        f"{text[:80]}. Value should be an integer OR integer range with '-' delimiter. Valid range "
                        "0-65535.", single)


def _is_range(text: str) -> bool:
    found = _PORTS.fullmatch(text)
    return found is not None and int(found[1]) <= int(found[2] or found[1]) <= 65535


def _check_addresses(rule: Resource, side: str) -> Iterator[Fault]:
    single, plural, groups = f"{side}AddressPrefix", f"{side}AddressPrefixes", f"{side}ApplicationSecurityGroups"
    prefixes = _given(rule, single, plural)
    if not prefixes and not rule.properties.get(groups):
        yield _nothing(rule, f"{single}, {plural} or {groups}", single)
    for text in prefixes:
        if text.lower() not in _TAGS and not _is_prefix(text) and text not in service_tags():
            yield Fault("SecurityRuleInvalidAddressPrefix", f"Security rule {rule.id} has invalid Address prefix. "
                        f"Value provided: {text[:80]}. Give an address, a prefix without host bits, '*', or a service "
                        "tag that locations/{location}/serviceTags lists.", single)


def _is_prefix(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _nothing(rule: Resource, members: str, target: str) -> Fault:
    return Fault("RequiredSecurityRuleParametersMissing", "Required security rule parameters are missing for security "
                 f"rule with Identifier: {rule.id}. Security rule must specify {members}.", target)


def _asg_in_use(group: Resource, estate: Estate) -> Iterator[Fault]:
    if used := users(estate, group.id, NIC, SECURITY_RULE):
        yield Fault("ApplicationSecurityGroupInUse", f"Application Security Group {group.id.name} cannot be deleted "
                    f"because it is referenced by {', '.join(str(one.id) for one in used)}. Remove these links first.")


SECURITY_GROUPS = ResourceType(
    SECURITY_GROUP, model=ByShape, shape="NetworkSecurityGroupPropertiesFormat", realised=True,
    inline=(Inline("securityRules", SECURITY_RULE),), check=_check, generate=with_guid, in_use=_in_use, show=_show)

SECURITY_RULES = ResourceType(
    SECURITY_RULE, model=ByShape, shape="SecurityRulePropertiesFormat", tracked=False, realised=True, check=_check_rule,
    defaults=filled(**_PLURALS))

DEFAULT_SECURITY_RULES = ResourceType(
    f"{SECURITY_GROUP}/{_DEFAULTS}", model=ByShape, tracked=False, view=_defaults_of)

APPLICATION_GROUPS = ResourceType(
    APPLICATION_GROUP, model=ByShape, shape="ApplicationSecurityGroupPropertiesFormat", realised=True,
    generate=with_guid, in_use=_asg_in_use)
