"""Origin validation as compiled: a cache for each leg of a location, a link to it for each router that validates."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from trunkline.intent.bgp import Action, Refusal, Validity
from trunkline.intent.compile import compile
from trunkline.intent.compile.validation import origin_rules, router_address, validated, validator_scope
from trunkline.intent.drivers import Change
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import Cache, Node, Role
from trunkline.intent.scope import PLANT
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.simulation import SimulatedPlane


def test_each_leg_of_a_location_has_a_cache_of_its_own() -> None:
    blueprints = [compile(validator_scope("Amsterdam", leg), Snapshot(), AZURE) for leg in Leg]
    caches = [piece for one in blueprints for piece in one.pieces if isinstance(piece, Cache)]
    assert [cache.serves for cache in caches] == ["primary", "secondary"]
    assert not blueprints[0].nodes & blueprints[1].nodes
    assert {one.scope.kind for one in blueprints} <= PLANT


def test_a_validator_forwards_nothing() -> None:
    blueprint = compile(validator_scope("Amsterdam", Leg.PRIMARY), Snapshot(), AZURE)
    node = next(piece for piece in blueprint.pieces if isinstance(piece, Node))
    assert (node.role, node.forwarding) == (Role.VALIDATOR, False)


def test_a_router_reaches_the_cache_of_its_leg_over_a_link_of_its_own() -> None:
    found = validated("vrf-x", "Amsterdam", Leg.PRIMARY)
    plane, plant = SimulatedPlane(), compile(found.scope, Snapshot(), AZURE)
    plane.apply(Change(ensure=(*plant.pieces, Node("vrf-x", Role.VRF), found.link)))
    assert plane.reaches("vrf-x", found.source.address) in plant.nodes
    assert plane.observe([found.link, *plant.pieces]) == {found.link.key, *plant.keys}


def test_routers_of_one_cache_have_addresses_of_their_own_that_no_customer_may_announce() -> None:
    addresses = {router_address(f"vrf-{number}") for number in range(1000)}
    assert len(addresses) == 1000
    assert all(ip_address(address).is_private for address in addresses)


def test_unknown_origins_are_refused_where_the_profile_says_so() -> None:
    def refusals(refuse: bool) -> list[tuple[tuple[Validity, ...], Refusal]]:
        rules = origin_rules(replace(AZURE, refuses_unknown_origins=refuse))
        assert {rule.action for rule in rules} == {Action.DENY}
        return [(rule.validity, rule.refusal) for rule in rules]
    always = [((Validity.BLIND,), Refusal.RPKI_BLIND), ((Validity.INVALID,), Refusal.RPKI_INVALID)]
    assert refusals(False) == always
    assert refusals(True) == [*always, ((Validity.NOT_FOUND,), Refusal.RPKI_NOT_FOUND)]
