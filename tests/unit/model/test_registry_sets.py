"""As-sets of a registry: who is in them, through sets in sets, and which prefixes that makes."""

from __future__ import annotations

from trunkline.model.registry import Registries, RouteObject, SetObject, parse

DUMP = """\
as-set:  AS-CONE
members: AS2611, as-inner,
+        AS-LOOP
members: AS15169
source:  RIPE

as-set:  AS-INNER
members: AS1104
source:  RIPE

as-set:  AS-LOOP
members: AS-CONE, AS-NOWHERE
source:  RADB

route:   193.190.0.0/16
origin:  AS2611
source:  RIPE

route6:  2001:6a8::/32
origin:  AS2611
source:  RIPE

route:   145.101.0.0/16
origin:  AS1104
source:  RADB
"""


def test_a_dump_has_sets_beside_routes() -> None:
    found = parse(DUMP)
    assert SetObject("AS-INNER", ("AS1104",), "RIPE") in found
    assert RouteObject("145.101.0.0/16", 1104, "RADB") in found


def test_members_are_found_through_sets_in_sets_and_circles_end() -> None:
    known = Registries(parse(DUMP))
    assert known.members(["as-cone"]) == (1104, 2611, 15169)
    assert known.members(["AS-LOOP", "AS3333"]) == (1104, 2611, 3333, 15169)
    assert known.members(["AS-NOWHERE"]) == ()


def test_a_set_may_be_meant_of_one_registry_alone() -> None:
    known = Registries(parse(DUMP))
    assert known.members(["RIPE::AS-INNER"]) == (1104,)
    assert known.members(["RADB::AS-INNER"]) == ()


def test_prefixes_are_those_of_the_origins() -> None:
    known = Registries(parse(DUMP))
    assert known.prefixes([2611]) == ("193.190.0.0/16", "2001:6a8::/32")
    assert known.prefixes(known.members(["AS-INNER"])) == ("145.101.0.0/16",)
    assert known.prefixes([64512]) == ()
