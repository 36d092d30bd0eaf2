"""What the client itself may do at a scope (Microsoft.Authorization/permissions); denials, of which there are none."""

from __future__ import annotations

from trunkline.api.access.scoped import Scoped
from trunkline.api.envelope import NotAllowed
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.errors import NotFound


def permissions(at: Scoped, service: Service, call: Call) -> Answer:
    """One entry for each of its roles there or above."""
    if call.method != "GET" or at.name:
        raise NotAllowed(call.method, "GET")
    return answer({"value": [{
        "actions": list(one.actions), "notActions": list(one.not_actions), "dataActions": list(one.data_actions),
        "notDataActions": list(one.not_data_actions)} for one in service.permissions.held(call.account, at.scope)]})


def denials(at: Scoped, _service: Service, call: Call) -> Answer:
    """Azure's own services make deny assignments, nobody else can; here none does."""
    if call.method != "GET":
        raise NotAllowed(call.method, "GET")
    if at.name:
        raise NotFound(f"The deny assignment '{at.name[:80]}' is not found.", "DenyAssignmentNotFound")
    return answer({"value": []})
