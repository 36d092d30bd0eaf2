"""Where VRPs come from, as a wish: a file or a cache, one for each leg or one for both."""

from __future__ import annotations

import pytest

from trunkline.intent.view import VALIDATOR
from unit.api_resources.desk import OTHER, Desk, codes, rid

OWN, FILE = rid(VALIDATOR, "own"), {"file": "/var/lib/rpki-client/json"}


@pytest.mark.parametrize(("body", "words"), [
    ({}, "give either file or cache"),
    ({**FILE, "cache": {"address": "192.0.2.1"}}, "give either file or cache"),
    ({"file": "vrps.json"}, "'vrps.json' is not an absolute path"),
    ({"file": "/a\0b"}, "is not an absolute path"),
    ({"cache": {"address": "rtr example"}}, "neither a host's name nor an IP address"),
    ({"cache": {"address": ""}}, "neither a host's name nor an IP address"),
    ({"cache": {"address": "192.0.2.1", "port": 0}}, "port"),
    ({"cache": {"address": "192.0.2.1", "port": 65536}}, "port"),
    ({"cache": {}}, "address"),
    ({**FILE, "slurmFile": "slurm.json"}, "'slurm.json' is not an absolute path"),
    ({**FILE, "leg": "tertiary"}, "leg"),
    ({**FILE, "staleAfterInHours": 0}, "staleAfterInHours"),
    ({**FILE, "lostBoundInPercent": 101}, "lostBoundInPercent"),
    ({**FILE, "invalidatedBoundInPercent": -1}, "invalidatedBoundInPercent"),
])
def test_each_wrong_field_is_told(body: dict, words: str) -> None:
    fault, = Desk().refusal(OWN, body)
    assert words in f"{fault.target} {fault}"


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "rtr.example.net", "localhost", "::1"])
def test_a_cache_is_named_by_address_or_name(address: str) -> None:
    assert not Desk().refusal(OWN, {"cache": {"address": address, "port": 8282}})


def test_a_leg_has_one_source_and_both_legs_may_have_one_besides() -> None:
    desk = Desk()
    desk.put(OWN, FILE)
    assert not desk.refusal(OWN, {**FILE, "staleAfterInHours": 2})
    assert codes(desk.refusal(rid(VALIDATOR, "second", subscription=OTHER), FILE)) == ["ValidatorExists"]
    desk.put(rid(VALIDATOR, "p"), {**FILE, "leg": "primary"})
    assert not desk.refusal(rid(VALIDATOR, "s"), {**FILE, "leg": "secondary"})
    fault, = desk.refusal(rid(VALIDATOR, "p2"), {**FILE, "leg": "primary"})
    assert (fault.code, "primary leg" in str(fault)) == ("ValidatorExists", True)
