"""Answers what failures would cost, from the wishes in the store as they are at this moment."""

from __future__ import annotations

import time

from trunkline.diagnosis.whatif.demand import Demand, demands
from trunkline.diagnosis.whatif.report import Reporter
from trunkline.diagnosis.whatif.sweep import Sweep
from trunkline.diagnosis.whatif.words import Names
from trunkline.intent.compile.faults import targets
from trunkline.intent.connectivity.inventory import Inventory, inventory
from trunkline.intent.connectivity.model import Connectivity
from trunkline.intent.estate import Estate
from trunkline.intent.maintenance import Part, is_closing, recorded
from trunkline.intent.view import CIRCUIT, FAULT, GATEWAY, SITE, VNET
from trunkline.intent.wan import WAN_GATEWAY
from trunkline.model.circuit import Leg
from trunkline.model.fault import FaultKind, RehearsedFault, Target
from trunkline.model.maintenance import MAINTENANCE
from trunkline.model.operation import Operation
from trunkline.model.profile import Profile
from trunkline.model.resource import Json
from trunkline.model.whatif import WhatIf
from trunkline.reconcile.unharmed import Unharmed
from trunkline.store import Reader


def everything(reader: Reader, estate: Estate) -> Inventory:
    """Of all subscriptions, for they share edges and backbone."""
    circuits, gateways, in_hubs, sites, networks = (
        reader.list(kind) for kind in (CIRCUIT, GATEWAY, WAN_GATEWAY, SITE, VNET))
    return inventory(circuits, (*gateways, *in_hubs), sites, networks, estate)


class WhatIfAnswers:
    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def answer(self, operation: Operation, reader: Reader) -> Json:
        began, question = time.monotonic(), WhatIf.model_validate_json(operation.parameters["question"])
        estate = Unharmed(reader, worked_on=not question.standing)
        found = everything(reader, estate)
        network = Connectivity(found, estate, self._profile, operation.resource.subscription)
        said = [Demand(one.site, one.network, one.mbps) for one in question.demands]
        sweep = Sweep(network, demands(network.bundles, found.sites, estate, question.load_percent, said))
        names = Names(found)
        reporter = Reporter(sweep, network, names)
        if question.standing:
            told = _now(reader, operation.resource.subscription, reporter, names)
        elif question.states:
            told = reporter.states(question.states)
        else:
            told = self._sweep(sweep, network, reporter, question)
        return {"assumptions": {"loadPercent": question.load_percent,
                                "demands": [one.model_dump(by_alias=True) for one in question.demands]},
                **told, "tookSeconds": round(time.monotonic() - began, 3)}

    @staticmethod
    def _sweep(sweep: Sweep, network: Connectivity, reporter: Reporter, question: WhatIf) -> Json:
        states = sweep.states(network.causes)
        together = sweep.pairs(states) if question.failures_at_once > 1 else ()
        return reporter.report(states, together)


def _now(reader: Reader, subscription: str, reporter: Reporter, names: Names) -> Json:
    """What fails together with what maintenance has closed. ``whenGivenBack``: what fails alone, as it will be when
    maintenance has given that back, which it does when the twin fails."""
    failing, worked_on = _standing(reader, subscription), _worked_on(reader, subscription)
    told = reporter.state(tuple(dict.fromkeys((*failing, *worked_on))))
    later = reporter.state(failing)["states"][0] if worked_on else None
    return {**told, "whenGivenBack": later, "maintained": [
        {"failure": names.failure(target), "maintenance": name} for target, name in worked_on.items()]}


def _standing(reader: Reader, subscription: str) -> tuple[Target, ...]:
    """A fault that comes and goes, or fails one way, is taken for one that is there."""
    faults = (RehearsedFault.model_validate(one.properties) for one in reader.list(FAULT, subscription)
              if not one.deleting)
    return tuple(dict.fromkeys(target for one in faults for target in targets(one, reader)))


def _worked_on(reader: Reader, subscription: str) -> dict[Target, str]:
    """What carries nothing, for maintenance has closed it: with its name."""
    return {_target(part): one.id.name for one in reader.list(MAINTENANCE) if not one.deleting and is_closing(one)
            for part in recorded(one) if part.resource.subscription.lower() == subscription.lower()}


def _target(part: Part) -> Target:
    kind = FaultKind.LEG if part.part in list(Leg) else FaultKind.INSTANCE
    return Target(kind, part.key, part.part)
