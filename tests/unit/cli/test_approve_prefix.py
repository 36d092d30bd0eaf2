"""An approval that would vouch for nothing is a slip, unless it is meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from trunkline.cli.failure import Failed
from trunkline.cli.provisioning import is_announced


class Service:
    accounts = type("Accounts", (), {"customer_subscription": "s"})

    def named(self, _name: str) -> Service:
        return self

    def list(self, _path: str) -> Iterator[Any]:
        told = {"microsoftPeeringConfig": {"advertisedPublicPrefixes": ["104.1.0.0/24"]}, "ipv6PeeringConfig": {
            "microsoftPeeringConfig": {"advertisedPublicPrefixes": ["2a00:2::/32"]}}}
        yield {"id": "/subscriptions/s/resourceGroups/rg1/providers/x/y/er1", "name": "er1",
               "properties": {"peerings": [{"properties": told}]}}


@pytest.mark.parametrize("prefix", ["104.1.0.0/24", "104.0.0.0/8", "2a00:2::/32"])
def test_what_the_circuit_names_may_be_approved(prefix: str) -> None:
    is_announced(Service(), "er1", prefix)  # type: ignore[arg-type]


@pytest.mark.parametrize("prefix", ["104.2.0.0/24", "104.1.0.0/25", "2a00:3::/32"])
def test_what_it_does_not_name_needs_to_be_meant(prefix: str) -> None:
    with pytest.raises(Failed, match=r"names 104\.1\.0\.0/24, 2a00:2::/32.*--in-advance"):
        is_announced(Service(), "er1", prefix)  # type: ignore[arg-type]
