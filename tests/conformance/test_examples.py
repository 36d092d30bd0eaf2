"""Every example of our types in Microsoft's description is sent; what we answer fits the schema and what was sent."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from conformance import examples, explained, swagger
from conformance.cloud import Cloud, running

#: Types that are no part of the service (docs/coverage.md lists those that are).
_OTHERS = re.compile(
    "networkWatcher|azureFirewall|privateEndpoint|privateLink|availablePrivate|vpnSites|vpnGateways|p2svpn|vpnServer|"
    "networkVirtualApp|virtualNetworkTaps|firewallPol|securityPartner|bastion|"
    "Microsoft.Network/operations$", re.IGNORECASE)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    swagger.reference()
    with running(tmp_path_factory.mktemp("examples")) as found:
        yield found


def test_examples_are_answered_as_described(cloud: Cloud) -> None:
    chapter = explained.Chapter(
        "examples", "Microsoft's examples", "Each example of an operation is sent after what it takes for granted was "
        "made. Status and headers are those described, the answer fits the schema, and holds what was sent.")
    for example in swagger.examples():
        if not _OTHERS.search(example.path):
            chapter.count(example.type.split("/")[0].lower(), examples.differences(cloud, example))
    assert not chapter.unexplained, "\n".join(chapter.unexplained)
    assert not chapter.stale()
    explained.check(chapter)
