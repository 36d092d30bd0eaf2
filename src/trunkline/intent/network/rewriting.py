"""What a node changes in packets that it forwards."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.intent.network.node import Key


@dataclass(frozen=True, slots=True)
class Translation:
    """Source NAT: packets from ``sources`` that leave over one of ``interfaces`` come from ``address``; what answers
    them finds its way back."""

    interfaces: tuple[str, ...]
    sources: tuple[str, ...]
    address: str


@dataclass(frozen=True, slots=True)
class Rewriting:
    """``marks``: the only DSCP values (RFC 2474) that pass; others become 0. Without any, all pass."""

    node: str
    marks: tuple[int, ...] = ()
    translations: tuple[Translation, ...] = ()

    @property
    def key(self) -> Key:
        return ("rewriting", self.node)
