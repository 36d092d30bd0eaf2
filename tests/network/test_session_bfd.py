"""Authenticated BFD (RFC 5880, 6.7) between real BIRDs: up with the same key at both ends, else down and said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from speaking import LEFT, TO_LEFT, Estate, estate, router, status, wait_established
from trunkline.diagnosis.refusals import warning
from trunkline.intent.bgp import BfdKey, Router
from trunkline.model.profile import BfdMethod
from trunkline.model.resource import Secret
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

RIGHT_KEY = BfdKey(BfdMethod.METICULOUS_SHA1, Secret("c0rrectH0rse"))


@pytest.fixture
def wired(places: Places) -> Iterator[Estate]:
    with estate(places) as made:
        yield made


def subject(key: BfdKey | None) -> Router:
    return router("mid", replace(TO_LEFT, bfd_key=key))


def peer(key: BfdKey | None) -> Router:
    return replace(LEFT, sessions=(replace(LEFT.sessions[0], bfd_key=key),))


def bfd(wired: Estate) -> str:
    return status(wired.daemons, subject(RIGHT_KEY), "customer").bfd


@pytest.mark.parametrize("method", BfdMethod)
def test_it_comes_up_with_the_same_key(wired: Estate, method: BfdMethod) -> None:
    key = replace(RIGHT_KEY, method=method)
    wired.start(subject(key), peer(key))
    until(lambda: bfd(wired) == "Up", 10, "BFD up")
    wait_established(wired.daemons, subject(key), "customer")
    assert not warning(subject(key).sessions[0], status(wired.daemons, subject(key), "customer"))


@pytest.mark.parametrize("theirs", [
    replace(RIGHT_KEY, key=Secret("an0ther")), replace(RIGHT_KEY, method=BfdMethod.MD5), None])
def test_another_key_or_type_or_none_is_down_and_said(wired: Estate, theirs: BfdKey | None) -> None:
    """That BFD was judged shows in what the daemon has written: a packet came and was refused."""
    one = subject(RIGHT_KEY)
    start, _ = wired.daemons.remarks(one, -1)
    wired.start(one, peer(theirs))
    until(lambda: any("uthentication" in remark.text for remark in wired.daemons.remarks(one, start)[1]), 10,
          "a packet refused")
    wait_established(wired.daemons, one, "customer")
    found = status(wired.daemons, one, "customer")
    assert found.bfd != "Up"
    assert "only the hold time ends this session" in warning(one.sessions[0], found)
    wired.start(peer(RIGHT_KEY))
    until(lambda: bfd(wired) == "Up", 10, "BFD up with the right key")


def test_the_key_stands_where_root_alone_reads(wired: Estate) -> None:
    wired.start(subject(RIGHT_KEY))
    home = wired.places.run / "nodes" / "mid"
    assert (home.stat().st_mode & 0o777) == 0o700
    holding = [path for path in home.iterdir() if path.is_file() and b"c0rrectH0rse" in path.read_bytes()]
    assert holding
    assert {path.stat().st_mode & 0o777 for path in holding} == {0o600}
