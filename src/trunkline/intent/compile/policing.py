"""How much of a circuit passes: the policers of its legs at the edge, and its provider's throttle at the switch.

One for each circuit, leg and direction, shared by all peerings: a peering that is idle leaves its share to the others.
"""

from __future__ import annotations

from trunkline.intent.network import Direction, Policer
from trunkline.model.circuit import Circuit, Leg
from trunkline.model.profile import Profile

_MEGABIT, _GIGABIT = 10**6, 10**9


def policer_name(number: int, leg: Leg, direction: Direction) -> str:
    """``number``: the circuit's."""
    return f"c{number}.{leg}.{direction}"


def policers(edge: str, number: int, circuit: Circuit, leg: Leg, profile: Profile) -> tuple[Policer, ...]:
    """Of one leg: none for a Direct circuit that did not ask to be limited."""
    if not is_limited(circuit):
        return ()
    tolerance = profile.direct_tolerance_percent if circuit.direct else 0
    bandwidth = bandwidth_bps(circuit)
    return tuple(Policer(edge, policer_name(number, leg, direction), bandwidth, profile.burst_ms, tolerance)
                 for direction in Direction)


def policed_by(number: int, circuit: Circuit, leg: Leg, direction: Direction) -> str:
    """The name of that policer, for all attachments of the leg; empty if there is none."""
    return policer_name(number, leg, direction) if is_limited(circuit) else ""


def is_limited(circuit: Circuit) -> bool:
    return not circuit.direct or bool(circuit.enable_direct_port_rate_limit)


def throttles(switch: str, number: int, bandwidth_mbps: int | None, leg: Leg, profile: Profile) -> tuple[Policer, ...]:
    """What the provider lets through, whatever was ordered from the cloud."""
    if bandwidth_mbps is None:
        return ()
    return tuple(Policer(switch, policer_name(number, leg, direction), bandwidth_mbps * _MEGABIT, profile.burst_ms)
                 for direction in Direction)


def bandwidth_bps(circuit: Circuit) -> int:
    """Ordered, for each leg and direction."""
    if circuit.service_provider_properties:
        return circuit.service_provider_properties.bandwidth_in_mbps * _MEGABIT
    return round((circuit.bandwidth_in_gbps or 0) * _GIGABIT)
