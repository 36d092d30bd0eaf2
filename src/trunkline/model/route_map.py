"""Route maps of a virtual hub (``virtualHubs/routeMaps``): what becomes of routes that it hears or tells."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from trunkline.model.bgp import Prefix
from trunkline.model.resource import Properties
from trunkline.model.session_policy import CommunityText, community_of

#: AS numbers that a route map may not put into a path: the platform's own, the service's, and those that nobody has
#: (Virtual WAN documentation; RFC 5398, 6793, 7300, 7607).
_RESERVED = (range(1), range(8074, 8076), range(12076, 12077), range(23456, 23457), range(64496, 64512),
             range(65515, 65521), range(65535, 65552), range(4294967295, 4294967296))


class MatchCondition(StrEnum):
    CONTAINS = "Contains"
    EQUALS = "Equals"
    NOT_CONTAINS = "NotContains"
    NOT_EQUALS = "NotEquals"

    @property
    def negative(self) -> bool:
        return self in (MatchCondition.NOT_CONTAINS, MatchCondition.NOT_EQUALS)

    @property
    def whole(self) -> bool:
        return self in (MatchCondition.EQUALS, MatchCondition.NOT_EQUALS)


class ActionType(StrEnum):
    ADD = "Add"
    REMOVE = "Remove"
    REPLACE = "Replace"
    DROP = "Drop"


class NextStep(StrEnum):
    CONTINUE = "Continue"
    TERMINATE = "Terminate"


def _asn(text: str) -> str:
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and int(text) < 1 << 32):
        raise PydanticCustomError("InvalidAsPath", "'{asn}' is no AS number; write a number from 1 to 4294967294.",
                                  {"asn": text[:80]})
    return str(int(text))


AsnText = Annotated[str, AfterValidator(_asn)]


class Attributes(Properties):
    """What a criterion looks for, or an action works with. Clients send empty lists of what they do not mean."""

    route_prefix: Annotated[tuple[Prefix, ...], Field(max_length=100)] | None = None
    community: Annotated[tuple[CommunityText, ...], Field(max_length=32)] | None = None
    as_path: Annotated[tuple[AsnText, ...], Field(max_length=32)] | None = None

    @property
    def prefixes(self) -> tuple[str, ...]:
        return self.route_prefix or ()

    @property
    def communities(self) -> tuple[tuple[int, ...], ...]:
        return tuple(map(community_of, self.community or ()))

    @property
    def asns(self) -> tuple[int, ...]:
        return tuple(map(int, self.as_path or ()))

    @property
    def empty(self) -> bool:
        return not (self.prefixes or self.communities or self.asns)


class Criterion(Attributes):
    match_condition: MatchCondition = MatchCondition.CONTAINS

    @model_validator(mode="after")
    def _of_one_kind(self) -> Criterion:
        if sum(map(bool, (self.route_prefix, self.community, self.as_path))) != 1:
            raise ValueError("a criterion looks at one of routePrefix, community and asPath; give one of them, and "
                             "further criteria for the others")
        return self


class RouteAction(Properties):
    """Drop without parameters is of every matched route; Replace by an empty list takes all away."""

    type: ActionType
    parameters: tuple[Attributes, ...] = ()

    @model_validator(mode="after")
    def _possible(self) -> RouteAction:
        for one in self.parameters:
            if self.type is ActionType.DROP and (one.community or one.as_path):
                raise ValueError("Drop names routes; its parameters have routePrefix or nothing")
            if self.type in (ActionType.ADD, ActionType.REMOVE) and one.route_prefix:
                raise ValueError(f"{self.type} works on community or asPath; routePrefix is replaced or dropped")
            if self.type in (ActionType.ADD, ActionType.REPLACE):
                _check_reserved(one)
        if self.type is not ActionType.DROP and not self.parameters:
            raise ValueError(f"{self.type} needs parameters: the communities, AS numbers or prefixes in question")
        return self


def _check_reserved(one: Attributes) -> None:
    for asn in one.asns:
        if any(asn in numbers for numbers in _RESERVED):
            raise PydanticCustomError(
                "ReservedAsn", "AS number {asn} cannot be put into a path: it is the platform's or reserved. Use one "
                "that is yours.", {"asn": asn})


class RouteMapRule(Properties):
    """All criteria must hold; without any, every route is meant."""

    name: str
    match_criteria: tuple[Criterion, ...] = Field(default=(), max_length=16)
    actions: tuple[RouteAction, ...] = Field(default=(), max_length=16)
    next_step_if_matched: NextStep = NextStep.CONTINUE


class RouteMap(Properties):
    """A route that no rule matches passes as it is. Connections are named by id."""

    rules: tuple[RouteMapRule, ...] = Field(default=(), max_length=100)
    associated_inbound_connections: tuple[str, ...] = ()
    associated_outbound_connections: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> RouteMap:
        names = [rule.name.lower() for rule in self.rules]
        if doubled := next((name for name in names if names.count(name) > 1), ""):
            raise ValueError(f"names of rules must differ; '{doubled}' stands twice")
        return self
