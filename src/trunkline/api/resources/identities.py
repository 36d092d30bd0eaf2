"""User-assigned managed identities: principals without a secret. Who may use one's token, the token side decides."""

from __future__ import annotations

from uuid import uuid4

from trunkline.api.declaration import Action, Ledger, Refusal, ResourceType, Wish
from trunkline.api.engine.identity import USER_ASSIGNED
from trunkline.intent.estate import Estate
from trunkline.model.resource import Json, Properties, Resource

_NO_FEDERATION = Refusal(
    "FederatedIdentityCredentialsNotSupported", "Federated credentials of managed identities are not offered: no "
    "token of another issuer is exchanged for one of an identity. Configure the issuer at the service itself, or use "
    "the managed-identity endpoint.")


class Identity(Properties):
    """Clients set nothing but tags."""


def _generate(_wish: Wish, _ledger: Ledger) -> Json:
    return {"principalId": str(uuid4()), "clientId": str(uuid4())}


def identities(tenant: str) -> tuple[ResourceType, ...]:
    """``tenant``: in which they are principals."""
    def show(identity: Resource, _estate: Estate) -> Json:
        return {"tenantId": tenant, "principalId": identity.system["principalId"],
                "clientId": identity.system["clientId"]}

    refused = {method: _NO_FEDERATION for method in ("PUT", "PATCH", "DELETE")}
    return (
        ResourceType(USER_ASSIGNED, model=Identity, generate=_generate, show=show, at_once=True, actions=(
            Action("listAssociatedResources", refused=Refusal(
                "ListAssociatedResourcesNotSupported", "Which resources use an identity is not listed; look at "
                "'identity' of the resources themselves.")),)),
        ResourceType(f"{USER_ASSIGNED}/federatedIdentityCredentials", model=Identity, tracked=False, at_once=True,
                     refused=refused),
    )
