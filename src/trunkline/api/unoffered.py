"""Operations of ARM itself that are not offered here: each says why, and the way out."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.api.declaration import Refusal
from trunkline.api.exchange import Answer, Call
from trunkline.api.service import Service
from trunkline.errors import Fault


@dataclass(frozen=True, slots=True)
class Unoffered:
    """An endpoint that refuses."""

    refusal: Refusal

    def __call__(self, _service: Service, _call: Call) -> Answer:
        raise Fault(self.refusal.code, self.refusal.message, status=self.refusal.status)


EXPORT = Unoffered(Refusal("ExportTemplateNotSupported", "Templates of what was deployed are not written; keep the "
                           "template it was deployed from, or list the resources (az resource list)."))
MOVE = Unoffered(Refusal("ResourceMoveNotSupported", "Resources cannot move to another group: their network is built "
                         "under their ids. Create them in the other group, then delete these."))
INTO_SUBSCRIPTION = Unoffered(Refusal("SubscriptionDeploymentsNotSupported", "Templates are deployed into resource "
                                      "groups only. Create the group (az group create), then deploy into it (az "
                                      "deployment group create)."))
PERMISSIONS = Unoffered(Refusal("ProviderPermissionsNotSupported", "Permissions are not listed by provider; list the "
                                "role definitions (az role definition list)."))
