from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arm import lab
from trunkline.api.engine.target import Ask, Collection, Item, parse
from trunkline.errors import Fault, NotFound
from trunkline.model.resource import ResourceId

LAB = lab("provider")
GROUP = ResourceId("sub", "rg")


def read(path: str) -> Item | Collection | Ask:
    return parse(LAB, GROUP, path.split("/"), "2025-01-01")


def test_case_is_ignored_in_types_and_kept_in_names() -> None:
    found = read("test.lab/BOXES/MyBox/Lids/Top")
    assert isinstance(found, Item)
    assert str(found.id) == "/subscriptions/sub/resourceGroups/rg/providers/Test.Lab/boxes/MyBox/lids/Top"


def test_a_type_without_a_name_is_a_collection() -> None:
    found = read("Test.Lab/boxes/b/lids")
    assert isinstance(found, Collection)
    assert (found.kind.name, found.parent.name) == ("Test.Lab/boxes/lids", "b")


def test_an_action_takes_its_segments() -> None:
    found = read("Test.Lab/boxes/b/SHAKE/x")
    assert isinstance(found, Ask)
    assert (found.actions[0].name, dict(found.parameters), found.item.id.name) == ("shake", {"axis": "x"}, "b")


@pytest.mark.parametrize(("path", "code"), [
    ("Test.Nowhere/boxes/b", "InvalidResourceNamespace"), ("Test.Lab/crates/b", "InvalidResourceType"),
    ("Test.Lab/boxes/b/hinges/h", "InvalidResourceType"), ("Test.Lab/boxes/b/shake", "InvalidResourceType"),
    ("Test.Lab/boxes/b/weigh/x", "InvalidResourceType"), ("Test.Lab", "InvalidResourceType"),
])
def test_what_is_not_declared_is_not_found(path: str, code: str) -> None:
    with pytest.raises(Fault) as refused:
        read(path)
    assert (refused.value.code, refused.value.status) == (code, 404)


def test_an_unknown_type_is_named_with_those_near_to_it() -> None:
    with pytest.raises(NotFound, match=r"type 'boxs' could not be found .* Near to it: Test.Lab/boxes"):
        read("Test.Lab/boxs/b")
    with pytest.raises(NotFound, match=r"type 'zzzzzzzz' could not be found in the namespace 'Test.Lab'[^.]*\.$"):
        read("Test.Lab/zzzzzzzz/b")


@given(st.lists(st.text(st.characters(exclude_characters="/"), max_size=6)
                | st.sampled_from(["Test.Lab", "boxes", "lids", "shake", "papers"]), min_size=1, max_size=8))
def test_any_path_is_a_target_or_not_found(pieces: list[str]) -> None:
    with suppress(NotFound):
        parse(LAB, GROUP, pieces, "2025-01-01")
