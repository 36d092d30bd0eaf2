"""The story of two continents: sites, networks and circuits on both, and in the end a region is lost."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path

from trunkline.cli.client import Json
from trunkline.cli.demo.stage import Stage
from trunkline.cli.demo.watching import until
from trunkline.cli.failure import Failed
from trunkline.cli.progress import Progress
from trunkline.cli.tables import console, print_table

#: What is ordered; ``examples/global.yaml`` too.
ESTATE = files("trunkline.cli.demo") / "global.yaml"
LOST_REGION = "westeurope"
_SETTLE_S = 90.0

#: Name of a way, the node that sends, and the address that answers.
_WAYS = (
    ("Paris → Europe's network", "h-paris", "10.1.0.4"),
    ("Paris → America's network", "h-paris", "10.2.0.4"),
    ("New York → America's network", "h-newyork", "10.2.0.4"),
    ("New York → Europe's network", "h-newyork", "10.1.0.4"),
    ("Paris → New York, by Global Reach", "h-paris", "10.20.1.10"),
)
#: The fifth way as certificates call it, in either order.
_GLOBAL_REACH = {"10.10.0.0/16", "10.20.0.0/16"}


@dataclass(slots=True)
class WorldResult:
    """``worst_outage_ms``: of what had a second way when the region was lost; ``unprotected``: what had none;
    ``global_reach_ms``: how long two sites did not hear each other meanwhile."""

    passed: bool = False
    order_to_packet_s: float | None = None
    ways: int = 0
    worst_outage_ms: float | None = None
    lost_packets: int | None = None
    global_reach_ms: float | None = None
    unprotected: list[str] = field(default_factory=list)
    certificate: str = ""
    signed_by: str = ""
    leftovers: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    def show(self) -> None:
        none = "-"
        rows = [
            ("file to packets on all ways", none if self.order_to_packet_s is None else
             f"{self.order_to_packet_s:.1f} s"),
            ("ways with packets", str(self.ways)),
            (f"lost with region {LOST_REGION}", ", ".join(self.unprotected) or "nothing"),
            ("worst outage of the rest", none if self.worst_outage_ms is None else f"{self.worst_outage_ms:,.0f} ms"),
            ("their lost packets", none if self.lost_packets is None else str(self.lost_packets)),
            ("between the sites, by Global Reach", none if self.global_reach_ms is None else
             f"out for {self.global_reach_ms:,.0f} ms"),
            ("certificate", f"{self.certificate[:8]}, signed by key {self.signed_by}" if self.certificate else none),
            ("left behind", ", ".join(self.leftovers) or "nothing"),
        ]
        print_table(("measured", "value"), rows, title="Trunkline: two continents")
        console().print("[bold green]passed[/]" if self.passed else "[bold red]did not pass[/]")


def two_continents(stage: Stage, progress: Progress, result: WorldResult, page: Path | None) -> None:
    """``page``: where the certificate is written for people; it is gone with the stage otherwise."""
    progress.heading("Two sites, two circuits, two networks, Global Reach: one file")
    began = time.monotonic()
    _order(stage, progress)
    progress.heading("Packets on every way")
    for name, node, address in _WAYS:
        with progress.step(name) as step:
            until(partial(_answers, stage, node, address), f"{node} reaches {address}", step, _SETTLE_S)
            step.note = f"{_round_trip(stage, node, address)} ms"
            result.ways += 1
    result.order_to_packet_s = round(time.monotonic() - began, 3)
    progress.heading(f"Region {LOST_REGION} is lost, under traffic")
    _lose_region(stage, progress, result, page)
    _prove(stage, progress, result)


def _order(stage: Stage, progress: Progress) -> None:
    file = stage.home / "global.yaml"
    file.write_text(ESTATE.read_text(encoding="utf-8"), encoding="utf-8")
    with progress.step("trunkline apply global.yaml") as step:
        stage.trunkline("apply", str(file), "-o", "json", watch=step.waiting)
        file.unlink()


def _answers(stage: Stage, node: str, address: str) -> bool | None:
    return True if stage.ended(stage.inside(node, "ping", "-n", "-c", "1", "-W", "1", address)) == 0 else None


def _round_trip(stage: Stage, node: str, address: str) -> str:
    said = stage.trunkline("exec", node, "--", "ping", "-n", "-i", "0.05", "-c", "5", "-w", "5", address)
    if " 0% packet loss" not in said:
        raise Failed(f"ping {node} → {address} lost packets: {said.strip()}")
    return said.rpartition("= ")[2].split("/")[1]


def _lose_region(stage: Stage, progress: Progress, result: WorldResult, page: Path | None) -> None:
    """The drill's own verdict is that some pairs have no second way: their machine is in that region."""
    written = ("--html", str(page.absolute())) if page else ()
    with progress.step(f"trunkline drill failover region {LOST_REGION} --force") as step:
        _, out, err = stage.outcome("drill", "failover", "region", LOST_REGION, "--force", *written, "-o", "json",
                                    watch=step.waiting)
        if not out:
            raise Failed(err.strip())
        _note(json.loads(out), result)
        step.note = f"what has another way was out for {result.worst_outage_ms:,.0f} ms at most"
    with progress.step("all ways are back") as step:
        for _, node, address in _WAYS:
            until(partial(_answers, stage, node, address), f"{node} reaches {address}", step, _SETTLE_S)


def _prove(stage: Stage, progress: Progress, result: WorldResult) -> None:
    with progress.step("trunkline certificate verify latest") as step:
        verified = json.loads(stage.trunkline("certificate", "verify", "latest", "-o", "json"))
        if not (verified["valid"] and verified["trusted"]):
            raise Failed(f"the certificate is not what this instance signed: {verified}")
        result.certificate, result.signed_by = verified["id"], verified["keyId"]
        step.note = f"unchanged since key {result.signed_by} signed it"
    progress.say(stage.trunkline("drill", "show", "latest"))


def _note(certificate: Json, result: WorldResult) -> None:
    result.unprotected = sorted({one["pair"] for one in certificate["unprotected"]})
    rest = [one for one in certificate["measures"] if one["pair"] not in result.unprotected]
    between = [one["outageMs"] for one in rest if set(one["pair"].split(" ↔ ")) == _GLOBAL_REACH]
    if not between:
        raise Failed("the drill did not measure Global Reach, or that had no second way")
    result.global_reach_ms = max(between)
    if not certificate["restored"]:
        raise Failed("the drill did not restore everything")
    result.worst_outage_ms = max(one["outageMs"] for one in rest)
    result.lost_packets = sum(one["lost"] for one in rest)
