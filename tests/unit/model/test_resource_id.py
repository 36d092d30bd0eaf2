"""Resource ids: reading, writing, comparing, and who contains whom."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.errors import Fault
from trunkline.model.references import references
from trunkline.model.resource import Resource, ResourceId

NAME = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=12)
ASCII_NAME = st.text(string.ascii_letters + string.digits + "-_.()", min_size=1, max_size=12)


@st.composite
def ids(draw: st.DrawFn, name: st.SearchStrategy[str] = NAME) -> ResourceId:
    subscription, group = draw(name), draw(st.one_of(st.just(""), name))
    depth = draw(st.integers(0, 4))
    if not depth:
        return ResourceId(subscription, group)
    pieces = st.lists(name, min_size=depth, max_size=depth).map(tuple)
    return ResourceId(subscription, group, draw(name), draw(pieces), draw(pieces))


@given(ids())
def test_an_id_reads_back_what_it_writes(one: ResourceId) -> None:
    assert ResourceId.parse(str(one)) == one


@given(ids(ASCII_NAME))
def test_the_key_does_not_depend_on_case(one: ResourceId) -> None:
    assert ResourceId.parse(str(one).upper()).key == ResourceId.parse(str(one).lower()).key == one.key


@given(ids(), NAME, NAME)
def test_the_parent_of_a_child_is_whoever_bore_it(one: ResourceId, kind: str, name: str) -> None:
    if one.types:
        assert one.child(kind, name).parent == one
        assert one.child(kind, name).name == name
        assert one.child(kind, name).type == f"{one.type}/{kind}"


@given(st.text(max_size=60).filter(lambda text: not text.lower().startswith("/subscriptions/")))
def test_other_text_is_refused_and_shown_the_right_form(text: str) -> None:
    with pytest.raises(Fault, match=r"/subscriptions/\{subscription\}/resourceGroups/\{group\}") as refused:
        ResourceId.parse(text)
    assert refused.value.code == "LinkedInvalidPropertyId"


@pytest.mark.parametrize("text", [
    "", "/", "subscriptions/s", "/subscriptions/", "/subscriptions/s/resourceGroups",
    "/subscriptions/s/resourceGroups/g/providers", "/subscriptions/s/resourceGroups/g/providers/N/type",
    "/subscriptions/s/resourceGroups/g/providers/N/type/name/child", "//subscriptions/s"])
def test_half_an_id_is_refused(text: str) -> None:
    with pytest.raises(Fault):
        ResourceId.parse(text)


@pytest.mark.parametrize(("text", "kind", "name"), [
    ("/subscriptions/s", "Microsoft.Resources/subscriptions", "s"),
    ("/subscriptions/s/RESOURCEGROUPS/g/", "Microsoft.Resources/resourceGroups", "g"),
    ("/subscriptions/s/resourcegroups/g/providers/N/circuits/c/peerings/p", "N/circuits/peerings", "p"),
    ("/subscriptions/s/providers/N/locations/l", "N/locations", "l")])
def test_an_id_tells_type_and_name(text: str, kind: str, name: str) -> None:
    assert (ResourceId.parse(text).type, ResourceId.parse(text).name) == (kind, name)


def test_references_are_all_ids_below_an_id_member_but_ones_own() -> None:
    own = ResourceId("s", "g", "N", ("circuits",), ("c",))
    resource = Resource(
        own,
        properties={"peer": {"id": "/subscriptions/S/resourceGroups/G/providers/N/circuits/Other"},
                    "list": [{"id": str(own)}, {"id": "no id"}, {"id": "/subscriptions/s/broken/x"}]},
        system={"twin": {"id": "/subscriptions/s/resourceGroups/t/providers/N/twins/k"}})

    assert references(resource) == {
        "/subscriptions/s/resourcegroups/g/providers/n/circuits/other",
        "/subscriptions/s/resourcegroups/t/providers/n/twins/k"}
