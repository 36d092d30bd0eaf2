"""A cable at a Direct port: what the letter of authorization let somebody connect there. Our own resource type.

Azure has no word for it; it lives in ``Trunkline.Site``.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from trunkline.model.port import LINKS
from trunkline.model.resource import Properties, Reference
from trunkline.model.site import InterfaceName, Label


class PlugKind(StrEnum):
    """What a port is plugged into: the end of a new veth, an interface that the machine has (a physical one), or a new
    TAP, which stays for as long as the cable and carries while a program has it open."""

    VETH = "Veth"
    EXISTING = "Existing"
    TAP = "Tap"


#: Of TAPs: one is the port itself, in the edge, where all customers' ports are; no other interface there begins so.
_TAP_NAME = re.compile(r"tap[a-z0-9]{1,10}")


class Plug(Properties):
    """``interface``: its name, in the machine, or in the edge if it is a TAP."""

    interface: InterfaceName
    kind: PlugKind = PlugKind.VETH

    @model_validator(mode="after")
    def _apart(self) -> Plug:
        if self.kind is PlugKind.TAP and not _TAP_NAME.fullmatch(self.interface):
            raise ValueError(f"interface '{self.interface}' is no name for a TAP: the edge has it beside interfaces of "
                             "its own. Write tap and then 1 to 10 small letters or digits, for example tapwan0")
        return self


class CableEnd(Properties):
    """The far end of one link: a router of the site, or the user's own. ``circuits``: those of the port that the router
    serves; all of them when it is left out."""

    router: Label | None = None
    handoff: Plug | None = None
    circuits: Annotated[tuple[Reference, ...], Field(max_length=1000)] | None = None

    @model_validator(mode="after")
    def _one_end(self) -> CableEnd:
        if (self.router is None) == (self.handoff is None):
            raise ValueError("give either router (a router of the site) or handoff (an interface), not both")
        if self.handoff and self.circuits is not None:
            raise ValueError("circuits belongs to a router; a handoff carries what its port carries. Leave it out")
        return self

    def serves(self, circuit: str) -> bool:
        """``circuit``: key of its id."""
        return self.circuits is None or circuit in {one.target.key for one in self.circuits}


class Cable(Properties):
    """``port``: the Direct port whose links are connected."""

    port: Reference
    site: Reference | None = None
    link1: CableEnd | None = None
    link2: CableEnd | None = None

    def end(self, link: str) -> CableEnd | None:
        """``link``: one of LINKS."""
        return self.link1 if link == LINKS[0] else self.link2
