"""Which permission a link needs: whoever connects a resource to another must be allowed to join that one."""

from __future__ import annotations

_NETWORK = "Microsoft.Network/"

#: Where it is not ``{type}/join/action``, in Azure's own words for the action.
_JOINS = {
    "microsoft.network/expressroutecircuits/peerings": "Microsoft.Network/expressRouteCircuits/peerings/write",
    "microsoft.network/applicationsecuritygroups":
        "Microsoft.Network/applicationSecurityGroups/joinIpConfiguration/action",
    "microsoft.network/virtualnetworks": "Microsoft.Network/virtualNetworks/peer/action",
    "microsoft.managedidentity/userassignedidentities":
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    "trunkline.site/sites": "Trunkline.Site/sites/join/action",
}


def joining(kind: str) -> str:
    """The action that a link to a resource of the type is; what is not of the network is merely read."""
    known = _JOINS.get(kind.lower())
    if known:
        return known
    return f"{kind}/join/action" if kind.lower().startswith(_NETWORK.lower()) else f"{kind}/read"
