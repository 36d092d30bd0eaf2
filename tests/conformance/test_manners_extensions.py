"""Extensions: behind subscriptions, groups, resources and their children; listed by scope; gone with what they seal."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from arm import Arm, lab

SEAL = {"properties": {"level": "Soft"}}
TAIL = "providers/Test.Lab/seals"


@pytest.fixture
def arm(tmp_path: Path) -> Any:
    with closing(Arm(tmp_path / "home", lab)) as one:
        one.create_group()
        one.make(one.at("boxes/b"), {"location": "westus", "properties": {"lids": [{"name": "top"}]}})
        yield one


def scopes(arm: Arm) -> list[str]:
    return [arm.subscription, arm.group, arm.at("boxes/b"), arm.at("boxes/b/lids/top")]


def names(arm: Arm, scope: str, query: str = "") -> list[str]:
    got = arm.ask("GET", f"{scope}/{TAIL}?api-version=2025-01-01{query}")
    assert got.status == 200, got.body
    return sorted(row["name"] for row in got.body["value"])


@pytest.fixture
def sealed(arm: Arm) -> Arm:
    for number, scope in enumerate(scopes(arm)):
        assert arm.ask("PUT", f"{scope}/{TAIL}/s{number}", SEAL).status == 201
    return arm


@pytest.mark.parametrize("depth", range(4))
def test_an_extension_lives_behind_any_scope(arm: Arm, depth: int) -> None:
    path = f"{scopes(arm)[depth]}/{TAIL}/s"
    made = arm.ask("PUT", path, SEAL)
    assert (made.status, "azure-asyncoperation" in made.headers) == (201, False)
    assert made.body == {"id": path, "name": "s", "type": "Test.Lab/seals", "properties": {"level": "Soft"}}
    assert arm.ask("GET", path.upper().replace("/S", "/s")).body == made.body
    assert arm.ask("PUT", path, made.body).status == 200
    gone = arm.ask("DELETE", path)
    assert (gone.status, gone.body) == (200, made.body)
    assert arm.ask("DELETE", path).status == 204
    missing = arm.ask("GET", path)
    assert (missing.status, missing.body["error"]["code"]) == (404, "SealNotFound")


def test_a_list_shows_a_scope_and_all_below(sealed: Arm) -> None:
    assert [names(sealed, scope) for scope in scopes(sealed)] == [
        ["s0", "s1", "s2", "s3"], ["s1", "s2", "s3"], ["s2", "s3"], ["s3"]]


def test_at_scope_shows_a_scope_and_all_above(sealed: Arm) -> None:
    assert [names(sealed, scope, "&$filter=atScope()") for scope in scopes(sealed)] == [
        ["s0"], ["s0", "s1"], ["s0", "s1", "s2"], ["s0", "s1", "s2", "s3"]]


def test_a_filter_compares_what_is_declared(sealed: Arm) -> None:
    sealed.ask("PUT", f"{sealed.group}/{TAIL}/hard", {"properties": {"level": "Hard"}})
    assert names(sealed, sealed.group, "&$filter=level eq 'hard'") == ["hard"]
    assert names(sealed, sealed.group, "&$filter=atScope() and level eq 'Hard'") == ["hard"]
    told = sealed.ask("GET", f"{sealed.group}/{TAIL}?api-version=2025-01-01&$filter=smell eq 'x'")
    assert (told.status, told.body["error"]["code"]) == (400, "InvalidFilterInQueryString")


def test_an_extension_goes_with_what_it_stands_behind(sealed: Arm) -> None:
    sealed.ask("DELETE", sealed.at("boxes/b"))
    sealed.network.settle()
    assert names(sealed, sealed.subscription) == ["s0", "s1"]


def test_an_extension_goes_with_its_group(sealed: Arm) -> None:
    asked = sealed.ask("DELETE", sealed.group)
    sealed.network.settle()
    assert sealed.follow(asked.headers["location"]).status == 200
    assert names(sealed, sealed.subscription) == ["s0"]


def test_a_failed_or_missing_scope(arm: Arm) -> None:
    missing = arm.ask("PUT", f"{arm.at('boxes/other')}/{TAIL}/s", SEAL)
    assert (missing.status, missing.body["error"]["code"]) == (404, "ResourceNotFound")
    assert arm.ask("GET", f"{arm.at('boxes/other')}/{TAIL}").status == 404
    arm.ask("PUT", arm.at("boxes/b"), {"location": "westus", "properties": {"size": 3}})
    arm.network.settle(failing="b")
    assert arm.ask("PUT", f"{arm.at('boxes/b')}/{TAIL}/s", SEAL).status == 201


def test_only_extensions_stand_behind_resources(arm: Arm) -> None:
    told = arm.ask("GET", f"{arm.at('boxes/b')}/providers/Test.Lab/straps/s")
    assert (told.status, told.body["error"]["code"]) == (404, "InvalidResourceType")
