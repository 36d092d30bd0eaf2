"""Differences from Azure that stay, each with its reason, and the page of docs that counts and lists them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from e2e_support import ROOT

_REASONS = Path(__file__).with_name("explained.yaml")
PAGE = ROOT / "docs/conformance.md"

_HEAD = """# Conformance

Written by the tests in tests/conformance when REGENERATE_DOCS=1; they fail when it is not current.

"""


@dataclass(frozen=True)
class Reason:
    """``pattern`` fits a difference as it is told."""

    pattern: re.Pattern[str]
    why: str


def reasons(chapter: str) -> list[Reason]:
    return [Reason(re.compile(row["difference"]), row["why"]) for row in yaml.safe_load(_REASONS.read_text())[chapter]]


@dataclass
class Chapter:
    """One kind of comparison. ``rows``: answers compared, the same, and different for a reason, by name."""

    name: str
    title: str
    intro: str
    rows: dict[str, Counter[str]] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    def count(self, row: str, differences: Iterable[str]) -> None:
        """One answer's differences."""
        known, found = reasons(self.name), list(differences)
        whys = [next((one.why for one in known if one.pattern.search(text)), None) for text in found]
        self.met.update({why for why in whys if why})
        self.unexplained += [f"{row}: {text}" for text, why in zip(found, whys, strict=True) if why is None]
        self.rows.setdefault(row, Counter())["explained" if found else "same"] += 1

    def stale(self) -> list[str]:
        """Reasons that no difference needs any more."""
        return [one.why for one in reasons(self.name) if one.why not in self.met]

    def text(self) -> str:
        return "\n".join([f"## {self.title}", "", self.intro, "", *self._table(), "", *self._reasons()])

    def _table(self) -> Iterator[str]:
        yield "| | answers | the same | different, for a reason |"
        yield "|--|--|--|--|"
        for name, counts in (*self.rows.items(), ("**all**", sum(self.rows.values(), Counter[str]()))):
            yield f"| {name} | {counts.total()} | {counts['same']} | {counts['explained']} |"

    def _reasons(self) -> Iterator[str]:
        yield "What is different, in how many answers, and why:"
        yield ""
        yield from (f"- {count} × {why}" for why, count in sorted(self.met.items()))


#: Whether a Direct link's failure is known already when its port is looked at depends on the machine's speed.
_UNSETTLED = re.compile(
    r"^(?:\| test_network_express_route_port \||\| \*\*all\*\* \||- \d+ × MACsec is not built).*$", re.M)


def _settled(page: str) -> str:
    """The page without numbers that change from run to run."""
    return _UNSETTLED.sub(lambda line: re.sub(r"\d+", "n", line[0]), page)


def check(chapter: Chapter) -> None:
    """The chapter stands in the page as it is now; with REGENERATE_DOCS it is written there."""
    mark = f"<!-- {chapter.name} -->\n"
    page = PAGE.read_text() if PAGE.exists() else _HEAD
    before, _, rest = page.partition(mark)
    _, _, after = rest.partition(f"<!-- end of {chapter.name} -->\n")
    wanted = f"{before}{mark}{chapter.text()}\n<!-- end of {chapter.name} -->\n{after}"
    if os.environ.get("REGENERATE_DOCS") == "1":
        PAGE.write_text(wanted)
    assert _settled(PAGE.read_text()) == _settled(wanted), (
        "docs/conformance.md is not current; run the tests with REGENERATE_DOCS=1")
