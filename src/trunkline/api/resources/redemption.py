"""Authorization keys: what opens a circuit to another subscription's gateway, once."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.resources.express_route.words import AUTHORIZATION
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.model.resource import Resource, ResourceId


def redeemed(connection: Resource, circuit: ResourceId, estate: Estate) -> Resource | None:
    """The authorization of a circuit whose key a connection presents."""
    key = connection.secrets.get("authorizationKey", "").lower()
    return next((a for a in estate.children(circuit, AUTHORIZATION)
                 if a.system["authorizationKey"] == key and not a.deleting), None)


def check_key(connection: Resource, circuit: Resource, estate: Estate) -> Iterator[Fault]:
    own = connection.id.subscription.lower() == circuit.id.subscription.lower()
    if own and not connection.secrets.get("authorizationKey"):
        return
    found = redeemed(connection, circuit.id, estate)
    if found is None:
        yield Fault("AuthorizationKeyInvalid", f"Circuit {circuit.id} of subscription {circuit.id.subscription} can be "
                    "linked only with a valid authorizationKey. Ask its owner for an authorization and give its key.",
                    "authorizationKey")
        return
    for user in estate.referrers(found.id):
        if user.id.key != connection.id.key and not user.deleting:
            yield Conflict("AuthorizationKeyInUse", f"authorizationKey of authorization '{found.id.name}' is used by "
                           f"{user.id}; one key makes one connection. Ask the circuit's owner for another.",
                           "authorizationKey")
