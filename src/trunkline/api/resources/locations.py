"""What is asked of a subscription's location: usages, service tags, whether a domain name label is free."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Action, Question, Register, ResourceType
from trunkline.api.resources.linked import same_region
from trunkline.api.resources.public_ip_addresses import CAPACITY, label_fault, labelled
from trunkline.api.resources.recorded import ByShape
from trunkline.errors import Fault
from trunkline.intent import view
from trunkline.intent.estate import Estate
from trunkline.model.plant import region, regions
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.service import CHANGE_NUMBER, ServiceTag, service_tags

_LOCATION = f"{view.NETWORK}/locations"

#: Type, Azure's word for it in people's language, and how many there can be in a subscription's location.
_COUNTED = (
    (view.VNET, "Virtual Networks", -1),
    (view.NIC, "Network Interfaces", -1),
    (view.SECURITY_GROUP, "Network Security Groups", -1),
    (view.APPLICATION_GROUP, "Application Security Groups", -1),
    (view.ROUTE_TABLE, "Route Tables", -1),
    (view.ROUTE_FILTER, "Route Filters", -1),
    (view.NAT_GATEWAY, "Nat Gateways", -1),
    (view.PUBLIC_IP_ADDRESS, "Public IP Addresses", CAPACITY),
    (view.PUBLIC_IP_PREFIX, "Public Ip Prefixes", -1),
    (view.GATEWAY, "Virtual Network Gateways", -1),
    (view.LOCAL_GATEWAY, "Local Network Gateways", -1),
)


def _rows(subscription: ResourceId) -> Iterator[Json]:
    for one in regions().values():
        yield {"name": one.name, "id": f"/subscriptions/{subscription.subscription}/providers/{_LOCATION}/{one.name}",
               "type": _LOCATION, "displayName": one.display_name}


def _known(location: Resource, _estate: Estate, _question: Question) -> Iterator[Fault]:
    if region(location.id.name) is None:
        yield Fault("LocationNotAvailableForResourceType", f"The provided location '{location.id.name[:80]}' is not "
                    f"available for resource type '{_LOCATION}'; give the name of a region, for example westus.",
                    "location")


def _usages(location: Resource, register: Register, _question: Question) -> Json:
    """A limit of -1 is none."""
    return {"value": [_usage(location, kind, words, limit, register) for kind, words, limit in _COUNTED]}


def _usage(location: Resource, kind: str, words: str, limit: int, register: Register) -> Json:
    name = kind.rpartition("/")[2]
    used = sum(same_region(one.location, location.id.name) for one in register.list(kind, location.id.subscription))
    return {"id": f"{location.id}/usages/{name[0].upper()}{name[1:]}", "unit": "Count", "currentValue": used,
            "limit": limit, "name": {"value": f"{name[0].upper()}{name[1:]}", "localizedValue": words}}


def _tags(location: Resource, _register: Register, _question: Question) -> Json:
    """Of all regions: the location only says which edition is meant."""
    return {
        "name": "Public",
        "id": f"/subscriptions/{location.id.subscription}/providers/{view.NETWORK}/serviceTags/Public",
        "type": f"{view.NETWORK}/serviceTags", "changeNumber": CHANGE_NUMBER, "cloud": "Public",
        "values": [_tag(tag) for tag in service_tags().values()]}


def _tag_details(_location: Resource, _register: Register, question: Question) -> Json:
    wanted, short = question.parameters["tagName"].lower(), question.parameters["noAddressPrefixes"].lower() == "true"
    found = [_tag(tag) for tag in service_tags().values() if wanted in ("", tag.name.lower())]
    for row in found if short else ():
        del row["properties"]["addressPrefixes"]
    return {"value": found}


def _tag(tag: ServiceTag) -> Json:
    return {"name": tag.name, "id": tag.name, "properties": {
        "changeNumber": CHANGE_NUMBER, "region": tag.region, "systemService": tag.service,
        "addressPrefixes": list(tag.prefixes)}}


def _check_label(location: Resource, estate: Estate, question: Question) -> Iterator[Fault]:
    yield from _known(location, estate, question)
    yield from label_fault(question.parameters["domainNameLabel"], "domainNameLabel")


def _label(location: Resource, register: Register, question: Question) -> Json:
    return {"available": labelled(question.parameters["domainNameLabel"], location.id.name, register) is None}


LOCATIONS = ResourceType(
    _LOCATION, model=ByShape, catalogue=_rows, actions=(
        Action("usages", "GET", quick=True, check=_known, answer=_usages),
        Action("serviceTags", "GET", quick=True, check=_known, answer=_tags),
        Action("serviceTagDetails", "GET", quick=True, query=("noAddressPrefixes", "tagName"), check=_known,
               answer=_tag_details),
        Action("checkDnsNameAvailability", "GET", quick=True, query=("domainNameLabel",), check=_check_label,
               answer=_label)))
