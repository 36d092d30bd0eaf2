"""Deployments into a subscription instead of a group: there are none, and none are taken."""

from __future__ import annotations

from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.errors import Fault


def list_all(_service: Service, _call: Call) -> Answer:
    return answer({"value": []})


def get(_service: Service, call: Call) -> Answer:
    raise Fault("DeploymentNotFound", f"Deployment '{call.names['name'][:80]}' could not be found.", status=404)
