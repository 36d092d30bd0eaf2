"""The provider's consent: turning its side of a circuit to Provisioned, and back."""

from __future__ import annotations

from trunkline.cli.client import Clients, Json, Watch
from trunkline.cli.lookup import circuit, circuits, twin

PROVISIONED, NOT_PROVISIONED = "Provisioned", "NotProvisioned"


def service_key(clients: Clients, wanted: str) -> str:
    """A known service key is taken as it is (a provider knows nothing else), anything else is looked up."""
    known = {str(one["properties"]["serviceKey"]).lower() for one in circuits(clients)}
    if wanted.lower() in known:
        return wanted.lower()
    return str(circuit(clients, wanted)["properties"]["serviceKey"])


def state_of(cross_connection: Json) -> str:
    return str(cross_connection["properties"].get("serviceProviderProvisioningState", ""))


def turn(clients: Clients, key: str, state: str, watch: Watch) -> tuple[Json, bool]:
    """The provider's side as it is now, and whether that is news."""
    found = twin(clients, key)
    if state_of(found) == state:
        return found, False
    wish = {**found, "properties": {**found["properties"], "serviceProviderProvisioningState": state}}
    return clients.named("provider").put(found["id"], wish, watch), True
