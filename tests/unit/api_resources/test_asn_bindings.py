"""An operator's word on whose an AS number is, as a wish."""

from __future__ import annotations

from trunkline.intent.validation import ASN_BINDING
from unit.api_resources.desk import Desk, codes, rid

OWN = rid(ASN_BINDING, "as3333")


def test_a_private_number_is_nobodys() -> None:
    assert codes(Desk().refusal(OWN, {"asn": 65010})) == ["PublicAsnRequired"]


def test_it_stays_that_numbers() -> None:
    desk = Desk()
    desk.put(OWN, {"asn": 3333})
    desk.put(OWN, {"asn": 3333, "evidence": "ticket 7"})
    assert codes(desk.refusal(OWN, {"asn": 3334})) == ["PropertyChangeNotAllowed"]
