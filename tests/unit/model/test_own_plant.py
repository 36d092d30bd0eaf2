"""An operator's own plant: taken whole or refused with every fault, and then all that there is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from plants import SMALL, using, written
from trunkline.errors import NotFound, Unsound
from trunkline.intent.allocation import core_loopback, crossing_addresses, span_addresses
from trunkline.model import plant_files
from trunkline.model.backbone import backbone, site_of
from trunkline.model.circuit import Leg, SkuTier
from trunkline.model.plant import PeeringLocation, city_of, edges_of_port, location, locations, region, regions
from trunkline.model.plant_export import exported
from trunkline.model.port_location import port_locations
from trunkline.model.provider import offers
from trunkline.model.public_service import nearest_region
from trunkline.model.reach import beyond


@pytest.fixture
def small(tmp_path: Path) -> Iterator[None]:
    with using(written(tmp_path)):
        yield


@pytest.mark.usefixtures("small")
def test_it_replaces_what_ships_altogether() -> None:
    assert list(locations()) == ["Bern", "Oerlikon", "Zurich Metro"]
    assert list(regions()) == ["fartwo", "lakeone"]
    assert list(offers()) == ["Helvetia", "Rhaetia"]
    assert list(port_locations()) == ["Oerlikon", "Zurich Metro"]
    assert location("Amsterdam") is None
    assert region("West Europe") is None


@pytest.mark.usefixtures("small")
def test_a_location_is_as_written() -> None:
    assert location("oerlikon") == PeeringLocation("Oerlikon", "", 1, ("Lake One",), True, 0, "Alps")
    assert offers()["helvetia"].peering_locations == ("Bern", "Oerlikon", "Zurich Metro")
    assert not offers()["Rhaetia"].serves("Bern")


@pytest.mark.usefixtures("small")
def test_a_metro_has_the_buildings_area_and_addresses() -> None:
    metro = location("Zurich Metro")
    assert metro
    assert (metro.address, metro.area, metro.direct) == ("Oerlikon; Altstetten", "Alps", True)
    assert [site_of("zurich metro", leg) for leg in Leg] == ["oerlikon", "altstetten"]
    assert port_locations()["Zurich Metro"].buildings == ("Oerlikon", "Altstetten")
    assert edges_of_port("Zurich Metro") == metro
    assert city_of("Altstetten") == city_of("Zurich Metro") != city_of("Bern")


@pytest.mark.usefixtures("small")
def test_lengths_are_those_given_or_of_the_great_circle() -> None:
    given, computed = backbone().span("oerlikon", "lakeone"), backbone().span("bern", "oerlikon")
    assert given
    assert computed
    assert (given.km, given.latency_us) == (20.0, 98)
    assert 95 * 1.6 < computed.km < 101 * 1.6  # the great circle has 97.6 km


@pytest.mark.usefixtures("small")
def test_reach_follows_its_areas_and_what_is_near_its_spans() -> None:
    assert not beyond(SkuTier.STANDARD, "Bern", "lakeone")
    assert "which is Alps, and Far Two is in North" in beyond(SkuTier.STANDARD, "Bern", "fartwo")
    assert nearest_region("Bern") == "lakeone"


def addresses() -> dict[object, object]:
    """Of routers, their crossings, and links."""
    sites = [site.name for site in backbone().sites]
    return {**{(site, leg): core_loopback(site, leg) for site, leg in product(sites, Leg)},
            **{site: crossing_addresses(site) for site in sites},
            **{(str(span), leg): span_addresses(span, leg) for span, leg in product(backbone().spans, Leg)}}


@pytest.mark.usefixtures("small")
def test_every_link_and_router_has_addresses_that_further_rows_do_not_move(tmp_path: Path) -> None:
    before = addresses()
    assert len(set(before.values())) == len(before)
    more = {**SMALL, "locations.csv": SMALL["locations.csv"] + "Aarau,47.39,8.05,,,,,,\n",
            "regions.csv": SMALL["regions.csv"] + "Lake Zero,47.1,8.3,Alps\n",
            "spans.csv": SMALL["spans.csv"] + "Aarau,Bern,,,\nAarau,Lake Zero,,,\n"}
    with using(written(tmp_path / "more", more)):
        after = addresses()
    assert {place: after[place] for place in before} == before
    assert len(set(after.values())) == len(after)


@pytest.mark.usefixtures("small")
def test_what_ships_has_no_address_here() -> None:
    with pytest.raises(NotFound):
        core_loopback("amsterdam", Leg.PRIMARY)


def test_what_is_exported_reads_as_the_same_plant(tmp_path: Path) -> None:
    def told() -> object:
        return ([(p.name, p.zone, p.local_regions, p.direct, p.area) for p in locations().values()],
                [(r.name, r.display_name, r.area) for r in regions().values()],
                {o.name: set(o.peering_locations) for o in offers().values()},
                {s.name: (s.kind, s.latitude, s.longitude) for s in backbone().sites},
                {str(s): (s.km, s.latency_us, s.kind, s.system) for s in backbone().spans},
                backbone().path("seattle", "westeurope", Leg.SECONDARY))

    shipped = told()
    with using(written(tmp_path, exported())):
        assert told() == shipped


def test_nothing_is_there_without_files(tmp_path: Path) -> None:
    assert not plant_files.present(tmp_path / "plant")
    (tmp_path / "plant").mkdir()
    assert not plant_files.present(tmp_path / "plant")


def broken(directory: Path, file: str, old: str, new: str) -> list[str]:
    """What is said of the small plant with a change."""
    assert old in SMALL[file]
    with pytest.raises(Unsound) as refused:
        plant_files.read(written(directory, {**SMALL, file: SMALL[file].replace(old, new, 1)}))
    return list(refused.value.faults)


@pytest.mark.parametrize(("file", "old", "new", "said"), [
    ("locations.csv", "47.41", "147.41", "locations.csv line 2, column latitude: '147.41' is no number from -90 to"),
    ("locations.csv", "8.54", "east", "column longitude: 'east' is no number from -180 to 180."),
    ("locations.csv", "8.54", "nan", "column longitude: 'nan' is no number"),
    ("locations.csv", "Bern,", "../Bern,", "line 4, column location: '../Bern' is no name"),
    ("locations.csv", "building", "hut", "line 3, column kind: 'hut' is none of location, building."),
    ("locations.csv", ",yes,", ",maybe,", "line 2, column direct: 'maybe' is none of yes, no."),
    ("locations.csv", "Rhaetia,1", "Rhaetia,9", "line 2, column zone: '9' is none of 0, 1, 2, 3, 4."),
    ("locations.csv", "Lake One", "Lake Nine", "column local_regions: 'Lake Nine' names 'Lake Nine', which is no"),
    ("locations.csv", "Bern", "oerlikon", "line 4, column location: 'oerlikon' stands in locations.csv line 2"),
    ("locations.csv", "Bern", "Far two", "regions.csv line 3, column region: 'Far Two' stands in locations.csv line 4"),
    ("locations.csv", "location,lat", "place,lat", "locations.csv line 1 has the columns 'place,latitude"),
    ("locations.csv", ",Helvetia,2", ",Helvetia", "locations.csv line 4 has 8 cells, and line 1 has 9"),
    ("regions.csv", "47.37", "", "regions.csv line 2, column latitude: '' is no number from -90 to 90."),
    ("spans.csv", "Lake One", "Atlantis", "spans.csv line 3, column b: 'Atlantis' is no location of locations.csv"),
    ("spans.csv", "20", "0", "spans.csv line 3, column km: '0' is no number from 0.1 to 40000."),
    ("spans.csv", "Bern,Altstetten", "Bern,bern", "spans.csv line 6, column b: 'bern' is the span's other end too"),
    ("spans.csv", "Bern,Altstetten", "Bern,Oerlikon", "line 6, column b: 'Oerlikon' is joined to 'Bern' in line 5"),
    ("spans.csv", "160.5,land", "160.5,air", "spans.csv line 6, column kind: 'air' is none of city, land, sea."),
    ("metros.csv", "Altstetten", "Uster", "metros.csv line 2, column secondary: 'Uster' is no location of"),
    ("metros.csv", "Altstetten", "Oerlikon", "column secondary: 'Oerlikon' is the primary's building too"),
])
def test_a_fault_is_told_with_file_line_column_value_and_rule(
        tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    assert any(said in fault for fault in broken(tmp_path, file, old, new)), broken(tmp_path, file, old, new)


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(Unsound) as refused:
        plant_files.read(written(tmp_path, {"locations.csv": "location,latitude,longitude\nA,x,1\nB,2,y\n"}))
    assert len(refused.value.faults) == 4  # two numbers, two files


def test_a_site_that_nothing_joins_is_told(tmp_path: Path) -> None:
    said, = broken(tmp_path, "spans.csv", "Bern,Far Two,,land,\nOerlikon,Far Two,2500,sea,Cable1\n", "")
    assert said.startswith("spans.csv does not join fartwo to altstetten.")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (written(tmp_path) / "regions.csv").write_bytes(b"region,\xff\xfe\n")
    with pytest.raises(Unsound, match=r"regions\.csv cannot be read"):
        plant_files.read(tmp_path)


@pytest.mark.parametrize(("text", "told"), [
    ("region,latitude,longitude\nOne,1,2\nT\0wo,3,4\n", r"regions\.csv.* line 3 has a NUL byte"),
    ("region,latitude,longitude\n" + "x" * 200_000 + ",3,4\n", r"regions\.csv.* line 2 cannot be read: field larger")])
def test_bytes_that_no_table_has_are_told_with_their_line(tmp_path: Path, text: str, told: str) -> None:
    (written(tmp_path) / "regions.csv").write_text(text)
    with pytest.raises(Unsound, match=told):
        plant_files.read(tmp_path)
