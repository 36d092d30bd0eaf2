"""Plants of an operator's own, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from trunkline.model import own_plant, plant_files

SMALL: Mapping[str, str] = {
    "locations.csv": "location,latitude,longitude,kind,area,local_regions,direct,providers,zone\n"
                     "Oerlikon,47.41,8.54,,Alps,Lake One,yes,Helvetia; Rhaetia,1\n"
                     "Altstetten,47.39,8.48,building,Alps,,no,,\n"
                     "Bern,46.95,7.45,location,Alps,,no,Helvetia,2\n",
    "regions.csv": "region,latitude,longitude,area\nLake One,47.37,8.54,Alps\nFar Two,59.33,18.06,North\n",
    "spans.csv": "a,b,km,kind,system\nOerlikon,Altstetten,,city,\nOerlikon,Lake One,20,,\nAltstetten,lakeone,,,\n"
                 "Oerlikon,Bern,,,\nBern,Altstetten,160.5,land,\nBern,Far Two,,land,\n"
                 "Oerlikon,Far Two,2500,sea,Cable1\n",
    "metros.csv": "metro,primary,secondary,providers,direct,local_regions\n"
                  "Zurich Metro,Oerlikon,Altstetten,Helvetia,yes,Lake One\n",
}


def written(directory: Path, files: Mapping[str, str] = SMALL) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (directory / name).write_text(text)
    return directory


@contextmanager
def using(directory: Path) -> Iterator[None]:
    """The plant in a directory instead of the one that ships."""
    own_plant.use(plant_files.read(directory))
    try:
        yield
    finally:
        own_plant.use(None)
