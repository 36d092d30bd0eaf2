"""Microsoft.Features: preview features of a subscription, and whether it has registered for them.

Nothing here waits for an approval: whoever asks is registered.
"""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.api.engine import listing
from trunkline.api.engine.turn import writing
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.errors import NotFound
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId
from trunkline.store import Reader

NAMESPACE = "Microsoft.Features"
KIND = f"{NAMESPACE}/providers/features"
#: As what a registration is stored.
_STORED = ("featureProviders", "subscriptionFeatureRegistrations")

#: Those that Microsoft's guides to ExpressRoute ask for; others are unknown.
FEATURES = {"Microsoft.Network": ("AllowExpressRoutePorts", "ExpressRoutePrivateEndpointGatewayBypass")}

_REGISTERED, _NOT_REGISTERED = "Registered", "NotRegistered"


def list_all(service: Service, call: Call) -> Answer:
    """Of all providers, or of the one in the path."""
    wanted = call.names.get("provider", "").lower()
    with service.store.reading() as reader:
        rows = [_shown(reader, one) for one in _known(call) if wanted in ("", one.names[0].lower())]
    return listing.fixed(call, rows)


def get(service: Service, call: Call) -> Answer:
    with service.store.reading() as reader:
        return answer(_shown(reader, _found(call)))


def register(service: Service, call: Call) -> Answer:
    return _move(service, call, _REGISTERED)


def unregister(service: Service, call: Call) -> Answer:
    return _move(service, call, _NOT_REGISTERED)


def _move(service: Service, call: Call, state: str) -> Answer:
    feature = _found(call)
    with writing(service, call) as turn:
        stored = turn.writer.put(Resource(feature, properties={"state": state}, state=ProvisioningState.SUCCEEDED))
        turn.log(stored, "register/action" if state == _REGISTERED else "unregister/action", "Succeeded")
        return answer(_shown(turn.writer, feature))


def _known(call: Call) -> Iterable[ResourceId]:
    for provider, names in FEATURES.items():
        for name in names:
            yield ResourceId(call.names["subscription"], "", NAMESPACE, _STORED, (provider, name))


def _found(call: Call) -> ResourceId:
    provider, name = call.names["provider"], call.names["feature"]
    for one in _known(call):
        if [word.lower() for word in one.names] == [provider.lower(), name.lower()]:
            return one
    raise NotFound(f"The feature '{name[:80]}' could not be found in the namespace '{provider[:80]}'; az feature list "
                   "shows those that exist.", "FeatureNotFound")


def _shown(reader: Reader, feature: ResourceId) -> Json:
    found = reader.get(feature)
    state = found.properties["state"] if found else _NOT_REGISTERED
    at = f"/subscriptions/{feature.subscription}/providers/{NAMESPACE}/providers/{'/features/'.join(feature.names)}"
    return {"id": at, "name": "/".join(feature.names), "type": KIND, "properties": {"state": state}}
