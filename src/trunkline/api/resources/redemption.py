"""Authorization keys: what opens a circuit to another subscription's gateway or circuit, and a Direct port to another's
circuit. Once each."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.model.resource import Resource, ResourceId


def redeemed(user: Resource, kind: str, owner: ResourceId, estate: Estate) -> Resource | None:
    """The authorization, of type ``kind``, of a circuit or port whose key a resource presents."""
    key = user.secrets.get("authorizationKey", "").lower()
    return next((one for one in estate.children(owner, kind)
                 if one.system["authorizationKey"] == key and not one.deleting), None)


def check_key(user: Resource, kind: str, owner: ResourceId, estate: Estate) -> Iterator[Fault]:
    """In the owner's own subscription a key is not needed, but if there is one it must fit."""
    own = user.id.subscription.lower() == owner.subscription.lower()
    if own and not user.secrets.get("authorizationKey"):
        return
    found = redeemed(user, kind, owner, estate)
    if found is None:
        yield Fault("AuthorizationKeyInvalid", f"{owner} of subscription {owner.subscription} can be linked only with "
                    "a valid authorizationKey. Ask its owner for an authorization and give its key.",
                    "authorizationKey")
        return
    for other in estate.referrers(found.id):
        if other.id.key != user.id.key and not other.deleting:
            yield Conflict("AuthorizationKeyInUse", f"authorizationKey of authorization '{found.id.name}' is used by "
                           f"{other.id}; one key is good for one link. Ask its owner for another.", "authorizationKey")
