"""Communities that virtual networks' routes bear on private peering: the network's own and its region's.

    12076:2xxxx  chosen by the customer     12076:50xxx  of the region, only beside the other (azure-facts 2.3)
"""

from __future__ import annotations

from trunkline.intent.bgp import Community
from trunkline.intent.estate import Estate
from trunkline.intent.view import VnetView, vnet_peerings
from trunkline.model.resource import Resource
from trunkline.model.service import regional_community
from trunkline.model.session_policy import community_of

#: By prefix.
Marks = dict[str, tuple[Community, ...]]


def of_network(vnet: Resource) -> tuple[Community, ...]:
    """None, unless the customer chose one."""
    chosen = vnet.properties.get("bgpCommunities", {}).get("virtualNetworkCommunity")
    told = (chosen, regional_community(vnet.location)) if chosen else ()
    return tuple(community_of(text) for text in told if text)


def marks(estate: Estate, vnet: VnetView) -> Marks:
    """Of all that a gateway of this network advertises: each network behind it speaks for itself."""
    found = dict.fromkeys(vnet.prefixes, of_network(vnet.resource))
    for peering in vnet_peerings(estate, vnet):
        if peering.lends:
            found |= dict.fromkeys(peering.prefixes, of_network(peering.remote.resource))
    return {prefix: communities for prefix, communities in found.items() if communities}
