"""docs/declaring.md: the example is a whole type, and does what the page says of it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from arm import Arm
from trunkline.api import resources
from trunkline.api.declaration import Registry

PAGE = Path(__file__).parents[2] / "docs/declaring.md"
BODY = {"location": "westus", "properties": {"ipAddresses": ["10.0.0.0/24"]}}

#: Lines of a screen.
SCREEN = 50


@pytest.fixture
def arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arm]:
    """The service with nothing declared but the page's example."""
    source, = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    module = ModuleType("page_example")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(source, str(PAGE), "exec"), module.__dict__)  # noqa: S102  the page's own code
    with closing(Arm(tmp_path / "home", lambda _provider: Registry.of(module.IP_GROUPS))) as service:
        service.create_group()
        yield service


def test_the_page_is_true(arm: Arm) -> None:
    path = f"{arm.group}/providers/Microsoft.Network/ipGroups/g"
    made = arm.ask("PUT", path, BODY)
    assert (made.status, made.state, "azure-asyncoperation" in made.headers) == (201, "Updating", True)
    assert arm.follow(made.headers["azure-asyncoperation"]).body == {"status": "Succeeded"}
    read = arm.ask("GET", path.replace("ipGroups/g", "IPGROUPS/G"))
    assert (read.status, read.body["id"], read.body["etag"]) == (200, path, made.body["etag"])
    assert arm.ask("GET", f"{path}/count").body == {"count": 1}
    assert arm.ask("PATCH", path, {"tags": {"a": "b"}}).body["tags"] == {"a": "b"}
    assert arm.ask("PUT", path, {**read.body, "tags": {"a": "b"}}).status == 200
    assert arm.ask("PUT", path, BODY, {"if-match": made.body["etag"]}).status == 412
    for above in (arm.group, arm.subscription):
        assert [row["name"] for row in arm.ask("GET", f"{above}/providers/Microsoft.Network/ipGroups").body["value"]
                ] == ["g"]
    gone = arm.ask("DELETE", path)
    assert (gone.status, arm.follow(gone.headers["location"]).status, arm.ask("DELETE", path).status) == (202, 204, 204)


def test_the_example_refuses_as_the_page_says(arm: Arm) -> None:
    told = arm.ask("PUT", f"{arm.group}/providers/Microsoft.Network/ipGroups/g", {
        "location": "westus", "properties": {"ipAddresses": ["10.0.0.0/99", "x"]}})
    assert told.status == 400
    assert [one["target"] for one in told.body["error"]["details"]] == [
        "properties.ipAddresses[0]", "properties.ipAddresses[1]"]


def declarations() -> Iterator[tuple[str, int]]:
    """Where a type is declared, and in how many lines."""
    for source in sorted(Path(str(resources.__file__)).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ResourceType":
                yield f"{source.name}:{node.lineno}", (node.end_lineno or 0) - node.lineno + 1


def test_the_longest_declaration_fits_on_a_screen() -> None:
    assert not [where for where, lines in declarations() if lines > SCREEN]


def test_no_module_of_declarations_needs_more_than_five_screens() -> None:
    """With all the rules of all its types."""
    long = [source.name for source in Path(str(resources.__file__)).parent.rglob("*.py")
            if len(source.read_text().splitlines()) > 5 * SCREEN]
    assert not long
