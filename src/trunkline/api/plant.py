"""What may be asked of the plant as a whole: ``Trunkline.Plant/status``, a subscription's circuits, legs, sessions,
routes and traffic at a glance; ``whatIf``, what failures would cost.
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
from trunkline.model.resource import ResourceId
from trunkline.model.whatif import WhatIf


def status(service: Service, call: Call) -> Awaited:
    return _ask(service, call, Asked("status", {"audience": "operator"} if call.account.operator else {}))


def what_if(service: Service, call: Call) -> Awaited:
    return _ask(service, call, Asked("whatIf", {"question": _question(call).model_dump_json(by_alias=True)}))


def _question(call: Call) -> WhatIf:
    try:
        return WhatIf.model_validate(content.object_in(call.headers, call.body))
    except ValidationError as error:
        wrong = list(validation.faults(error, "", "whatIf", ()))
    refuse(wrong)
    return WhatIf()


def _ask(service: Service, call: Call, asked: Asked) -> Awaited:
    operation = asking.begin(service, call, ResourceId(call.names["subscription"]), asked, "global")
    return Awaited(operation.id)
