"""How far a circuit reaches by its SKU (azure-facts 2.1): Local to the regions next to its peering location, Standard
to those of the same geopolitical area, Premium to all. Of test locations no area is published, so nothing bounds
circuits there.
"""

from __future__ import annotations

from trunkline.model import plant
from trunkline.model.circuit import SkuTier
from trunkline.model.plant import PeeringLocation


def beyond(tier: SkuTier, place: str, region: str) -> str:
    """Why a circuit at a peering location does not reach a region; empty if it does."""
    near, far = plant.location(place), plant.region(region)
    if tier is SkuTier.PREMIUM or near is None or far is None or not near.area:
        return ""
    if tier is SkuTier.LOCAL:
        return "" if far.display_name in near.local_regions else _local(near)
    return "" if far.area == near.area else (
        f"{tier} reaches the regions of the geopolitical area of {near.name}, which is {near.area}, and "
        f"{far.display_name} is in {far.area}")


def _local(place: PeeringLocation) -> str:
    return f"Local reaches the regions next to {place.name}, which are {', '.join(place.local_regions) or 'none'}"
