"""An operator's word for a public prefix that no registry vouches for: ``Trunkline.Plant/prefixApprovals``."""

from __future__ import annotations

from pydantic import Field

from trunkline.model.bgp import Asn, within
from trunkline.model.peering import PublicPrefix
from trunkline.model.resource import Properties, Reference


class PrefixApproval(Properties):
    """``asn``: whose it is; without it any AS of the circuit's. ``evidence``: what was shown, a letter of authorization
    for example."""

    circuit: Reference
    prefix: PublicPrefix
    asn: Asn | None = None
    evidence: str = Field(default="", max_length=1000)

    def covers(self, prefix: str, asn: int) -> bool:
        return within(prefix, self.prefix) and self.asn in (None, asn)
