"""ExpressRoute Direct: port pairs, their two links and MACsec (azure-facts 2.1, 2.4)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, model_validator
from pydantic_core import PydanticCustomError

from trunkline.model.resource import Properties

#: Sizes of circuits by size of the port.
CIRCUIT_SIZES_GBPS = {10: (1, 2, 5, 10), 100: (5, 10, 40, 100), 400: (5, 10, 40, 100, 200, 400)}

#: Circuits may take twice a port's bandwidth together: each uses both links, but needs only one.
OVERSUBSCRIPTION = 2

#: Names of a port pair's links, in this order.
LINKS = ("link1", "link2")

#: VLAN ids that a tag can bear (IEEE 802.1Q).
VLAN_IDS = 4094

MTU, ETHER_TYPE = "1500", "0x8100"

#: From this size on a port's hardware has extended packet numbers.
_XPN_GBPS = 40

_SECRET_ID = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?/secrets/[A-Za-z0-9-]{1,127}(/[0-9A-Za-z]{1,32})?/?")


class Encapsulation(StrEnum):
    DOT1Q = "Dot1Q"
    QINQ = "QinQ"


class BillingType(StrEnum):
    METERED = "MeteredData"
    UNLIMITED = "UnlimitedData"


class AdminState(StrEnum):
    ENABLED = "Enabled"
    DISABLED = "Disabled"


class Cipher(StrEnum):
    AES_128 = "GcmAes128"
    AES_256 = "GcmAes256"
    XPN_128 = "GcmAesXpn128"
    XPN_256 = "GcmAesXpn256"

    @property
    def extended(self) -> bool:
        return self in (Cipher.XPN_128, Cipher.XPN_256)


class SciState(StrEnum):
    ENABLED = "Enabled"
    DISABLED = "Disabled"


def _secret_identifier(text: str) -> str:
    """The message does not repeat it."""
    if text and not _SECRET_ID.fullmatch(text):
        raise PydanticCustomError(
            "InvalidSecretIdentifier", "A MACsec key is named by the identifier of a Key Vault secret: "
            "https://{{vault}}/secrets/{{name}}/{{version}}. Copy it from the vault.")
    return text


SecretIdentifier = Annotated[str, AfterValidator(_secret_identifier)]


class MacSec(Properties):
    """Both keys or none."""

    ckn_secret_identifier: SecretIdentifier | None = None
    cak_secret_identifier: SecretIdentifier | None = None
    cipher: Cipher = Cipher.AES_128
    sci_state: SciState | None = None

    @model_validator(mode="after")
    def _paired(self) -> MacSec:
        if bool(self.ckn_secret_identifier) != bool(self.cak_secret_identifier):
            raise PydanticCustomError("MacSecKeysIncomplete", "macSecConfig needs cknSecretIdentifier and "
                                      "cakSecretIdentifier together, or neither. Give the other one too.")
        return self

    @property
    def keyed(self) -> bool:
        return bool(self.ckn_secret_identifier)


class LinkSettings(Properties):
    """What a customer sets on one link."""

    admin_state: AdminState = AdminState.DISABLED
    mac_sec_config: MacSec = MacSec()


class LinkWish(Properties):
    name: str
    properties: LinkSettings = LinkSettings()


def _known_links(links: tuple[LinkWish, ...]) -> tuple[LinkWish, ...]:
    names = [link.name.lower() for link in links]
    for name in names:
        if name not in LINKS or names.count(name) > 1:
            raise PydanticCustomError("InvalidLinkName", "'{name}' is not one of the port pair's two links, or stands "
                                      "there twice; they are link1 and link2.", {"name": name[:80]})
    return links


def _port_size(gbps: int) -> int:
    if gbps not in CIRCUIT_SIZES_GBPS:
        raise PydanticCustomError("InvalidPortBandwidth", "bandwidthInGbps {gbps} is not sold; ports have 10, 100 or "
                                  "400 Gbps.", {"gbps": gbps})
    return gbps


class Port(Properties):
    """``links``: those that the body names; the other keeps its settings."""

    peering_location: str
    bandwidth_in_gbps: Annotated[int, AfterValidator(_port_size)]
    encapsulation: Encapsulation
    billing_type: BillingType | None = None
    links: Annotated[tuple[LinkWish, ...], AfterValidator(_known_links)] = ()

    @model_validator(mode="after")
    def _ciphers_fit(self) -> Port:
        for link in self.links:
            cipher = link.properties.mac_sec_config.cipher
            if cipher.extended and self.bandwidth_in_gbps < _XPN_GBPS:
                raise PydanticCustomError(
                    "MacSecCipherNotSupported", "macSecConfig.cipher {cipher} needs a port of 40 Gbps or more; this "
                    "one has {gbps}. Use GcmAes128 or GcmAes256.",
                    {"cipher": cipher.value, "gbps": self.bandwidth_in_gbps})
        return self


class LoaRequest(Properties):
    """For whom a letter of authorization is written."""

    customer_name: str

    @model_validator(mode="after")
    def _named(self) -> LoaRequest:
        if not self.customer_name.strip() or len(self.customer_name) > 200:
            raise PydanticCustomError("InvalidCustomerName", "customerName must have 1 to 200 characters; give the "
                                      "name that the letter shall be written for.")
        return self
