"""What ``trunkline plant`` makes of the service's answers: states, tables, where to start, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from trunkline.cli import plant as told
from trunkline.cli.commands.plant import plant
from trunkline.cli.failure import Failed
from trunkline.cli.instance import locate
from trunkline.model import plant_files

FULL = {"IPv4": "Full", "IPv6": "Full"}
LINK = {"name": "a~b", "properties": {
    "sites": ["a", "b"], "lengthInKilometers": 1234.5, "latencyInMicroseconds": 6049, "kind": "sea", "system": "Cable1",
    "used": True, "usedBy": ["/subscriptions/s/c/er1"],
    "legs": {"primary": {"used": True}, "secondary": {"used": False}}}}


def row(routing: dict[str, str], avoided: bool = False, leg: str = "primary") -> dict[str, Any]:
    return {"site": "b", "to": "a", "leg": leg, "routing": routing, "avoided": avoided}


@pytest.mark.parametrize(("observed", "state"), [
    (row(FULL), "Up"), (row(FULL, avoided=True), "Avoided"), (row({"IPv4": "Full", "IPv6": ""}), "Partial"),
    (row({"IPv4": "", "IPv6": "ExStart"}), "Down"), (row({"IPv4": "Full", "IPv6": "Loading"}), "Settling"),
    (row({"IPv4": "Init", "IPv6": "Init"}), "Down"), (row(FULL, leg="secondary"), "Unknown")])
def test_a_leg_in_use_has_the_state_that_its_routers_tell(observed: dict[str, Any], state: str) -> None:
    link, = told.with_states([LINK], [observed])
    legs = link["properties"]["legs"]
    assert (legs["primary"]["state"], legs["secondary"]["state"]) == (state, "NotBuilt")


def test_a_link_has_a_row_for_each_leg_in_use() -> None:
    link, = told.with_states([LINK], [row(FULL)])
    assert list(told.leg_rows(link)) == [("a", "b", "primary", "1,234", "6.05", "Up", "Cable1")]
    unused = {**LINK, "properties": {**LINK["properties"], "legs": {  # type: ignore[dict-item]
        leg: {"used": False, "state": "NotBuilt"} for leg in told.LEGS}}}
    assert list(told.leg_rows(unused)) == [("a", "b", "-", "1,234", "6.05", "NotBuilt", "Cable1")]


class Service:
    """Clients of a service with these lists, by the end of the path."""

    def __init__(self, **lists: list[dict[str, Any]]) -> None:
        self.accounts, self.customer_subscription, self._lists = self, "s", lists

    def named(self, _name: str) -> Service:
        return self

    def list(self, path: str) -> list[dict[str, Any]]:
        return self._lists[path.rpartition("/")[2]]


SERVICE: Any = Service(
    sites=[{"name": "paris", "id": "/x/paris"}],
    peeringLocations=[{"name": "Amsterdam Metro", "properties": {
        "sites": {"primary": "amsterdam", "secondary": "lab"}}}])


@pytest.mark.parametrize(("text", "start"), [
    ("Paris", {"site": "/x/paris"}), ("47.4,8.5", {"position": {"latitude": 47.4, "longitude": 8.5}}),
    ("-33.9, 18.4", {"position": {"latitude": -33.9, "longitude": 18.4}}),
    ("amsterdam metro", {"position": {"city": "amsterdam metro"}})])
def test_a_start_is_a_site_degrees_or_a_city(text: str, start: dict[str, Any]) -> None:
    assert told.starting_at(SERVICE, text) == start


@pytest.mark.parametrize(("text", "said"), [("Atlantis", "there is no site 'Atlantis' (there is paris)"),
                                            ("north,east", "'north,east' is no position"), ("1,2,3", "is no position")])
def test_what_is_no_start_is_told_with_what_is(text: str, said: str) -> None:
    with pytest.raises(Failed) as failure:
        told.starting_at(SERVICE, text)
    assert said in str(failure.value)


def test_a_building_leads_to_its_metro() -> None:
    with pytest.raises(Failed, match="'Lab' is a building of Amsterdam Metro"):
        told.location_named(SERVICE, "Lab")
    with pytest.raises(Failed, match="there is no peering location 'nowhere'"):
        told.location_named(SERVICE, "nowhere")


def test_a_slip_of_the_pen_is_told_with_what_may_be_meant() -> None:
    with pytest.raises(Failed, match=r"no peering location 'Amsterdam Metra' \(Amsterdam Metro\?\)"):
        told.location_named(SERVICE, "Amsterdam Metra")
    with pytest.raises(Failed, match=r"no peering location of that name \(Amsterdam Metro\?\)"):
        told.starting_at(SERVICE, "Amsterdm Metro")


def test_links_find_what_is_observed_on_them_in_any_case() -> None:
    link = {"properties": {"sites": ["Amsterdam", "West Europe"], "legs": {"primary": {"used": True}}}}
    seen = {"site": "amsterdam", "to": "westeurope", "leg": "primary", "avoided": False, "routing": {"IPv4": "Full"}}
    assert told.with_states([link], [seen])[0]["properties"]["legs"]["primary"]["state"] == "Up"


def test_the_plant_is_exported_as_files_that_read_well_and_never_over_others(tmp_path: Path) -> None:
    instance = locate(str(tmp_path / "home"))
    ran = CliRunner().invoke(plant, ["export", str(tmp_path / "mine")], obj=instance)
    assert ran.exit_code == 0, ran.output
    assert len(plant_files.read(tmp_path / "mine").regions) == 57
    again = CliRunner().invoke(plant, ["export", str(tmp_path / "mine")], obj=instance)
    assert again.exit_code == 1
    assert "locations.csv, metros.csv, regions.csv, spans.csv already" in again.output


def test_a_path_needs_two_ends(tmp_path: Path) -> None:
    assert CliRunner().invoke(plant, ["path", "seattle"], obj=locate(str(tmp_path))).exit_code == 2
