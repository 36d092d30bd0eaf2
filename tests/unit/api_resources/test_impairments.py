"""Line conditions as wishes: what is refused, and what is said then."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from trunkline.intent.view import EXCHANGE_ORDER, IMPAIRMENT, SITE
from trunkline.model.resource import now
from unit.api_resources.desk import ER1, OTHER, STANDARD, Desk, an_order, codes, rid

BAD = rid(IMPAIRMENT, "bad")


@pytest.fixture
def desk() -> Desk:
    """A circuit whose primary leg alone is ordered, and no gateway."""
    desk = Desk()
    circuit = desk.put(ER1, an_order(), sku=STANDARD)
    desk.put(rid(SITE, "paris"), {"asn": 65010, "prefixes": ["10.10.0.0/16"], "lan": "10.10.1.0/24",
                                  "routers": [{"name": "ce1"}]})
    desk.put(rid(EXCHANGE_ORDER, "vxc1"), {
        "serviceKey": circuit.system["serviceKey"], "site": {"id": str(rid(SITE, "paris"))},
        "primary": {"router": "ce1"}})
    return desk


def wish(**changed: object) -> dict:
    return {"circuit": {"id": str(ER1)}, "leg": "primary", "lossInPercent": 2, **changed}


def test_it_ends_by_itself_and_its_time_begins_anew_with_each_write(desk: Desk) -> None:
    for seconds in (60, 86_400):
        desk.put(BAD, wish(expiresInSeconds=seconds))
        ends = datetime.fromisoformat(desk.shown(BAD)["expiresAt"])
        assert abs(ends - now() - timedelta(seconds=seconds)) < timedelta(seconds=30)


@pytest.mark.parametrize(("changed", "words"), [
    ({"lossInPercent": 0}, "at least one of lossInPercent"),
    ({"lossInPercent": 101}, "100"), ({"lossInPercent": -1}, "0"), ({"lossInPercent": 0.0001}, "steps of 0.001"),
    ({"delayInMilliseconds": 10_001}, "10000"), ({"jitterInMilliseconds": 1}, "before it was sent"),
    ({"delayInMilliseconds": 5, "jitterInMilliseconds": 6}, "more than delayInMilliseconds 5"),
    ({"expiresInSeconds": 86_401}, "86400"), ({"expiresInSeconds": 0}, "1"), ({"direction": "up"}, "'both'"),
    ({"leg": "third"}, "secondary"), ({"at": "moon"}, "'link'"), ({"site": "Amsterdam"}, "site does not name"),
    ({"leg": None}, "leg is missing"), ({"at": "link", "site": "Amsterdam"}, "to is missing"),
    ({"at": "link", "site": "Amsterdam", "to": "westeurope"}, "circuit does not name")])
def test_what_no_line_does_is_refused(desk: Desk, changed: dict, words: str) -> None:
    fault, *_ = desk.refusal(BAD, wish(**changed))
    assert fault.code == "InvalidPropertyValue"
    assert re.search(words, str(fault))


@pytest.mark.parametrize(("changed", "words"), [
    ({"leg": "secondary"}, "secondary leg of circuit er1 has no link 'handoff'. It has trunk."),
    ({"circuit": None, "leg": None, "at": "link", "site": "Amsterdam", "to": "Seattle"}, "links to Amsterdam2"),
    ({"circuit": None, "at": "link", "site": "Atlantis", "to": "Seattle"}, "no site 'Atlantis'")])
def test_a_link_that_is_not_there_is_told_with_those_that_are(desk: Desk, changed: dict, words: str) -> None:
    fault, = desk.refusal(BAD, wish(**changed))
    assert fault.code == "ImpairedLinkNotFound"
    assert words in str(fault)


def test_a_backbone_link_is_one_whichever_way_it_is_named(desk: Desk) -> None:
    named = {"circuit": None, "leg": None, "at": "link", "site": "Amsterdam", "to": "westeurope"}
    desk.put(BAD, wish(**named))
    other = rid(IMPAIRMENT, "worse")
    turned = {**named, "site": "westeurope", "to": "amsterdam", "leg": "secondary"}
    assert codes(desk.refusal(other, wish(**turned))) == ["LineAlreadyImpaired"]
    desk.put(BAD, wish(**named, direction="in"))
    assert not desk.refusal(other, wish(**turned, direction="in"))


def test_a_circuit_that_is_not_there_or_not_theirs_is_refused(desk: Desk) -> None:
    assert codes(desk.refusal(BAD, wish(circuit={"id": str(rid(ER1.type, "none"))}))) == ["InvalidResourceReference"]
    foreign = rid(IMPAIRMENT, "bad", subscription=OTHER)
    assert codes(desk.refusal(foreign, wish())) == ["InvalidResourceReference"]


def test_a_link_has_one_set_of_conditions_in_each_direction(desk: Desk) -> None:
    desk.put(BAD, wish(direction="in"))
    other = rid(IMPAIRMENT, "worse")
    for direction in ("in", "both"):
        fault, = desk.refusal(other, wish(direction=direction))
        assert (fault.code, fault.target) == ("LineAlreadyImpaired", "direction")
        assert str(BAD) in str(fault)
    assert not desk.refusal(other, wish(direction="out"))
    assert not desk.refusal(other, wish(at="trunk"))
    assert not desk.refusal(BAD, wish(direction="both", lossInPercent=100))


def test_it_stays_on_its_link(desk: Desk) -> None:
    desk.put(BAD, wish())
    fault, = desk.refusal(BAD, wish(at="trunk"))
    assert (fault.code, fault.target) == ("PropertyChangeNotAllowed", "at")
