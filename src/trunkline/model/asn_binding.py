"""An operator's word that a public AS number is that of a subscription: ``Trunkline.Plant/asnBindings``."""

from __future__ import annotations

from pydantic import Field

from trunkline.model.bgp import Asn
from trunkline.model.resource import Properties


class AsnBinding(Properties):
    """Of the subscription where it stands: what registries say of the AS number counts there. ``evidence``: what was
    shown, a letter or a ticket for example."""

    asn: Asn
    evidence: str = Field(default="", max_length=1000)
