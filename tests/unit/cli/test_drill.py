"""What the security drill makes of what it saw, and what it orders: without a network."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from trunkline.cli.drill.alarms import Mark, Sighting
from trunkline.cli.drill.attack import Attack, Harm, Outcome, Verdict
from trunkline.cli.drill.checklist import ATTACKS, chosen
from trunkline.cli.drill.collateral import reset
from trunkline.cli.drill.scratch import Scratch
from trunkline.cli.estate.document import parse
from trunkline.cli.estate.plan import Wish, plan
from trunkline.cli.estate.sections import check
from trunkline.cli.failure import Failed

QUIET = Attack("quiet", "nobody need wake", "RFC 1", "", lambda _: Outcome(True, ""))
LOUD = Attack("loud", "somebody must wake", "RFC 1", "", lambda _: Outcome(True, ""), alert=("bogon",))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("verdict", "passed"), [
    pytest.param(Verdict(QUIET, True, harm=Harm()), True, id="blocked"),
    pytest.param(Verdict(QUIET, False, harm=Harm()), False, id="not blocked"),
    pytest.param(Verdict(QUIET, True, harm=Harm(lost_packets=1)), False, id="a packet lost"),
    pytest.param(Verdict(QUIET, True, harm=Harm(sessions_reset=("er1 primary",))), False, id="a session reset"),
    pytest.param(Verdict(LOUD, True, alerts=("bogon",), alert_after_ms=900.0, harm=Harm()), True, id="seen in time"),
    pytest.param(Verdict(LOUD, True, alerts=("bogon",), alert_after_ms=5_100.0, harm=Harm()), False, id="too late"),
    pytest.param(Verdict(LOUD, True, alerts=(), harm=Harm()), False, id="not seen"),
    pytest.param(Verdict(LOUD, True, alerts=None, harm=Harm()), True, id="nothing looks"),
    pytest.param(Verdict(QUIET, None, skipped="no exchange"), True, id="skipped")])
def test_a_control_passes_when_it_blocks_is_told_in_time_and_harms_nobody(verdict: Verdict, passed: bool) -> None:
    assert verdict.passed is passed


def test_a_skipped_attack_is_never_told_as_blocked() -> None:
    told = Verdict(QUIET, None, skipped="no exchange").as_json()
    assert (told["blocked"], told["passed"], told["skipped"]) == (None, None, "no exchange")


@pytest.mark.parametrize(("sighting", "own"), [
    pytest.param({}, True, id="its prefix, its place, its time"),
    pytest.param({"last_seen": NOW - timedelta(seconds=1)}, False, id="before it"),
    pytest.param({"source": "/…/expressroutecircuits/other"}, False, id="at another circuit"),
    pytest.param({"prefixes": frozenset({"10.2.0.0/16"})}, False, id="another prefix"),
    pytest.param({"prefixes": frozenset({"10.2.0.0/16", "10.1.0.0/16"})}, True, id="beside another prefix"),
    pytest.param({"prefixes": frozenset()}, True, id="of no prefix"),
    pytest.param({"source": "/…/trunkline.plant/validators/primary", "prefixes": frozenset()}, True, id="validation")])
def test_an_event_is_an_attacks_own_by_time_place_and_prefix(sighting: dict[str, object], own: bool) -> None:
    mark = Mark(NOW, "attacker-1", frozenset({"10.1.0.0/16"}))
    seen = Sighting("bogon", "/…/expressroutecircuits/attacker-1", frozenset({"10.1.0.0/16"}), NOW, NOW)
    assert replace(seen, **sighting).is_of(mark) is own  # type: ignore[arg-type]


@pytest.mark.parametrize(("now", "told"), [
    ({"one": NOW}, ()), ({"one": NOW + timedelta(seconds=1)}, ()), ({"one": NOW + timedelta(seconds=5)}, ("one",)),
    ({"one": None}, ("one",)), ({}, ("one",)), ({"one": NOW, "other": NOW}, ())])
def test_a_session_is_reset_when_it_is_gone_or_began_anew(
        now: dict[str, datetime | None], told: tuple[str, ...]) -> None:
    assert reset({"one": NOW, "down before": None}, now) == told


def test_attacks_are_chosen_by_name_or_beginning_and_a_wrong_name_is_told() -> None:
    assert chosen(()) == ATTACKS
    assert [attack.name for attack in chosen(("martians",))] == ["martians"]
    assert all(attack.name.startswith("malformed-") for attack in chosen(("malformed",)))
    assert chosen(("martians,malformed",)) == chosen(("martians", "malformed"))
    with pytest.raises(Failed, match="there is no attack 'martian'"):
        chosen(("martians,martian",))


def test_attacks_have_names_of_their_own_and_all_say_what_proves_them() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert all(attack.proof and attack.rfc for attack in ATTACKS)


def test_the_drills_estate_is_one_that_can_be_ordered() -> None:
    scratch = Scratch("abcdef", "0000", "/run/x", "Equinix", "Amsterdam")
    document = parse(scratch.document())
    steps = plan(check(document), document, "11111111-1111-1111-1111-111111111111")
    groups = {step.path.split("/")[4] for step in steps if isinstance(step, Wish)}
    assert groups == {"trunkline-drill-abcdef"}


def test_names_of_interfaces_fit_the_kernel() -> None:
    scratch = Scratch("abcdef", "0000", "/run/x", "Equinix", "Amsterdam")
    names = (scratch.untagged, scratch.tagged, scratch.of_public, scratch.of_member, scratch.of_victim)
    assert len(set(names)) == len(names)
    assert all(len(name) <= 15 for name in names)
