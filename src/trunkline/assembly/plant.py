"""Which plant this instance has: an operator's own, if there is one that is sound and holds what the estate stands on.

It is read when the service starts. A copy is kept, so that both processes have the same one, whenever either is started
again, and so that a change is found.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from trunkline.errors import Unsound
from trunkline.intent.plant_use import PLACED, lost
from trunkline.model import own_plant, plant_files
from trunkline.settings import Settings
from trunkline.store import Store


def adopt(settings: Settings) -> None:
    """Before either process is started. Raises Unsound, and then nothing has changed."""
    wished, kept = settings.places.plant, settings.places.plant_in_use
    if _content(wished) == _content(kept):
        return
    own_plant.use(_read(wished))
    if missing := _missing(settings):
        raise Unsound([*missing, f"What the estate uses must stay in {wished}, which was changed."])
    shutil.rmtree(kept, ignore_errors=True)
    if plant_files.present(wished):
        fresh = kept.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(wished, fresh, ignore=lambda folder, names: [
            name for name in names if Path(folder) != wished or not name.endswith(".csv")])
        fresh.replace(kept)


def choose(settings: Settings) -> None:
    """Before anybody asks where something is."""
    own_plant.use(_read(settings.places.plant_in_use))


def _read(directory: Path) -> own_plant.OwnPlant | None:
    return plant_files.read(directory) if plant_files.present(directory) else None


def _content(directory: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in directory.glob("*.csv") if one.is_file()}


def _missing(settings: Settings) -> list[str]:
    store = Store(settings.database_url, keys=settings.places.store_key)
    try:
        with store.reading() as reader:
            return list(lost({kind: reader.list(kind) for kind in PLACED}))
    finally:
        store.close()
