"""Which plant an instance starts with: an operator's own if it is sound and holds what the estate stands on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import pytest

import estates
from plants import SMALL, written
from trunkline.assembly.plant import adopt, choose
from trunkline.errors import Unsound
from trunkline.model import own_plant
from trunkline.model.plant import location
from trunkline.settings import Settings, load
from trunkline.store import Store


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    found = load({"TRUNKLINE_RUN": str(tmp_path / "run")}, str(tmp_path / "home"))
    found.places.home.mkdir()
    yield found
    own_plant.use(None)


def stored(settings: Settings) -> None:
    """An estate at Amsterdam and in West Europe."""
    store = Store(settings.database_url, keys=settings.places.store_key)
    with store.writing() as writer:
        for one in estates.whole():
            writer.put(one)
    store.close()


def test_without_files_it_is_what_ships(settings: Settings) -> None:
    adopt(settings)
    choose(settings)
    assert location("Amsterdam")


def test_the_operators_own_counts_in_every_process_as_it_was_at_the_start(settings: Settings) -> None:
    written(settings.places.plant)
    adopt(settings)
    (settings.places.plant / "spans.csv").write_text("broken meanwhile")
    choose(settings)
    assert location("Oerlikon")
    assert location("Amsterdam") is None


def test_a_broken_file_changes_nothing(settings: Settings) -> None:
    written(settings.places.plant)
    adopt(settings)
    (settings.places.plant / "regions.csv").unlink()
    with pytest.raises(Unsound, match=r"regions\.csv is missing"):
        adopt(settings)
    choose(settings)
    assert location("Oerlikon")


def test_what_the_estate_uses_must_still_be_there(settings: Settings) -> None:
    stored(settings)
    written(settings.places.plant)
    with pytest.raises(Unsound, match="peering location 'Amsterdam' is used by"):
        adopt(settings)
    choose(settings)
    assert location("Amsterdam")


def test_a_plant_with_all_that_is_used_is_taken(settings: Settings) -> None:
    stored(settings)
    names = (("Far Two", "West Europe"), ("Bern", "Amsterdam"), ("Helvetia,2", "Equinix,2"))
    written(settings.places.plant, {
        file: reduce(lambda said, pair: said.replace(*pair), names, text) for file, text in SMALL.items()})
    adopt(settings)
    choose(settings)
    assert location("Amsterdam")
    assert location("London") is None


def test_taking_the_files_away_brings_back_what_ships(settings: Settings) -> None:
    written(settings.places.plant)
    adopt(settings)
    for one in settings.places.plant.iterdir():
        one.unlink()
    adopt(settings)
    choose(settings)
    assert location("Amsterdam")
    assert not settings.places.plant_in_use.exists()
