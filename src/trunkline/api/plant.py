"""``Trunkline.Plant/status``: a subscription's circuits, legs, sessions, routes and traffic at a glance."""

from __future__ import annotations

from trunkline.api.engine import asking
from trunkline.api.engine.turn import Asked
from trunkline.api.exchange import Awaited, Call
from trunkline.api.service import Service
from trunkline.model.resource import ResourceId


def status(service: Service, call: Call) -> Awaited:
    asked = Asked("status", {"audience": "operator"} if call.account.operator else {})
    operation = asking.begin(service, call, ResourceId(call.names["subscription"]), asked, "global")
    return Awaited(operation.id)
