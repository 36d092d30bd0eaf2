"""Who says whose a prefix is: ROAs for routers (``origins``), registries for Microsoft peerings (``registrar``)."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.reconcile.origins import Origins
from trunkline.reconcile.registrar import Registrar


@dataclass(frozen=True, slots=True)
class Authorities:
    """Where there are none, nothing is validated by them."""

    origins: Origins | None = None
    registrar: Registrar | None = None
