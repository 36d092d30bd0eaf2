"""Whether what exists says all that a wish says."""

from __future__ import annotations

from typing import Any

import pytest

from trunkline.cli.estate.compare import says


@pytest.mark.parametrize(("existing", "wish", "same"), [
    ({"a": 1, "etag": "x"}, {"a": 1}, True),
    ({"a": 1}, {"a": 2}, False),
    ({}, {"a": 1}, False),
    ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, True),
    ({"a": ["x", "y"]}, {"a": ["y", "x"]}, False),
    ({"a": ["x"]}, {"a": []}, False),
    ([{"name": "b", "p": 2}, {"name": "A", "p": 1, "q": 3}], [{"name": "a", "p": 1}, {"name": "b", "p": 2}], True),
    ([{"name": "a", "p": 1}], [{"name": "b", "p": 1}], False),
    ({"id": "/subscriptions/S/resourceGroups/RG"}, {"id": "/subscriptions/s/resourcegroups/rg"}, True),
    ({"key": "Secret"}, {"key": "secret"}, False),
    (None, {"a": 1}, False),
], ids=["may say more", "other value", "missing", "nested", "order counts", "length counts", "named by name",
        "other name", "ids ignore case", "texts do not", "nothing there"])
def test_existing_says_wish(existing: Any, wish: Any, same: bool) -> None:
    assert says(existing, wish) is same
