"""docs/security.md is as the code is: its tests exist, its attacks exist, no attack is left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from trunkline.cli.drill.checklist import ATTACKS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text()
_ROW = re.compile(r"^\|.*\|$", re.MULTILINE)


def named_tests() -> list[tuple[str, str]]:
    return sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


def named_attacks() -> list[str]:
    """In the last column of tables."""
    return [name for row in _ROW.findall(PAGE) for name in re.findall(r"\| `([a-z0-9-]+)` \|$", row)]


def functions(path: Path) -> Iterator[str]:
    yield from (node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("file", "test"), named_tests())
def test_a_test_that_proves_a_control_exists(file: str, test: str) -> None:
    assert test in functions(ROOT / file)


def test_every_attack_of_the_drill_stands_on_the_page_once_and_no_other() -> None:
    assert sorted(named_attacks()) == sorted(attack.name for attack in ATTACKS)


def test_every_place_in_the_code_that_is_named_exists() -> None:
    places = set(re.findall(r"\| `((?:fabric|intent|routing|model|cli|reconcile|diagnosis)/[\w/.]+)` \|", PAGE))
    assert places
    assert [place for place in sorted(places) if not (ROOT / "src" / "trunkline" / place).exists()] == []


def test_what_is_not_covered_is_said() -> None:
    assert "## What is not covered" in PAGE
