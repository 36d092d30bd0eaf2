"""AS numbers and prefixes, compared with plain arithmetic on numbers."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_interface, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from trunkline.model.bgp import (
    CustomerAsn,
    PeeringPrefix,
    Prefix,
    customer_address,
    edge_address,
    overlaps,
    reserved_asn,
    within,
)

#: azure-facts 2.3 and the RFCs that each reason names.
RESERVED = {0, 12076, 23456, *range(65515, 65521), 65535, 4294967295}

ASNS = st.one_of(st.integers(0, 4294967295), st.sampled_from(sorted(RESERVED)),
                 st.sampled_from(sorted(RESERVED)).map(lambda asn: min(asn + 1, 4294967295)))


def networks(bits: int) -> st.SearchStrategy[IPv4Network | IPv6Network]:
    """Of one family, crowded enough to meet often."""
    family = IPv4Network if bits == 32 else IPv6Network
    return st.builds(
        lambda number, length: family((number << (bits - 8), length), strict=False),
        st.integers(0, 255), st.integers(0, 10))


PAIRS = st.one_of(*(st.tuples(networks(bits), networks(bits)) for bits in (32, 128)))


def addresses(network: IPv4Network | IPv6Network) -> range:
    return range(int(network[0]), int(network[-1]) + 1)


@given(ASNS)
def test_exactly_the_reserved_numbers_are_refused_with_a_reason(asn: int) -> None:
    assert bool(reserved_asn(asn)) == (asn in RESERVED)


@given(ASNS)
def test_a_customer_has_a_number_that_is_not_reserved(asn: int) -> None:
    if asn in RESERVED:
        with pytest.raises(ValidationError, match=str(asn)):
            TypeAdapter(CustomerAsn).validate_python(asn)
    else:
        assert TypeAdapter(CustomerAsn).validate_python(asn) == asn


@pytest.mark.parametrize("asn", [-1, 4294967296])
def test_an_as_number_has_four_bytes(asn: int) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(CustomerAsn).validate_python(asn)


@given(PAIRS)
def test_prefixes_overlap_when_they_share_an_address(pair: tuple[IPv4Network, IPv4Network]) -> None:
    one, other = map(addresses, pair)
    shared = max(one.start, other.start) < min(one.stop, other.stop)

    assert overlaps(str(pair[0]), str(pair[1])) == overlaps(str(pair[1]), str(pair[0])) == shared


@given(PAIRS)
def test_a_prefix_is_within_another_that_has_all_its_addresses(pair: tuple[IPv4Network, IPv4Network]) -> None:
    inner, outer = map(addresses, pair)

    assert within(str(pair[0]), str(pair[1])) == (outer.start <= inner.start and inner.stop <= outer.stop)


@given(networks(32), networks(128))
def test_families_never_meet(four: IPv4Network, six: IPv6Network) -> None:
    assert not overlaps(str(four), str(six))
    assert not within(str(six), str(four))
    assert not within(str(four), str(six))


@given(st.one_of(
    st.integers(0, 2**30 - 1).map(lambda number: IPv4Network((number << 2, 30))),
    st.integers(0, 2**126 - 1).map(lambda number: IPv6Network((number << 2, 126)))))
def test_the_customer_takes_the_first_usable_address_and_the_edge_the_second(
        subnet: IPv4Network | IPv6Network) -> None:
    customer, edge = ip_interface(customer_address(str(subnet))), ip_interface(edge_address(str(subnet)))

    assert customer.network == edge.network == subnet
    assert int(customer.ip) == int(subnet.network_address) + 1
    assert int(edge.ip) == int(subnet.network_address) + 2
    assert TypeAdapter(PeeringPrefix).validate_python(str(subnet)) == str(subnet)


@given(networks(32).filter(lambda network: network.prefixlen not in (0, 30)))
def test_a_peering_subnet_of_another_size_is_refused_with_its_size(network: IPv4Network) -> None:
    with pytest.raises(ValidationError, match=rf"/{network.prefixlen}.*/30"):
        TypeAdapter(PeeringPrefix).validate_python(str(network))


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_a_prefix_has_no_host_bits(number: int, length: int) -> None:
    text = f"{IPv4Address(number)}/{length}"

    if str(ip_network(text, strict=False)) == text:
        assert TypeAdapter(Prefix).validate_python(text) == text
    else:
        with pytest.raises(ValidationError):
            TypeAdapter(Prefix).validate_python(text)


@given(st.text(max_size=20))
def test_any_text_is_a_prefix_or_a_validation_error(text: str) -> None:
    try:
        valid = TypeAdapter(Prefix).validate_python(text)
    except ValidationError:
        return
    assert str(ip_network(valid)) == valid
