"""Every code that a declaration or a model can answer with stands in docs/decisions/error-codes.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from trunkline.api import resources
from trunkline.intent import allocation
from trunkline.model import bgp

ROOT = Path(__file__).resolve().parents[3]
RAISED_WITH_CODE = {"Fault", "Conflict", "Refusal", "PydanticCustomError"}


def sources() -> Iterator[Path]:
    for module in (resources, bgp):
        yield from Path(str(module.__file__)).parent.rglob("*.py")
    yield Path(str(allocation.__file__))


def codes(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED_WITH_CODE:
            first = node.args[0]
            assert isinstance(first, ast.Constant), f"{source.name}:{node.lineno} must name its code"
            yield str(first.value)


def test_every_code_is_documented_and_nothing_else() -> None:
    raised = {code for source in sources() for code in codes(source)}
    page = (ROOT / "docs/decisions/error-codes.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    documented = {code for row in rows for code in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert documented == raised
