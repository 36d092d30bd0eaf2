"""A question about failures that have not happened: ``POST …/providers/Trunkline.Plant/whatIf``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trunkline.model.resource import Properties

#: Half of the bandwidth of all circuits of a site: when one of two is lost, the other is just full.
LOAD_PERCENT = 50.0

Words = Annotated[str, Field(min_length=1, max_length=300)]


class PairDemand(Properties):
    """Traffic between a site and what its circuits lead to, in each direction."""

    site: Words
    network: Words
    mbps: Annotated[float, Field(ge=0, le=10_000_000)]


class WhatIf(Properties):
    """``failures_at_once``: every failure alone, or every two as well. ``states``: these sets of failures instead, each
    named as ``trunkline whatif`` names it. ``standing``: what fails on purpose now, all of it together, with what
    maintenance has closed. ``load_percent`` of the bandwidth of its circuits is each site's traffic where ``demands``
    say nothing."""

    failures_at_once: Annotated[int, Field(ge=1, le=2)] = 1
    states: tuple[tuple[Words, ...], ...] = Field(default=(), max_length=1000)
    standing: bool = False
    load_percent: Annotated[float, Field(ge=0, le=1000)] = LOAD_PERCENT
    demands: tuple[PairDemand, ...] = Field(default=(), max_length=10_000)
