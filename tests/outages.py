"""Failures under traffic, for tests and measurements: what can fail of an estate of one circuit, and how it is met."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import ValidationError

import estates
import reaching
from conditions import ends_in
from probing import FLOWS, PER_SECOND, Probe, probing
from scenes import HOST, IN_CLOUD, VM, all_up, carried, customer, is_up
from stage import Stage
from trunkline.intent.allocation import core_loopback
from trunkline.intent.compile.draft import host_node
from trunkline.intent.compile.plant import backbone_interface, core_node
from trunkline.intent.network import Direction
from trunkline.intent.span import AVOIDED
from trunkline.intent.view import CIRCUIT, GATEWAY
from trunkline.model.backbone import backbone
from trunkline.model.circuit import Leg
from trunkline.model.fault import RehearsedFault
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
#: How something fails; what the API refuses has no meaning (``met``).
MODES: dict[str, Json] = {"silent": {}, "in": {"direction": "in"}, "out": {"direction": "out"},
                          "link down": {"mode": "linkDown"}}
COMING_AND_GOING: Json = {"downInSeconds": 2, "upInSeconds": 1}
LOCATION: Json = {"kind": "location", "location": "Amsterdam"}
REGION: Json = {"kind": "region", "region": "West Europe"}
#: Over which a leg of the Global Reach between ``reaching``'s last two sites leads.
REGION_BETWEEN: Json = {"kind": "region", "region": reaching.BETWEEN}


#: One of each kind: of what one circuit stands on and has twice, and what more than one circuit survives.
TWOFOLD = ("leg", "edge", "switch", "gateway instance", "backbone link", "backbone node")
WIDE = ("location", "region")


def every(*names: str) -> dict[str, Json]:
    """Each of the ``TARGETS`` that are named, in every way that the API accepts: ``edge, link down, flapping``."""
    found = {f"{name}, {mode}{pace}": {**of(name), **how, **times} for name in names for mode, how in MODES.items()
             for pace, times in (("", {}), (", flapping", COMING_AND_GOING))}
    return {name: properties for name, properties in found.items() if is_accepted(properties)}


def of(name: str) -> Json:
    return {"location": LOCATION, "region": REGION}.get(name) or TARGETS[name]


def is_accepted(properties: Json) -> bool:
    try:
        RehearsedFault.model_validate(properties)
    except ValidationError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Course:
    """Of the traffic; ``ends``: the sites of the backbone between which its tunnels lead."""

    source: str = HOST
    target: str = VM
    address: str = IN_CLOUD
    ends: tuple[str, str] = ("amsterdam", "westeurope")


@dataclass(frozen=True, slots=True)
class Met:
    """A failure and its end, as one probe saw them."""

    failed: Probe
    healed: Probe


TO_CLOUD = Course()


def between_sites(near: int, far: int) -> Course:
    """Of ``reaching``, over Global Reach."""
    source, target = (host_node(reaching.site_id(number), "h1") for number in (near, far))
    here, there = (reaching.SITES[number][1].casefold() for number in (near, far))
    return Course(source, target, reaching.host_address(far), (here, there))


#: Between two sites, over Global Reach.
BETWEEN_SITES = between_sites(1, 2)
#: How often something comes and goes while it is watched.
_TURNS = 2


#: What only sessions between our own speakers lead over.
INSIDE = ("gatewayInstance", "backboneLink", "backboneNode", "region")


def detection_ms(profile: Profile, properties: Json = LEG) -> int:
    """The longest time that whoever has to notice a failure needs for it (RFC 5880, 6.8.4): the customer's session, or
    one inside."""
    bfd = profile.inner_bfd if properties.get("kind") in INSIDE else profile.customer_bfd or Bfd()
    return bfd.interval_ms * bfd.multiplier


def all_flows_carry(stage: Stage, course: Course = TO_CLOUD) -> bool:
    """Beside a probe, to whose echo it talks too."""
    told = stage.run(
        course.source, sys.executable, "-m", "trunkline.telemetry.probe", "send", course.address, "--flows", str(FLOWS),
        "--interval-ms", str(FLOWS * 1000 / PER_SECOND), "--duration", "0.3", "--json").stdout
    found = json.loads(told)
    return bool(found["sent"]) and found["lost"] == 0


def meet(stage: Stage, properties: Json, course: Course = TO_CLOUD) -> Met:
    """It fails until every flow has found another way, and heals until every session is back and the backbone leads as
    it did, which of a link takes OSPF a quarter of a minute."""
    fault = estates.fault(**properties)
    until(lambda: is_settled(stage, course), 40, "OSPF to settle", every_s=0.2)
    with probed(stage, course) as failed:
        begun = time.time()
        fault.system["begunAt"] = ends_in(0)  # what comes and goes begins by being down
        stage.put(fault)
        until(lambda: time.time() > begun + _TURNS * _period_s(properties), 60, "it to come and go")
    with probed(stage, course) as healed:
        stage.delete(fault.id)
        all_up(stage)
        until(lambda: is_settled(stage, course), 40, "OSPF to settle", every_s=0.2)
    return Met(failed, healed)


def _period_s(properties: Json) -> float:
    return sum(float(properties.get(name, 0)) for name in COMING_AND_GOING)


def drain(stage: Stage) -> Met:
    """A leg is left by prepending, then closed, as before maintenance; then it is opened and gets its traffic back."""
    prepended, closed = (estates.session_policy("primary", **what) for what in (
        {"gracefulShutdown": True}, {"gracefulShutdown": True, "enabled": False}))
    with probed(stage, TO_CLOUD) as drained:
        stage.put(prepended)
        until(lambda: _is_quiet(stage), 20, "the leg to be quiet")
        stage.put(closed)
    with probed(stage, TO_CLOUD) as undrained:
        stage.put(prepended)
        until(lambda: is_up(customer(stage, Leg.PRIMARY)), 20, "the session to be back")
        stage.delete(prepended.id)
        all_up(stage)
    return Met(drained, undrained)


def _is_quiet(stage: Stage) -> bool:
    """But for what keeps a session alive."""
    def both_ways() -> int:
        return sum(carried(stage, direction=way)[Leg.PRIMARY] for way in Direction)
    before, since = both_ways(), time.monotonic()
    all_flows_carry(stage)
    return (both_ways() - before) / (time.monotonic() - since) < PER_SECOND / FLOWS


def is_settled(stage: Stage, course: Course = TO_CLOUD) -> bool:
    """Whether OSPF leads between the ends as it does when all is whole, and every link is trusted. After a start, and
    after a failure, that takes it some seconds; until then planned routes or a crossing lead."""
    with stage.store.reading() as reader:
        if reader.list(AVOIDED):
            return False
    return all(_leads(stage, here, there, leg) for here, there in (course.ends, course.ends[::-1]) for leg in Leg)


def _leads(stage: Stage, here: str, there: str, leg: Leg) -> bool:
    told = stage.run(core_node(here, leg), "ip", "-j", "route", "get", "fibmatch", core_loopback(there, leg)).stdout
    row = json.loads(told)[0] if told else {}
    neighbour = backbone().path(here, there, leg)[1]
    return (row.get("protocol"), row.get("dev")) == ("bird", backbone_interface(neighbour))


@contextmanager
def probed(stage: Stage, course: Course) -> Iterator[Probe]:
    """From before until after, when every flow carries."""
    with probing(stage, course.source, course.target, course.address) as probe:
        until(lambda: all_flows_carry(stage, course), 10, "traffic on all flows")
        yield probe
        until(lambda: all_flows_carry(stage, course), 20, "a way for all flows")
