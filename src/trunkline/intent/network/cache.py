"""A cache of validated ROA payloads for routers (RFC 8210)."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.intent.network.node import Key

#: Of the RPKI-to-Router protocol over plain TCP; 323, its registered port, would be a privileged one.
RTR_PORT = 8282


@dataclass(frozen=True, slots=True)
class Cache:
    """A daemon in ``node`` that tells routers what stands in the file of VRPs of the name ``serves``."""

    node: str
    serves: str
    port: int = RTR_PORT

    @property
    def key(self) -> Key:
        return ("cache", self.node)
