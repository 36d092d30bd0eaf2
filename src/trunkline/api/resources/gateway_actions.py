"""What may be asked of virtual network gateways, and what of it is not offered here, with the reason."""

from __future__ import annotations

from trunkline.api.declaration import Action, Ledger, Question, Refusal
from trunkline.api.resources.gateway_failover import SITE_FAILOVER_TESTS, only_express_route
from trunkline.intent.estate import Estate
from trunkline.intent.view import CONNECTION, referrers
from trunkline.model.resource import Json, Resource

NO_VPN = Refusal("VpnNotSupported", "VPN gateways are recorded on this platform: no tunnel and no client stands behind "
                 "them, so there is nothing to give out, capture, reset or disconnect. Use an ExpressRoute gateway.")

NO_MIGRATION = Refusal(
    "GatewayMigrationNotSupported", "Gateways are not migrated on this platform: there is no older deployment to "
    "leave. Create a gateway with the SKU you want and delete this one.")

NO_ROUTE_SETS = Refusal(
    "RoutesInformationNotSupported", "Route sets of a gateway are not computed; ask getLearnedRoutes, which tells each "
    "route with its circuit's addresses.")

_VPN_ACTIONS = (
    "resetvpnclientsharedkey", "generatevpnclientpackage", "generatevpnprofile", "getvpnprofilepackageurl",
    "supportedvpndevices", "listRadiusSecrets", "setvpnclientipsecparameters", "getvpnclientipsecparameters",
    "startPacketCapture", "stopPacketCapture", "disconnectVirtualNetworkGatewayVpnConnections")

_MIGRATION = ("prepareMigration", "executeMigration", "commitMigration", "abortMigration")

def connections(gateway: Resource, estate: Estate) -> tuple[Resource, ...]:
    return referrers(estate, gateway.id, CONNECTION)


def _no_clients(_gateway: Resource, _estate: Estate, _question: Question) -> Json:
    """Nobody is connected to a gateway that has no tunnels."""
    return {"value": []}


def _again(gateway: Resource, _ledger: Ledger, _question: Question) -> Resource:
    """The same wish once more: the reconciler looks at both instances and mends what differs."""
    return gateway


GATEWAY_ACTIONS = (
    Action("getLearnedRoutes"),
    Action("getAdvertisedRoutes", query=("peer",)),
    Action("getBgpPeerStatus", query=("peer",)),
    Action("connections", "GET", lists=connections),
    Action("reset", query=("gatewayVip",), change=_again),
    Action("getResiliencyInformation", query=("attemptRefresh",), check=only_express_route),
    Action("getRoutesInformation", refused=NO_ROUTE_SETS),
    Action("getEffectiveRoutes", refused=NO_ROUTE_SETS),
    Action("getVpnClientConnectionHealth", answer=_no_clients),
    *SITE_FAILOVER_TESTS,
    *(Action(name, refused=NO_MIGRATION) for name in _MIGRATION),
    *(Action(name, refused=NO_VPN) for name in _VPN_ACTIONS))
