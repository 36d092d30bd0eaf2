"""virtualWans: what holds hubs together. Recorded."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Action, Refusal, Register, ResourceType, Wish
from trunkline.api.resources.linked import immovable
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import referrers
from trunkline.intent.wan import VIRTUAL_HUB, VIRTUAL_WAN
from trunkline.model.resource import Json, Resource
from trunkline.model.wan import VirtualWan, WanKind

NO_VPN = Refusal("VpnNotSupported", "There is no VPN gateway behind a Virtual WAN on this platform, so there is no VPN "
                 "configuration to give out. Use ExpressRoute connections.")


NO_SECURITY_PROVIDER = Refusal("SecurityPartnersNotSupported", "No security partner's appliances stand in the hubs of "
                               "this platform, so none can be chosen. Use security groups in the virtual networks.")


def _check(wish: Wish, _register: Register) -> Iterator[Fault]:
    new = VirtualWan.model_validate(wish.resource.properties)
    old = VirtualWan.model_validate(wish.existing.properties) if wish.existing else new
    if old.type is WanKind.STANDARD and new.type is WanKind.BASIC:
        yield immovable("type", old.type, new.type, "A Virtual WAN can be made Standard, not Basic again; create "
                        "another.", "type")


def _in_use(wan: Resource, estate: Estate) -> Iterator[Fault]:
    if hubs := referrers(estate, wan.id, VIRTUAL_HUB):
        yield Conflict("InUseVirtualWanCannotBeDeleted", "Cannot proceed with the operation because Virtual WAN has "
                       f"references. The WAN is referenced by {len(hubs)} Virtual Hubs ({hubs[0].id}) and 0 VPN Sites. "
                       "Delete the hubs first.", status=400)


def _show(wan: Resource, estate: Estate) -> Json:
    hubs = [{"id": str(hub.id)} for hub in referrers(estate, wan.id, VIRTUAL_HUB)]
    return {"office365LocalBreakoutCategory": "None", **({"virtualHubs": hubs} if hubs else {})}


VIRTUAL_WANS = ResourceType(
    VIRTUAL_WAN, model=VirtualWan, shape="VirtualWanProperties", check=_check, in_use=_in_use, show=_show,
    actions=(Action("supportedSecurityProviders", "GET", refused=NO_SECURITY_PROVIDER),
             *(Action(name, refused=NO_VPN) for name in (
                 "vpnConfiguration", "vpnServerConfigurations", "generateVpnProfile"))))
