"""What the demo found out, as the JSON object and as the table at its end."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from trunkline.cli.tables import console, print_table


@dataclass(slots=True)
class Failover:
    """``outage_ms``: the longest gap that a flow of the prober saw; ``probe_interval_ms`` is how finely it looked."""

    outage_ms: float | None = None
    lost_packets: int | None = None
    probe_interval_ms: float | None = None


@dataclass(slots=True)
class Result:
    """``None``: not reached. ``order_to_packet_s``: from the request for the peering to a ping answered over both legs.
    ``throughput_mbps``: TCP, the lesser of both directions. ``recovery_ms``: from healing to both legs carrying."""

    passed: bool = False
    order_to_packet_s: float | None = None
    sessions_established: int = 0
    throughput_mbps: float | None = None
    failover: Failover = field(default_factory=Failover)
    recovery_ms: float | None = None
    leftovers: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    def show(self) -> None:
        rows = [
            ("order to packet, both legs", _unit(self.order_to_packet_s, "s")),
            ("BGP sessions Established", str(self.sessions_established)),
            ("TCP throughput", _unit(self.throughput_mbps, "Mbit/s")),
            ("outage when a leg fails silently", _unit(self.failover.outage_ms, "ms")),
            ("lost packets", "-" if self.failover.lost_packets is None else str(self.failover.lost_packets)),
            ("probe interval of each flow", _unit(self.failover.probe_interval_ms, "ms")),
            ("both legs carry again after", _unit(self.recovery_ms, "ms")),
            ("left behind", ", ".join(self.leftovers) or "nothing"),
        ]
        print_table(("measured", "value"), rows, title="Trunkline demo")
        console().print("[bold green]passed[/]" if self.passed else "[bold red]did not pass[/]")


def _unit(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:,.1f} {unit}"
