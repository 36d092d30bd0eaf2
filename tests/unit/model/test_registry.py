"""Route objects, and who may announce a prefix by them and by ROAs."""

from __future__ import annotations

import pytest

from trunkline.errors import Fault
from trunkline.model.peering import RoutingRegistry
from trunkline.model.registry import Registries, RouteObject, parse
from trunkline.model.vrp import Validation, Vrp

DUMP = """
% a server's own line
route:      104.1.0.0/16   # a remark
descr:      several
            lines
+
origin:     AS3333
source:     RIPE

person:     Nobody
source:     RIPE

route6:     2a01:111::/32
origin:     as3333
source:     radb
"""
FOUND = (RouteObject("104.1.0.0/16", 3333, "RIPE"), RouteObject("2a01:111::/32", 3333, "RADB"))


def test_route_objects_are_read_and_other_classes_passed_over() -> None:
    assert parse(DUMP) == FOUND


@pytest.mark.parametrize(("text", "told"), [
    ("", "no route or route6 object"), ("route 104.1.0.0/16\n", "no colon"), (" continues\n", "none before it"),
    ("route: 104.1.0.0/16\nsource: RIPE\n", "has no 'origin:'"),
    ("route: 104.1.0.0/16\norigin: AS1\n", "has no 'source:'"),
    ("route: 104.1.0.1/16\norigin: AS1\nsource: X\n", "is not an IPv4 prefix"),
    ("route: 2a01::/32\norigin: AS1\nsource: X\n", "is not an IPv4 prefix"),
    ("route6: 104.1.0.0/16\norigin: AS1\nsource: X\n", "is not an IPv6 prefix"),
    ("route: 104.1.0.0/16\norigin: 3333\nsource: X\n", "is not an AS number"),
    ("route: 104.1.0.0/16\norigin: AS99999999999\nsource: X\n", "is not an AS number")])
def test_what_is_broken_is_told_by_line(text: str, told: str) -> None:
    with pytest.raises(Fault, match=told) as raised:
        parse(text)
    assert raised.value.code == "RegistryFileIsBroken"


@pytest.mark.parametrize(("prefix", "asn", "registry", "vouched", "known"), [
    ("104.1.0.0/16", 3333, RoutingRegistry.NONE, True, True),
    ("104.1.7.0/24", 3333, RoutingRegistry.NONE, True, True),
    ("104.1.7.0/24", 3333, RoutingRegistry.RIPENCC, True, True),
    ("104.1.7.0/24", 3333, RoutingRegistry.RADB, False, False),
    ("104.1.7.0/24", 3334, RoutingRegistry.NONE, False, True),
    ("104.0.0.0/15", 3333, RoutingRegistry.NONE, False, False),
    ("2a01:111:f::/48", 3333, RoutingRegistry.RADB, True, True)])
def test_an_object_vouches_for_what_lies_in_it(
        prefix: str, asn: int, registry: RoutingRegistry, vouched: bool, known: bool) -> None:
    word = Registries(FOUND).ask(prefix, asn, registry)
    assert (word.vouched, word.known) == (vouched, known)
    assert word.by


@pytest.mark.parametrize(("asn", "length", "vouched"), [(3333, 16, True), (3333, 24, False), (3334, 16, False)])
def test_a_roa_decides_whatever_objects_say(asn: int, length: int, vouched: bool) -> None:
    registries = Registries(FOUND, Validation([Vrp("104.1.0.0/16", 16, 3333)]))
    assert registries.ask(f"104.1.0.0/{length}", asn).vouched is vouched
