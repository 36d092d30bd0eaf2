"""Link failover tests: traffic is taken off one link, the customer watches the other, and puts it back. Realised: the
edge closes its session with the customer, or tells a longer path over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

from trunkline.api.declaration import Action, Ledger, Question
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import circuit_view
from trunkline.model.circuit import Leg
from trunkline.model.failover import (
    LINK_TEST_LIMIT_S,
    LinkStopRequest,
    LinkTest,
    TestCategory,
    TestStatus,
    link_tests,
    with_link_tests,
)
from trunkline.model.resource import Resource, now

_LINKS = {leg.value: leg for leg in Leg}
_CATEGORIES = {category.value.lower(): category for category in TestCategory}


#: The SDK's word, then az's.
_CATEGORY = ("circuitTestCategory", "circuitMaintenanceCategory")


def _seconds(question: Question) -> int:
    """How long the test may run; 0 if that is no such number."""
    given = question.parameters["expiresInSeconds"]
    if not given:
        return LINK_TEST_LIMIT_S
    is_number = given.isascii() and given.isdecimal() and len(given) <= len(str(LINK_TEST_LIMIT_S))
    return int(given) if is_number and int(given) <= LINK_TEST_LIMIT_S else 0


def _running(circuit: Resource) -> LinkTest | None:
    return next((test for test in link_tests(circuit) if test.running), None)


def _category(question: Question) -> str:
    return "".join(question.parameters[word] for word in _CATEGORY)


def _startable(circuit: Resource, estate: Estate, question: Question) -> Iterator[Fault]:
    link, category = question.parameters["linkType"], _category(question)
    if link.lower() not in _LINKS:
        yield Fault("InvalidLinkType", f"linkType '{link[:40]}' is not a link of the circuit; it is Primary or "
                    "Secondary.", "linkType")
    if category.lower() not in _CATEGORIES:
        yield Fault("InvalidCircuitTestCategory", f"circuitTestCategory '{category[:40]}' is not known; it is "
                    "BgpDisconnect or ASPathPrepend.", "circuitTestCategory")
    if not _seconds(question):
        yield Fault("InvalidExpiry", f"expiresInSeconds '{question.parameters['expiresInSeconds'][:40]}' is no number "
                    f"of seconds from 1 to {LINK_TEST_LIMIT_S}, after which the test ends by itself. Leave it out for "
                    "the longest.", "expiresInSeconds")
    view = circuit_view(estate, circuit.id)
    if view is None or view.private is None:
        yield Fault("PrivatePeeringRequired", f"Circuit {circuit.id} has no private peering over IPv4 whose session "
                    "could be closed. Create AzurePrivatePeering on a circuit that a provider sells.")
    if test := _running(circuit):
        yield Conflict("FailoverTestIsRunning", f"Failover test {test.test_guid} of link {test.link} runs on circuit "
                       f"{circuit.id}; a circuit has one at a time. Stop it first.")


def _start(circuit: Resource, _ledger: Ledger, question: Question) -> Resource:
    test = LinkTest(test_guid=str(uuid4()), leg=_LINKS[question.parameters["linkType"].lower()],
                    category=_CATEGORIES[_category(question).lower()], start_time=now().isoformat(),
                    expires_in_s=_seconds(question))
    return replace(circuit, system=with_link_tests(circuit, (*link_tests(circuit), test)))


def _stoppable(circuit: Resource, _estate: Estate, question: Question) -> Iterator[Fault]:
    test = _running(circuit)
    if test is None:
        yield Conflict("FailoverTestNotRunning", f"No failover test runs on circuit {circuit.id}; there is nothing to "
                       "stop.")
        return
    said = LinkStopRequest.model_validate(question.body).link_type
    if said and said.lower() != test.leg:
        yield Conflict("FailoverTestNotRunning", f"linkType '{said[:40]}' is not tested on circuit {circuit.id}: test "
                       f"{test.test_guid} is of link {test.link}. Say that, or leave linkType out.", "linkType")


def _stop(circuit: Resource, _ledger: Ledger, question: Question) -> Resource:
    said = LinkStopRequest.model_validate(question.body)
    ended = {"status": TestStatus.COMPLETED, "end_time": now().isoformat(), "is_verified": said.is_verified,
             "was_simulation_successful": said.was_simulation_successful}
    return replace(circuit, system=with_link_tests(circuit, tuple(
        test.model_copy(update=ended) if test.running else test for test in link_tests(circuit))))


def _last(circuit: Resource, _estate: Estate, _question: Question) -> str:
    """The id of the test that was started or stopped."""
    return link_tests(circuit)[-1].test_guid


def _remembered(circuit: Resource, _estate: Estate, question: Question) -> Iterator[Fault]:
    wanted = question.parameters["failoverTestId"]
    if wanted.lower() not in {test.test_guid for test in link_tests(circuit)}:
        yield Fault("FailoverTestNotFound", f"failoverTestId '{wanted[:40]}' is no test of circuit {circuit.id}. "
                    "getCircuitLinkFailoverAllTestsDetails lists them.", "failoverTestId", status=404)


FAILOVER_TESTS = (
    Action("startCircuitLinkFailoverTest", query=("linkType", *_CATEGORY, "expiresInSeconds"), check=_startable,
           change=_start, answer=_last),
    Action("stopCircuitLinkFailoverTest", body=LinkStopRequest, check=_stoppable, change=_stop, answer=_last),
    Action("getCircuitLinkFailoverAllTestsDetails", query=("failoverTestType", "fetchLatest")),
    Action("getCircuitLinkFailoverSingleTestDetails", query=("linkType", *_CATEGORY, "failoverTestId"),
           check=_remembered),
)
