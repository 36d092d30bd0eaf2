"""Key Vault: vaults, who may do what with their secrets, and what a client says of a secret."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from trunkline.model.resource import Properties

#: Longest secret, as in Azure.
MOST_CHARACTERS = 25_600


class Permission(StrEnum):
    """What may be done with secrets; ``all`` means each of them."""

    GET = "get"
    LIST = "list"
    SET = "set"
    DELETE = "delete"
    RECOVER = "recover"
    PURGE = "purge"
    ALL = "all"


class SkuName(StrEnum):
    STANDARD = "standard"
    PREMIUM = "premium"


class Sku(Properties):
    family: str = "A"
    name: SkuName

    @field_validator("name", mode="before")
    @classmethod
    def _lower(cls, given: object) -> object:
        return given.lower() if isinstance(given, str) else given


class Permissions(Properties):
    """Of keys, certificates and storage accounts nothing exists here; what is allowed of them is kept."""

    keys: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    storage: tuple[str, ...] = ()


class AccessPolicy(Properties):
    tenant_id: UUID
    object_id: str
    application_id: UUID | None = None
    permissions: Permissions = Permissions()

    def allows(self, object_id: str, permission: Permission) -> bool:
        given = {word.lower() for word in self.permissions.secrets}
        return self.object_id.lower() == object_id.lower() and bool({permission.value, Permission.ALL.value} & given)


class NetworkAcls(Properties):
    bypass: str = "AzureServices"
    default_action: str = "Allow"
    ip_rules: tuple[dict[str, str], ...] = ()
    virtual_network_rules: tuple[dict[str, object], ...] = ()


class VaultProperties(Properties):
    tenant_id: UUID
    sku: Sku
    access_policies: tuple[AccessPolicy, ...] = Field(default=(), max_length=1024)
    enabled_for_deployment: bool = False
    enabled_for_disk_encryption: bool | None = None
    enabled_for_template_deployment: bool | None = None
    enable_soft_delete: bool = True
    soft_delete_retention_in_days: int = Field(default=90, ge=7, le=90)
    enable_rbac_authorization: bool = False
    enable_purge_protection: bool | None = None
    network_acls: NetworkAcls | None = None
    public_network_access: str = "Enabled"

    @field_validator("enable_purge_protection")
    @classmethod
    def _only_on(cls, given: bool | None) -> bool | None:
        if given is False:
            raise PydanticCustomError(
                "BadRequest", 'The property "enablePurgeProtection" cannot be set to false. Enabling the purge '
                "protection for a vault is an irreversible action.")
        return given

    def allows(self, object_id: str, permission: Permission) -> bool:
        """By access policy."""
        return any(policy.allows(object_id, permission) for policy in self.access_policies)


class Attributes(Properties):
    """Seconds since 1970."""

    enabled: bool = True
    nbf: int | None = Field(default=None, ge=0)
    exp: int | None = Field(default=None, ge=0)


class SecretProperties(Properties):
    """A new version of a secret. ARM never shows its value."""

    value: str | None = Field(default=None, max_length=MOST_CHARACTERS)
    content_type: str | None = Field(default=None, max_length=255)
    attributes: Attributes = Attributes()
