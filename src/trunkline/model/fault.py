"""What can be made to fail on purpose, and what a what-if takes away: ``Trunkline.Plant/faults``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from trunkline.model.circuit import Leg
from trunkline.model.impairment import LONGEST_S, Way
from trunkline.model.plant import site_named
from trunkline.model.resource import Properties, Reference


class FaultKind(StrEnum):
    """What fails, and in brackets what names it."""

    LEG = "leg"  #: [circuit, leg] the circuit's frames between provider and edge (on a Direct port: on the port)
    EDGE = "edge"  #: [location, leg] an edge router, its backbone router and the VRFs on it
    SWITCH = "switch"  #: [provider, location, leg] a provider's switch
    INSTANCE = "gatewayInstance"  #: [gateway, instance]
    SPAN = "backboneLink"  #: [site, to] a link between backbone routers of both planes (a fibre cut), or one leg
    CORE = "backboneNode"  #: [site, leg] one backbone router
    LOCATION = "location"  #: [location] all edges, backbone routers and switches of a peering location
    REGION = "region"  #: [region] all backbone routers, gateways and networks of a region


#: By which people name them, in commands and messages.
WORDS: dict[FaultKind, str] = {
    FaultKind.LEG: "leg", FaultKind.EDGE: "edge", FaultKind.SWITCH: "switch", FaultKind.INSTANCE: "gateway",
    FaultKind.SPAN: "link", FaultKind.CORE: "core", FaultKind.LOCATION: "location", FaultKind.REGION: "region"}
#: The same of a customer's own router, which a what-if takes away and nothing makes fail.
ROUTER = "router"


def spellings(words: Sequence[str]) -> tuple[str, ...]:
    """How a target may be named, in comparable form: the ends of a link in either order."""
    turned = (words[0], words[2], words[1], *words[3:]) if words[:1] == [WORDS[FaultKind.SPAN]] and len(words) > 2 \
        else words
    return tuple(dict.fromkeys((spelt(words), spelt(turned))))


def spelt(words: Sequence[str]) -> str:
    """In any case, with blanks anywhere (a region as in ids); a leg may be called one, or not."""
    said = words[1:] if words and words[0].casefold() == WORDS[FaultKind.LEG] and len(words) > 1 else words
    return "".join("".join(said).split()).casefold()


class FaultMode(StrEnum):
    """``silent``: frames vanish, no link goes down. ``linkDown``: the links lose their carrier."""

    SILENT = "silent"
    LINK_DOWN = "linkDown"


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that can fail. ``key``: a resource id's key, or names as in scopes with ``~`` between them, the two
    ends of a link in the order of the alphabet; ``part``: leg or number of the instance, empty where the kind has
    none."""

    kind: FaultKind
    key: str
    part: str = ""


#: The members that name what fails, by kind; the last are optional where in brackets below.
_NAMED_BY: dict[FaultKind, tuple[str, ...]] = {
    FaultKind.LEG: ("circuit", "leg"),
    FaultKind.EDGE: ("location", "leg"),
    FaultKind.SWITCH: ("provider", "location", "leg"),
    FaultKind.INSTANCE: ("gateway", "instance"),
    FaultKind.SPAN: ("site", "to"),
    FaultKind.CORE: ("site", "leg"),
    FaultKind.LOCATION: ("location",),
    FaultKind.REGION: ("region",),
}
_ALSO = {FaultKind.SPAN: ("leg",)}
_ONE_WAY = (FaultKind.LEG, FaultKind.SPAN)


class RehearsedFault(Properties):
    """A failure made on purpose; it ends when deleted, or ``expires_in_seconds`` after it was last written, at the
    edge itself, with or without a control plane. ``direction``: one-way failures, of legs and backbone links alone, as
    the edge (of a link: its first site) sees it. With ``up_in_seconds`` it flaps: down for ``down_in_seconds``, up for
    that long, and so on."""

    kind: FaultKind = FaultKind.LEG
    circuit: Reference | None = None
    gateway: Reference | None = None
    provider: str | None = None
    location: str | None = None
    region: str | None = None
    site: str | None = None
    to: str | None = None
    leg: Leg | None = None
    instance: Annotated[int, Field(ge=0, le=1)] | None = None
    mode: FaultMode = FaultMode.SILENT
    direction: Way = Way.BOTH
    down_in_seconds: Annotated[float, Field(ge=0.01, le=3600)] | None = None
    up_in_seconds: Annotated[float, Field(ge=0.01, le=3600)] | None = None
    expires_in_seconds: Annotated[int, Field(ge=1, le=LONGEST_S)] = 300

    @model_validator(mode="after")
    def _names_one_thing(self) -> RehearsedFault:
        needed, also = _NAMED_BY[self.kind], _ALSO.get(self.kind, ())
        for name in ("circuit", "gateway", "provider", "location", "region", "site", "to", "leg", "instance"):
            given = getattr(self, name) is not None
            if name in needed and not given:
                raise ValueError(f"a fault of kind '{self.kind}' needs {' and '.join(needed)}; {name} is missing")
            if given and name not in (*needed, *also):
                raise ValueError(f"{name} does not name a {self.kind}; that is named by {', '.join(needed + also)}")
        return self

    @model_validator(mode="after")
    def _behaves(self) -> RehearsedFault:
        if self.direction is not Way.BOTH and self.kind not in _ONE_WAY:
            one_way = " or ".join(f"'{kind}'" for kind in _ONE_WAY)
            raise ValueError(f"direction '{self.direction}' is of legs and links (kind {one_way}); a fault of kind "
                             f"'{self.kind}' fails both ways: leave direction out")
        if self.direction is not Way.BOTH and self.mode is FaultMode.LINK_DOWN:
            raise ValueError(f"direction '{self.direction}' needs mode 'silent': a link that is down is down both "
                             "ways")
        if (self.down_in_seconds is None) != (self.up_in_seconds is None):
            raise ValueError("downInSeconds and upInSeconds belong together: a fault that comes and goes has both")
        return self

    @property
    def is_reversed(self) -> bool:
        """Whether the link's first site is its target's second."""
        return bool(self.site and self.to) and site_named(self.site or "") > site_named(self.to or "")

    @property
    def target(self) -> Target:
        part = self.leg.value if self.leg else "" if self.instance is None else str(self.instance)
        ends = sorted(site_named(site) for site in (self.site, self.to) if site)
        pieces = (self.circuit.target.key if self.circuit else "", self.gateway.target.key if self.gateway else "",
                  (self.provider or "").casefold(), (self.location or "").casefold(),
                  site_named(self.region) if self.region else "", *ends)
        return Target(self.kind, "~".join(piece for piece in pieces if piece), part)
