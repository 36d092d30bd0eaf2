"""The alias says whose an interface is, and what a borrowed one was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.fabric import ownership
from trunkline.fabric.ownership import Mark
from trunkline.intent.network import Address, Interface, Link, Port, Tunnel

LINK = Link(Interface("one", "eth0"), Interface("two", "eth0"))
TUNNEL = Tunnel("core", Interface("vrf", "t0"), 1, "192.0.2.1", "192.0.2.2")
name = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/"), min_size=1, max_size=15)


@given(name, st.integers(68, 65535))
def test_a_borrowed_interface_is_remembered_whatever_its_name(original: str, mtu: int) -> None:
    mark = Mark("abcd", "0123456789", mtu, original)
    assert ownership.parse(str(mark)) == mark


@pytest.mark.parametrize("alias", ["", "tl", "tl:abcd", "uplink to Paris", "xl:abcd:0123456789", "tl:abcd:01:x:eth0"])
def test_other_peoples_aliases_are_not_ours(alias: str) -> None:
    assert ownership.parse(alias) is None
    assert not ownership.is_ours(alias, "abcd")


def test_another_instances_interface_is_not_ours() -> None:
    assert ownership.is_ours(str(ownership.mark_link("abcd", LINK)), "abcd")
    assert not ownership.is_ours(str(ownership.mark_link("abcd", LINK)), "ef01")


def test_what_can_be_mended_does_not_change_the_mark() -> None:
    mended = replace(LINK, a=replace(LINK.a, mtu=9000, addresses=(Address("10.0.0.1/30"),), mac="02:00:00:00:00:01"))
    assert ownership.mark_link("abcd", mended) == ownership.mark_link("abcd", LINK)
    assert ownership.mark_tunnel("abcd", replace(TUNNEL, vni=2)) == ownership.mark_tunnel("abcd", TUNNEL)


def test_what_is_fixed_at_birth_changes_the_mark() -> None:
    marks = {
        ownership.mark_link("abcd", LINK),
        ownership.mark_link("abcd", replace(LINK, b=replace(LINK.b, node="three"))),
        ownership.mark_tunnel("abcd", TUNNEL),
        ownership.mark_tunnel("abcd", replace(TUNNEL, underlay="other")),
        ownership.mark_port("abcd", Port("one", "p", "eth1")),
        ownership.mark_port("abcd", Port("one", "p", "eth2")),
    }
    assert len(marks) == 6
