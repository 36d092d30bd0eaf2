"""Site failover tests of a gateway: its connections to the circuits at one peering location are closed until the
customer stops the test, who watches whether the others carry on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

from trunkline.api.declaration import Action, Ledger, Question, Refusal
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import connections
from trunkline.model.failover import SiteStopRequest, SiteTest, TestStatus, site_tests, with_site_tests
from trunkline.model.network import GatewayType, VirtualNetworkGateway
from trunkline.model.resource import Resource, now


def only_express_route(gateway: Resource, _estate: Estate, _question: Question) -> Iterator[Fault]:
    kind = VirtualNetworkGateway.model_validate(gateway.properties).gateway_type
    if kind is not GatewayType.EXPRESS_ROUTE:
        yield Fault("GatewayTypeNotSupported", f"{gateway.id} is of gatewayType {kind}, and only ExpressRoute gateways "
                    "have circuits. Ask one of those.")


def _running(gateway: Resource) -> SiteTest | None:
    return next((test for test in site_tests(gateway) if test.running), None)


def _locations(gateway: Resource, estate: Estate) -> tuple[str, ...]:
    """Of the circuits that it is connected to."""
    return tuple(sorted({one.circuit.location for one in connections(estate, gateway.id)}))


def _startable(gateway: Resource, estate: Estate, question: Question) -> Iterator[Fault]:
    yield from only_express_route(gateway, estate, question)
    wanted, known = question.parameters["peeringLocation"], _locations(gateway, estate)
    if wanted.casefold() not in map(str.casefold, known):
        yield Fault("InvalidPeeringLocation", f"peeringLocation '{wanted[:80]}' is no location of a circuit that "
                    f"{gateway.id} is connected to; {_said(known)}.", "peeringLocation")
    elif wanted.casefold().endswith(" metro"):
        yield Fault("MetroNotSupported", f"peeringLocation '{wanted[:80]}' is a metro, whose circuit has its links at "
                    "two sites; site failover tests are for circuits with both links at one. Test a link of the "
                    "circuit with startCircuitLinkFailoverTest.", "peeringLocation")
    elif len(known) < 2:
        yield Fault("SecondPeeringLocationRequired", f"{gateway.id} is connected to circuits at {known[0]} alone, so "
                    "nothing would be left while it is tested. Connect it to a circuit at another location first.")
    if test := _running(gateway):
        yield Conflict("FailoverTestIsRunning", f"Failover test {test.test_guid} of {test.peering_location} runs on "
                       f"{gateway.id}; a gateway has one at a time. Stop it first.")


def _said(locations: tuple[str, ...]) -> str:
    return f"these are {', '.join(locations)}" if locations else "it is connected to none"


def _start(gateway: Resource, ledger: Ledger, question: Question) -> Resource:
    wanted = question.parameters["peeringLocation"].casefold()
    place = next(one for one in _locations(gateway, ledger) if one.casefold() == wanted)
    test = SiteTest(test_guid=str(uuid4()), peering_location=place, start_time=now().isoformat())
    return replace(gateway, system=with_site_tests(gateway, (*site_tests(gateway), test)))


def _stoppable(gateway: Resource, _estate: Estate, question: Question) -> Iterator[Fault]:
    test = _running(gateway)
    if test is None:
        yield Conflict("FailoverTestNotRunning", f"No failover test runs on {gateway.id}; there is nothing to stop.")
        return
    said = SiteStopRequest.model_validate(question.body).peering_location
    if said and said.casefold() != test.peering_location.casefold():
        yield Conflict("FailoverTestNotRunning", f"peeringLocation '{said[:80]}' is not tested on {gateway.id}: test "
                       f"{test.test_guid} is of {test.peering_location}. Say that, or leave peeringLocation out.",
                       "peeringLocation")


def _stop(gateway: Resource, _ledger: Ledger, question: Question) -> Resource:
    said = SiteStopRequest.model_validate(question.body)
    ended = {"status": TestStatus.COMPLETED, "end_time": now().isoformat(), "details": said.details,
             "was_simulation_successful": said.was_simulation_successful}
    return replace(gateway, system=with_site_tests(gateway, tuple(
        test.model_copy(update=ended) if test.running else test for test in site_tests(gateway))))


def _last(gateway: Resource, _estate: Estate, _question: Question) -> str:
    """The id of the test that was started or stopped."""
    return site_tests(gateway)[-1].test_guid


def _remembered(gateway: Resource, estate: Estate, question: Question) -> Iterator[Fault]:
    yield from only_express_route(gateway, estate, question)
    wanted = question.parameters["failoverTestId"]
    if wanted.lower() not in {test.test_guid for test in site_tests(gateway)}:
        yield Fault("FailoverTestNotFound", f"failoverTestId '{wanted[:40]}' is no test of {gateway.id}. "
                    "getFailoverAllTestsDetails lists them.", "failoverTestId", status=404)


SITE_FAILOVER_TESTS = (
    Action("startSiteFailoverTest", query=("peeringLocation",), check=_startable, change=_start, answer=_last),
    Action("stopSiteFailoverTest", body=SiteStopRequest, check=_stoppable, change=_stop, answer=_last),
    Action("getFailoverAllTestsDetails", query=("type", "fetchLatest"), check=only_express_route),
    Action("getFailoverSingleTestDetails", query=("peeringLocation", "failoverTestId"), check=_remembered),
)

_OF_A_HUB = Refusal(
    "FailoverTestNotSupported", "Failover tests of a Virtual WAN's gateway are not offered, those of virtual network "
    "gateways are. Rehearse with PUT Trunkline.Plant/faults, or 'trunkline drill failover'.")

REFUSED_FAILOVER_TESTS = tuple(Action(test.name, refused=_OF_A_HUB) for test in SITE_FAILOVER_TESTS)
