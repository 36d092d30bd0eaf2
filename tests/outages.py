"""Failures under traffic, for tests and measurements: what can fail of an estate of one circuit, and how it is met."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass

import estates
from probing import FLOWS, PER_SECOND, Probe, probing
from scenes import HOST, IN_CLOUD, all_up
from stage import Stage
from trunkline.intent.view import CIRCUIT, GATEWAY
from trunkline.model.profile import Bfd, Profile
from trunkline.model.resource import Json
from waiting import until

LEG: Json = {"circuit": estates.link(CIRCUIT, "er1"), "leg": "primary"}
#: By name; each leaves another way.
TARGETS: dict[str, Json] = {
    "leg": LEG, "leg in": {**LEG, "direction": "in"}, "leg out": {**LEG, "direction": "out"},
    "leg link down": {**LEG, "mode": "linkDown"},
    "edge": {"kind": "edge", "location": "Amsterdam", "leg": "primary"},
    "edge link down": {"kind": "edge", "location": "Amsterdam", "leg": "primary", "mode": "linkDown"},
    "switch": {"kind": "switch", "provider": "Equinix", "location": "Amsterdam", "leg": "secondary"},
    "gateway instance": {"kind": "gatewayInstance", "gateway": estates.link(GATEWAY, "gw1"), "instance": 0},
    "backbone link": {"kind": "backboneLink", "site": "Amsterdam", "to": "westeurope", "leg": "primary"},
    "backbone node": {"kind": "backboneNode", "site": "westeurope", "leg": "primary"},
}
LOCATION: Json = {"kind": "location", "location": "Amsterdam"}


@dataclass(frozen=True, slots=True)
class Met:
    """A failure and its end, as one probe saw them."""

    failed: Probe
    healed: Probe


def detection_ms(profile: Profile) -> int:
    """The longest time that a session of the profile needs to notice that its peer is gone (RFC 5880, 6.8.4)."""
    return max(bfd.interval_ms * bfd.multiplier for bfd in (profile.customer_bfd or Bfd(), profile.inner_bfd))


def all_flows_carry(stage: Stage) -> bool:
    """Beside a probe, to whose echo it talks too."""
    told = stage.run(HOST, sys.executable, "-m", "trunkline.telemetry.probe", "send", IN_CLOUD, "--flows", str(FLOWS),
                     "--interval-ms", str(FLOWS * 1000 / PER_SECOND), "--duration", "0.3", "--json").stdout
    found = json.loads(told)
    return bool(found["sent"]) and found["lost"] == 0


def meet(stage: Stage, properties: Json, whole: Callable[[Stage], None] = all_up) -> Met:
    """It fails until every flow has found another way, and heals until the estate is ``whole``."""
    fault = estates.fault(**properties)
    with probing(stage) as failed:
        until(lambda: all_flows_carry(stage), 10, "traffic on all flows")
        stage.put(fault)
        until(lambda: all_flows_carry(stage), 20, "another way for all flows")
    with probing(stage) as healed:
        until(lambda: all_flows_carry(stage), 10, "traffic on all flows")
        stage.delete(fault.id)
        whole(stage)
        until(lambda: all_flows_carry(stage), 10, "traffic on all flows")
    return Met(failed, healed)
