"""What FRR cannot do is refused with its reason; AS number ranges become exact expressions."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.scenarios import CE, CUSTOMER, GATEWAY_0, VRF
from trunkline.errors import Unsupported
from trunkline.intent.bgp import REJECT_ALL, BfdKey
from trunkline.model.profile import BfdMethod
from trunkline.model.resource import Secret
from trunkline.routing.frr.ranges import patterns
from trunkline.routing.frr.render import render

ASN = st.integers(0, 4_294_967_295)


@given(ASN, ASN, st.lists(ASN, max_size=20))
def test_patterns_match_their_range_and_nothing_else(one: int, other: int, samples: list[int]) -> None:
    first, last = sorted((one, other))
    expression = re.compile("|".join(patterns(first, last)))
    near = (first - 1, first, first + 1, last - 1, last, last + 1, (first + last) // 2)
    for number in (*samples, *(sample for sample in near if sample >= 0)):
        assert bool(expression.fullmatch(str(number))) is (first <= number <= last)


def test_a_range_of_private_numbers_needs_few_patterns() -> None:
    assert patterns(64512, 65534) == (
        "6451[2-9]", "645[2-9][0-9]", "64[6-9][0-9][0-9]", "65[0-4][0-9][0-9]", "655[0-2][0-9]", "6553[0-4]")


def test_ttl_security_with_bfd_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="multi-hop"):
        render(replace(VRF, sessions=(GATEWAY_0,)))


def test_authenticated_bfd_is_unsupported() -> None:
    keyed = replace(CUSTOMER, bfd_key=BfdKey(BfdMethod.SHA1, Secret("c0rrectH0rse")))
    with pytest.raises(Unsupported, match="cannot authenticate BFD") as raised:
        render(replace(VRF, sessions=(keyed,)))
    assert "c0rrectH0rse" not in str(raised.value)
    assert render(replace(VRF, sessions=(replace(keyed, bfd=None),))), "without BFD it means nothing"


@pytest.mark.parametrize("beyond", [
    {"interface": ""}, {"reflects": True}, {"every_path": True}, {"recursive": True}, {"heeds_communities": False}])
def test_what_only_routers_of_ours_need_is_unsupported(beyond: dict[str, Any]) -> None:
    with pytest.raises(Unsupported, match="run BIRD"):
        render(replace(VRF, sessions=(replace(CUSTOMER, **beyond),)))


def test_ibgp_under_another_number_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="iBGP"):
        render(replace(VRF, asn=64999, sessions=(replace(CUSTOMER, peer_asn=12076),)))


def test_an_empty_policy_is_a_map_that_denies() -> None:
    text = render(replace(CE, sessions=(replace(CE.sessions[0], export_policy=REJECT_ALL),)))
    assert "route-map circuit-7-primary-export deny 10\nexit\n" in text
    assert "neighbor 172.16.0.2 route-map circuit-7-primary-export out" in text
