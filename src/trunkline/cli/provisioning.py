"""The provider's side of a circuit: turned to Provisioned and back, and its own limit."""

from __future__ import annotations

from trunkline.cli.client import Clients, Json, Watch
from trunkline.cli.failure import Failed
from trunkline.cli.lookup import circuit, circuits, twin
from trunkline.model.bgp import within

PROVISIONED, NOT_PROVISIONED = "Provisioned", "NotProvisioned"
THROTTLES = "Trunkline.Plant/throttles"
APPROVALS = "Trunkline.Plant/prefixApprovals"
BINDINGS = "Trunkline.Plant/asnBindings"


def service_key(clients: Clients, wanted: str) -> str:
    """A known service key is taken as it is (a provider knows nothing else), anything else is looked up."""
    keys = (one for one in circuits(clients) if str(one["properties"]["serviceKey"]).lower() == wanted.lower())
    found = next(keys, None) or circuit(clients, wanted)
    if found["properties"].get("expressRoutePort"):
        raise Failed(f"circuit '{found['name']}' is on a Direct port and has no provider; it is connected by what is "
                     "plugged into the port's links (Trunkline.Site/cables).")
    return str(found["properties"]["serviceKey"])


def state_of(cross_connection: Json) -> str:
    return str(cross_connection["properties"].get("serviceProviderProvisioningState", ""))


def throttle(clients: Clients, wanted: str, mbps: int | None, watch: Watch) -> list[Json]:
    """A circuit's throttles as they are then: one, or with ``None`` none. Only operators write in the plant."""
    found, operator = circuit(clients, wanted), clients.named("operator")
    collection = f"{found['id'].partition('/providers/')[0]}/providers/{THROTTLES}"
    standing = [one["id"] for one in operator.list(collection) if _is_for(one, found)]
    if mbps is None:
        for one in standing:
            operator.delete(one, watch)
        return []
    body = {"properties": {"circuit": {"id": found["id"]}, "bandwidthInMbps": mbps}}
    return [operator.put(standing[0] if standing else f"{collection}/{found['name']}", body, watch)]


def announced(found: Json) -> list[str]:
    """Public prefixes that a circuit's Microsoft peering means to announce, of both families."""
    named: list[str] = []
    for peering in found["properties"].get("peerings") or ():
        told = peering["properties"]
        for part in (told, told.get("ipv6PeeringConfig") or {}):
            named += (part.get("microsoftPeeringConfig") or {}).get("advertisedPublicPrefixes") or ()
    return named


def is_announced(clients: Clients, wanted: str, prefix: str) -> None:
    """Raises Failed when the approval would vouch for nothing yet."""
    named = announced(circuit(clients, wanted))
    if not any(within(one, prefix) for one in named):
        raise Failed(f"{wanted} does not mean to announce {prefix}: its Microsoft peering names "
                     f"{', '.join(named) or 'no prefix'}. Approve one of these, or write --in-advance to vouch for "
                     "what may come.")


def approve(clients: Clients, wanted: str, prefix: str, evidence: str, watch: Watch) -> Json:
    """The operator vouches for a public prefix of a circuit's Microsoft peering."""
    found, name = circuit(clients, wanted), approval_name(wanted.rpartition("/")[2], prefix)
    path = f"{found['id'].partition('/providers/')[0]}/providers/{APPROVALS}/{name}"
    return clients.named("operator").put(path, {"properties": {
        "circuit": {"id": found["id"]}, "prefix": prefix, "evidence": evidence}}, watch)


def disapprove(clients: Clients, wanted: str, prefix: str, watch: Watch) -> None:
    found, name = circuit(clients, wanted), approval_name(wanted.rpartition("/")[2], prefix)
    clients.named("operator").delete(
        f"{found['id'].partition('/providers/')[0]}/providers/{APPROVALS}/{name}", watch)


def bind(clients: Clients, wanted: str, asn: int, evidence: str, watch: Watch) -> Json:
    """The operator says that an AS number is that of a circuit's subscription; it stands beside the circuit."""
    return clients.named("operator").put(_binding(clients, wanted, asn), {"properties": {
        "asn": asn, "evidence": evidence}}, watch)


def unbind(clients: Clients, wanted: str, asn: int, watch: Watch) -> None:
    clients.named("operator").delete(_binding(clients, wanted, asn), watch)


def _binding(clients: Clients, wanted: str, asn: int) -> str:
    return f"{circuit(clients, wanted)['id'].partition('/providers/')[0]}/providers/{BINDINGS}/as{asn}"


def approval_name(circuit_name: str, prefix: str) -> str:
    return f"{circuit_name}-{prefix.translate(str.maketrans('/:', '--'))}"


def _is_for(throttle_: Json, found: Json) -> bool:
    return str(throttle_["properties"]["circuit"]["id"]).lower() == str(found["id"]).lower()


def turn(clients: Clients, key: str, state: str, watch: Watch) -> tuple[Json, bool]:
    """The provider's side as it is now, and whether that is news."""
    found = twin(clients, key)
    if state_of(found) == state:
        return found, False
    wish = {**found, "properties": {**found["properties"], "serviceProviderProvisioningState": state}}
    return clients.named("provider").put(found["id"], wish, watch), True
