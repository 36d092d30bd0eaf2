"""A certificate as one page for a browser: nothing is fetched, nothing runs in it, and it prints.

The view has decided what stands where; the template beside it prints.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from trunkline.diagnosis.drill.certificate import Certificate, Direction, Measure, Result, Route, rendered

_TITLES = {Result.PASSED: "Passed", Result.FAILED: "Failed", Result.ABORTED: "Stopped", Result.INTERRUPTED:
           "Interrupted"}
_SENTENCES = {
    Result.PASSED: "Everything went on within the bounds, and is as it was.",
    Result.FAILED: "Something did not go as it has to.",
    Result.ABORTED: "A stop condition ended the drill early; it proves nothing.",
    Result.INTERRUPTED: "The drill did not come to its end by itself; it proves nothing."}


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of measures; ``share``: of the longest outage or of the bound, whichever is longer, in percent."""

    towards: str
    pair: str
    leg: str
    flows: str
    sent: str
    lost: str
    outage: str
    healing: str
    reordered: str
    share: float
    late: bool
    protected: bool


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    seconds: str
    note: str
    share: float


@dataclass(frozen=True, slots=True)
class Path:
    where: str
    prefix: str
    before: str
    during: str
    after: str
    moved: bool


@dataclass(frozen=True, slots=True)
class View:
    title: str
    sentence: str
    result: str
    certificate: Certificate
    when: str
    facts: tuple[tuple[str, str], ...]
    bars: tuple[Bar, ...]
    bound_share: float
    steps: tuple[Step, ...]
    paths: tuple[Path, ...]
    document: str
    signed: str


def page(certificate: Certificate, signed: str = "") -> str:
    """``signed``: by whose key, in words; empty where it is not."""
    return _environment().get_template("certificate/page.html.j2").render(view=view(certificate, signed))


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("trunkline.cli", "."), undefined=StrictUndefined, autoescape=True,
                       trim_blocks=True, lstrip_blocks=True)


def view(certificate: Certificate, signed: str = "") -> View:
    longest = max((one.outage_ms for one in certificate.measures), default=0.0)
    scale = max(longest, certificate.bounds.outage_ms, 1.0)
    return View(
        _TITLES[certificate.verdict.result], _SENTENCES[certificate.verdict.result], certificate.verdict.result.value,
        certificate, f"{certificate.began_at[:10]}, {certificate.began_at[11:19]} to {certificate.ended_at[11:19]} UTC",
        tuple(_facts(certificate)), tuple(_bar(one, certificate, scale) for one in certificate.measures),
        100 * certificate.bounds.outage_ms / scale, tuple(_steps(certificate)), paths(certificate),
        json.dumps(rendered(certificate), indent=1, ensure_ascii=False), signed)


def protected(certificate: Certificate) -> str:
    """The headline: what has a second way, and how long it was out."""
    worst = certificate.protected_ms
    return "no pair that was measured has a second way" if worst is None else (
        f"worst outage {worst:,.0f} ms, {certificate.bounds.outage_ms:,.0f} ms allowed")


def unprotected(certificate: Certificate) -> str:
    """What has none; why is told pair by pair."""
    lone, worst = certificate.lone_prefixes, certificate.unprotected_ms
    if not lone:
        return "none: every pair has a second way"
    dark, pairs = "" if worst is None else f", out for {worst:,.0f} ms", len(certificate.unprotected)
    return (f"{len(lone)} prefix{'es' if len(lone) > 1 else ''} had no second way, in {pairs} of "
            f"{len(certificate.pairs) or pairs} pairs{dark}")


def healing(certificate: Certificate) -> str:
    if not certificate.healing_lost:
        return "nothing lost"
    return (f"{certificate.healing_lost:,} lost, {certificate.healing_ms:,.0f} ms at most, "
            f"{certificate.bounds.healing_ms:,.0f} ms allowed")


def _facts(certificate: Certificate) -> list[tuple[str, str]]:
    return [
        ("Protected pairs", protected(certificate)), ("Unprotected", unprotected(certificate)),
        ("While it healed", healing(certificate)), ("Packets lost", f"{certificate.lost:,} of {certificate.sent:,}"),
        ("Restored", "yes" if certificate.restored else "NO")]


def _bar(one: Measure, certificate: Certificate, scale: float) -> Bar:
    way, safe = "→ cloud" if one.direction is Direction.TO_CLOUD else "→ site", certificate.is_protected(one)
    late = safe and (one.failing_ms > certificate.bounds.outage_ms or one.healing_ms > certificate.bounds.healing_ms)
    return Bar(f"{one.prefix} {way}", one.pair, one.leg or "not known", f"{one.flows_hit} of {one.flows}",
               f"{one.sent:,}", f"{one.lost:,}", f"{one.outage_ms:,.0f} ms",
               f"{one.healing_lost:,} lost, {one.healing_ms:,.0f} ms" if one.healing_lost else "–", str(one.reordered),
               100 * one.outage_ms / scale, late, safe)


def _steps(certificate: Certificate) -> list[Step]:
    whole = sum(one.seconds for one in certificate.phases) or 1.0
    return [Step(one.name, f"{one.seconds:.1f} s", one.note, 100 * one.seconds / whole) for one in certificate.phases]


def paths(certificate: Certificate) -> tuple[Path, ...]:
    """Routes in use at each router before, during and after, those first that moved."""
    told = certificate.routes
    before, during, after = (_by_place(found) for found in (told.before, told.during, told.after))
    rows = [Path(f"{key[0]} {key[1]}".strip(), key[2], before.get(key, "–"), during.get(key, "–"), after.get(key, "–"),
                 moved=bool(told.during) and before.get(key) != during.get(key))
            for key in sorted({*before, *during, *after})]
    return tuple(sorted(rows, key=lambda one: not one.moved))


def _by_place(routes: tuple[Route, ...]) -> dict[tuple[str, str, str], str]:
    return {(one.router, one.leg, one.prefix): f"{one.as_path or 'own'} via {one.next_hop or '–'}" for one in routes}
