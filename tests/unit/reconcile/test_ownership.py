"""Another's public prefix, and what a tenant tries to get it: an AS number alone proves nothing, and a prefix is of one
subscription."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import estates
from trunkline import settings
from trunkline.intent.peering import PREFIX_APPROVAL
from trunkline.intent.scope import Scope
from trunkline.intent.validation import ASN_BINDING, validation_id, verdicts
from trunkline.intent.view import CIRCUIT, PEERING
from trunkline.model.resource import ProvisioningState, Resource, ResourceId
from trunkline.reconcile.registrar import Registrar
from trunkline.settings import Places
from trunkline.store import Store

STRANGE = "99999999-0000-0000-0000-000000000000"
VICTIM, ATTACKER = (estates.rid(PEERING, "er1", "MicrosoftPeering", subscription=one)
                    for one in (estates.SUBSCRIPTION, STRANGE))
PREFIX, ASN = "104.1.0.0/16", 3333


def peering(whose: ResourceId, prefix: str = PREFIX, asn: int = ASN, **config: object) -> Resource:
    found = estates.microsoft(asn=asn, microsoftPeeringConfig={"advertisedPublicPrefixes": [prefix], **config})
    return replace(found, id=whose)


def route(*marks: str) -> str:
    return f"route: {PREFIX}\norigin: AS{ASN}\nsource: RADB\n" + "".join(f"remarks: x {one}.\n" for one in marks)


def approval(whose: ResourceId, prefix: str = PREFIX) -> Resource:
    circuit = {"id": str(whose.parent)}
    return estates.resource(estates.rid(PREFIX_APPROVAL, "loa", subscription=whose.subscription),
                            {"circuit": circuit, "prefix": prefix})


def binding(whose: ResourceId, asn: int = ASN) -> Resource:
    return estates.resource(estates.rid(ASN_BINDING, f"as{asn}", subscription=whose.subscription), {"asn": asn})


class Desk:
    def __init__(self, places: Places) -> None:
        self.places, self.store = places, Store(places.database_url)
        circuit, *_ = estates.circuit()
        with self.store.writing() as writer:
            for whose in (VICTIM, ATTACKER):
                assert whose.parent
                writer.put(replace(circuit, id=whose.parent))
        self.registrar = Registrar(self.store, places)

    def put(self, *resources: Resource) -> frozenset[Scope]:
        for one in resources:
            with self.store.writing() as writer:
                known = writer.get(one.id)
                writer.put(replace(one, status=known.status) if known else one)
        return frozenset(scope for one in resources for scope in self.registrar.judge(one.id))

    def end(self, resource: Resource, told: bool = True) -> None:
        with self.store.writing() as writer:
            writer.set_status(resource.id, state=ProvisioningState.DELETING)
        if told:
            self.registrar.judge(resource.id)

    def registry(self, text: str) -> None:
        (self.places.registries / "radb.rpsl").write_text(text)
        self.registrar.refresh()

    def state(self, whose: ResourceId) -> tuple[str, str]:
        with self.store.reading() as reader:
            found = reader.get(whose)
        assert found
        verdict, = verdicts(found, 4)
        return str(verdict.state), verdict.by


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    places = settings.load({}, home=str(tmp_path)).places
    places.registries.mkdir()
    return Desk(places)


def mark(whose: ResourceId, prefix: str = PREFIX) -> str:
    return validation_id(peering(whose), prefix)


@pytest.mark.parametrize("wish", [
    {"asn": ASN}, {"asn": 65001, "customerASN": ASN}, {"asn": ASN, "prefix": "104.1.7.0/24"}])
def test_a_registrys_word_for_an_as_does_not_make_a_tenant_that_as(desk: Desk, wish: dict) -> None:
    desk.registry(route(mark(VICTIM)))
    desk.put(peering(ATTACKER, **wish))
    state, by = desk.state(ATTACKER)
    assert state == "ValidationNeeded"
    assert mark(ATTACKER, wish.get("prefix", PREFIX)) in by, "what to write where"


def test_neither_does_a_roa(desk: Desk) -> None:
    desk.places.served_vrps.mkdir(parents=True)
    (desk.places.served_vrps / "primary.json").write_text(
        f'{{"roas": [{{"prefix": "{PREFIX}", "asn": {ASN}, "maxLength": 24}}]}}')
    desk.put(peering(ATTACKER))
    assert desk.state(ATTACKER)[0] == "ValidationNeeded"
    desk.put(binding(ATTACKER))
    assert desk.state(ATTACKER)[0] == "Configured"


def test_the_maintainers_mark_does(desk: Desk) -> None:
    desk.put(peering(VICTIM))
    desk.registry(route(mark(VICTIM)))
    assert desk.state(VICTIM)[0] == "Configured"


def test_a_mark_of_an_object_of_another_as_or_registry_does_not(desk: Desk) -> None:
    other = route(mark(ATTACKER)).replace(f"AS{ASN}", "AS4444")
    desk.registry(f"{route()}\n{other}")
    desk.put(peering(ATTACKER))
    assert desk.state(ATTACKER)[0] == "ValidationNeeded"
    desk.registry(f"{route().replace('RADB', 'RIPE')}\n{route(mark(ATTACKER))}")
    desk.put(peering(ATTACKER, routingRegistryName="RIPENCC"))
    assert desk.state(ATTACKER)[0] == "ValidationNeeded"


def test_an_operators_binding_counts_for_its_subscription_until_it_is_taken_back(desk: Desk) -> None:
    desk.registry(route())
    desk.put(peering(VICTIM))
    assert desk.put(binding(VICTIM)), "the circuit's legs feel it"
    assert desk.state(VICTIM)[0] == "Configured"
    desk.put(peering(ATTACKER, "104.9.0.0/16"), peering(ATTACKER))
    assert desk.state(ATTACKER)[0] == "ValidationNeeded"
    desk.end(binding(VICTIM))
    assert desk.state(VICTIM)[0] == "ValidationNeeded"


@pytest.mark.parametrize("prefix", [PREFIX, "104.1.7.0/24", "104.0.0.0/14"])
def test_what_one_subscription_has_no_other_gets_not_even_by_an_operators_word(desk: Desk, prefix: str) -> None:
    desk.put(approval(VICTIM), peering(VICTIM), approval(ATTACKER, "104.0.0.0/8"), peering(ATTACKER, prefix))
    state, by = desk.state(ATTACKER)
    assert (desk.state(VICTIM)[0], state) == ("Configured", "ValidationNeeded")
    assert "another subscription" in by
    assert estates.SUBSCRIPTION not in by
    again = Registrar(desk.store, desk.places)
    again.refresh()
    assert (desk.state(VICTIM)[0], desk.state(ATTACKER)[0]) == ("Configured", "ValidationNeeded"), "nor after a restart"


@pytest.mark.parametrize("told", [True, False])
def test_who_waits_gets_it_once_it_is_let_go(desk: Desk, told: bool) -> None:
    """A peering that goes with its circuit is not told by itself."""
    desk.put(approval(VICTIM), peering(VICTIM), approval(ATTACKER), peering(ATTACKER))
    desk.end(peering(VICTIM), told)
    woken = set[Scope]()
    desk.registrar.refresh(woken.update)
    assert desk.state(ATTACKER)[0] == "Configured"
    assert {scope.leg for scope in woken if scope.kind == "leg"} == {"primary", "secondary"}


def test_both_circuits_of_one_subscription_may_announce_the_same(desk: Desk) -> None:
    second = estates.rid(PEERING, "er2", "MicrosoftPeering")
    word = estates.resource(estates.rid(PREFIX_APPROVAL, "loa2"), {
        "circuit": {"id": str(estates.rid(CIRCUIT, "er2"))}, "prefix": PREFIX})
    desk.put(approval(VICTIM), peering(VICTIM), word, peering(second))
    assert (desk.state(VICTIM)[0], desk.state(second)[0]) == ("Configured", "Configured")
