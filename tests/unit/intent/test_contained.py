"""What containment does to the sessions of a leg, and to nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

import estates
from trunkline.intent.bgp import Action, Refusal, RibEntry, Router, Session
from trunkline.intent.bgp.evaluate import evaluate
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CUSTOMER, GATEWAY
from trunkline.intent.estate import Snapshot
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT
from trunkline.model.circuit import Leg
from trunkline.model.containment import CONTAINMENT
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json, Resource

OWN = "10.10.0.0/16"


def containment(action: str, leg: Leg = Leg.PRIMARY, **changed: object) -> Resource:
    wish: Json = {"circuit": estates.link(CIRCUIT, "er1"), "leg": leg.value, "action": action, **changed}
    return estates.resource(estates.rid(CONTAINMENT, action), wish, {"expiresAt": "2030-01-01T00:00:00+00:00"})


def vrf(leg: Leg, *containments: Resource) -> Router:
    estate = Snapshot([*estates.whole(), *containments])
    scope = Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, leg)
    return compile(scope, estate, AZURE).routers[0]


def of(router: Router, group: str) -> list[Session]:
    return [session for session in router.sessions if session.group == group]


def automatic(prefix: str) -> Resource:
    one = containment("dropPrefix", prefixes=[prefix])
    return replace(one, system={**one.system, "event": "e1"})


@pytest.mark.parametrize("one", [containment("dropPrefix", prefixes=["10.20.0.0/16"]), automatic(OWN)])
def test_anothers_prefix_or_one_of_an_event_is_refused_first_and_with_the_reason(one: Resource) -> None:
    plain, router = vrf(Leg.PRIMARY), vrf(Leg.PRIMARY, one)
    rule = of(router, CUSTOMER)[0].import_policy.rules[0]
    assert (rule.action, rule.refusal) == (Action.DENY, Refusal.CONTAINED)
    assert [(each.prefix, each.at_least, each.at_most) for each in rule.prefixes] == [
        (*one.properties["prefixes"], 16, 16)]
    assert of(router, CUSTOMER)[0].import_policy.rules[1:] == of(plain, CUSTOMER)[0].import_policy.rules
    assert of(router, GATEWAY) == of(plain, GATEWAY)


def test_the_customers_own_prefix_is_let_in_and_told_to_nobody() -> None:
    """So that what its router goes on to send over the leg is no spoof, and answers come over the other."""
    router = vrf(Leg.PRIMARY, containment("dropPrefix", prefixes=[OWN]))
    (session,), inner = of(router, CUSTOMER), of(router, GATEWAY)
    for prefix, told in ((OWN, False), ("10.11.0.0/16", True)):
        taken = evaluate(session.import_policy, RibEntry(prefix, "172.16.0.1", session.name, (65010,)), CUSTOMER)
        assert taken.permitted
        assert [evaluate(one.export_policy, taken.entry, CUSTOMER).permitted for one in inner] == [told] * len(inner)
    martian = containment("dropPrefix", prefixes=["127.0.0.0/8"])
    refused = RibEntry("127.0.0.0/8", "172.16.0.1", session.name, (65010,))
    assert not evaluate(of(vrf(Leg.PRIMARY, martian), CUSTOMER)[0].import_policy, refused, CUSTOMER).permitted


def test_stopped_export_leaves_the_customers_session_as_it_is() -> None:
    plain, router = vrf(Leg.PRIMARY), vrf(Leg.PRIMARY, containment("stopExport"))
    assert of(router, CUSTOMER) == of(plain, CUSTOMER)
    assert {rule.action for one in of(router, GATEWAY) for rule in one.export_policy.rules} == {Action.DENY}


def test_a_shut_leg_closes_the_customers_session_alone() -> None:
    router = vrf(Leg.PRIMARY, containment("shutLeg"))
    assert [(one.enabled, one.closed_by) for one in of(router, CUSTOMER)] == [(False, "a containment")]
    assert all(one.enabled for one in of(router, GATEWAY))


@pytest.mark.parametrize("action", ["dropPrefix", "stopExport", "shutLeg"])
def test_the_other_leg_stays_as_it_is(action: str) -> None:
    more = {"prefixes": ["10.20.0.0/16"]} if action == "dropPrefix" else {}
    assert vrf(Leg.SECONDARY, containment(action, **more)) == vrf(Leg.SECONDARY)


def test_another_peering_of_the_leg_stays_as_it_is() -> None:
    plain, router = vrf(Leg.PRIMARY), vrf(Leg.PRIMARY, containment("shutLeg", peering="MicrosoftPeering"))
    assert router == plain
    assert [one.enabled for one in of(vrf(Leg.PRIMARY, containment("shutLeg", peering="AzurePrivatePeering")),
                                      CUSTOMER)] == [False]
