"""Which states are tried on the network, and what a trial tells."""

from __future__ import annotations

from trunkline.cli.whatif_verify import Trial, _width, sampled

KNOWN = [f"edge {place} {leg}" for place in ("Amsterdam", "London") for leg in ("primary", "secondary")]


def test_a_seed_gives_the_same_states_again() -> None:
    assert sampled(KNOWN, 5, 2, 7) == sampled(list(reversed(KNOWN)), 5, 2, 7)
    assert sampled(KNOWN, 5, 2, 7) != sampled(KNOWN, 5, 2, 8)


def test_no_state_is_tried_twice_and_none_has_more_failures_than_asked_for() -> None:
    found = sampled(KNOWN, 100, 2, 1)
    assert len({frozenset(one) for one in found}) == len(found) == 10
    assert max(len(set(one)) for one in found) == 2


def test_a_trial_names_the_state_and_the_pair_that_disagree() -> None:
    fates = ({"pair": "paris ↔ hub", "fate": "kept"}, {"pair": "paris ↔ spoke", "fate": "lost"})
    trial = Trial(("edge Amsterdam primary",), fates, ("none of 160 were answered", ""))
    assert trial.disagreements == [
        "edge Amsterdam primary: paris ↔ hub is kept in the model; none of 160 were answered."]
    assert trial.told()["agrees"] is False


def test_wider_failures_are_made_before_those_inside_them() -> None:
    kinds = ["backboneNode", "edge", "leg", "region", "location"]
    assert sorted(kinds, key=lambda kind: _width({"kind": kind}))[:3] == ["region", "location", "edge"]
