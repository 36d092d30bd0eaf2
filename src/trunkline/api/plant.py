"""What may be asked of the plant as a whole: ``Trunkline.Plant/status``, a subscription's circuits, legs, sessions,
routes and traffic at a glance; ``whatIf``, what failures would cost; ``resiliency``, how well it would
bear them.
"""

from __future__ import annotations

from pydantic import ValidationError

from trunkline.api import body as content
from trunkline.api import validation
from trunkline.api.engine import asking
from trunkline.api.engine.turn import Asked
from trunkline.api.envelope import refuse
from trunkline.api.exchange import Awaited, Call
from trunkline.api.service import Service
from trunkline.model.resiliency import ResiliencyQuestion
from trunkline.model.resource import Properties, ResourceId
from trunkline.model.whatif import WhatIf


def status(service: Service, call: Call) -> Awaited:
    return _ask(service, call, Asked("status", {"audience": "operator"} if call.account.operator else {}))


def what_if(service: Service, call: Call) -> Awaited:
    return _ask(service, call, Asked("whatIf", {"question": _question(call, WhatIf)}))


def resiliency(service: Service, call: Call) -> Awaited:
    return _ask(service, call, Asked("resiliency", {"question": _question(call, ResiliencyQuestion)}))


def _question(call: Call, model: type[Properties]) -> str:
    try:
        return model.model_validate(content.object_in(call.headers, call.body)).model_dump_json(by_alias=True)
    except ValidationError as error:
        wrong = list(validation.faults(error, "", call.path.rpartition("/")[2], ()))
    refuse(wrong)
    return ""


def _ask(service: Service, call: Call, asked: Asked) -> Awaited:
    operation = asking.begin(service, call, ResourceId(call.names["subscription"]), asked, "global")
    return Awaited(operation.id)
