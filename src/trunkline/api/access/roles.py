"""Roles: what they permit, as Azure defines those that this surface knows, with Azure's ids.

The definitions follow https://learn.microsoft.com/azure/role-based-access-control/built-in-roles (ids and actions are
facts of the service); one role is ours, for Azure has none for the providers' side of cross connections.
"""

from __future__ import annotations

from dataclasses import dataclass

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
KEY_VAULT_ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
PROVIDER = "5d3f7a52-1c1e-4c0b-9d0e-7472756e6b01"


@dataclass(frozen=True, slots=True)
class Role:
    """``id``: a GUID. ``assignable``: the scopes in which it may be assigned. Patterns of actions may hold ``*``."""

    id: str
    name: str
    description: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    custom: bool = False
    assignable: tuple[str, ...] = ("/",)


_ACCOMPANYING = ("Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*",
                 "Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/resourceGroups/read",
                 "Microsoft.Support/*")
_VAULTS = (*_ACCOMPANYING, "Microsoft.KeyVault/checkNameAvailability/read", "Microsoft.KeyVault/deletedVaults/read",
           "Microsoft.KeyVault/locations/*/read", "Microsoft.KeyVault/vaults/*/read",
           "Microsoft.KeyVault/operations/read")

_ROLES = (
    Role(OWNER, "Owner", "Grants full access to manage all resources, including the ability to assign roles in Azure "
         "RBAC.", ("*",)),
    Role(CONTRIBUTOR, "Contributor", "Grants full access to manage all resources, but does not allow you to assign "
         "roles in Azure RBAC, manage assignments in Azure Blueprints, or share image galleries.", ("*",),
         ("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write",
          "Microsoft.Authorization/elevateAccess/Action", "Microsoft.Blueprint/blueprintAssignments/write",
          "Microsoft.Blueprint/blueprintAssignments/delete", "Microsoft.Compute/galleries/share/action",
          "Microsoft.Purview/consents/write", "Microsoft.Purview/consents/delete")),
    Role(READER, "Reader", "View all resources, but does not allow you to make any changes.", ("*/read",)),
    Role("4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor", "Lets you manage networks, but not access to "
         "them.", (*_ACCOMPANYING, "Microsoft.Network/*", "Microsoft.ResourceHealth/availabilityStatuses/read")),
    Role("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator", "Lets you manage user access to Azure "
         "resources.", ("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*")),
    Role("f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator", "Manage access to Azure "
         "resources by assigning roles using Azure RBAC.",
         ("Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "*/read",
          "Microsoft.Support/*")),
    Role("43d0d8ad-25c7-4714-9337-8ba259a9fe05", "Monitoring Reader", "Can read all monitoring data.",
         ("*/read", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*")),
    Role("e40ec5ca-96e0-45a2-b4ff-59039f2c2b59", "Managed Identity Contributor", "Create, Read, Update, and Delete "
         "User Assigned Identity.", (*_ACCOMPANYING, "Microsoft.ManagedIdentity/userAssignedIdentities/read",
                                     "Microsoft.ManagedIdentity/userAssignedIdentities/write",
                                     "Microsoft.ManagedIdentity/userAssignedIdentities/delete")),
    Role("f1a07417-d97a-45cb-824c-7a7467783830", "Managed Identity Operator", "Read and Assign User Assigned Identity.",
         (*_ACCOMPANYING, "Microsoft.ManagedIdentity/userAssignedIdentities/read",
          "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action")),
    Role(KEY_VAULT_ADMINISTRATOR, "Key Vault Administrator", "Perform all data plane operations on a "
         "key vault and all objects in it, including certificates, keys, and secrets. Cannot manage key vault "
         "resources or manage role assignments.", _VAULTS, data_actions=("Microsoft.KeyVault/vaults/*",)),
    Role("f25e0fa2-a7c8-4377-a976-54943a77a395", "Key Vault Contributor", "Lets you manage key vaults, but not access "
         "to them.", (*_ACCOMPANYING, "Microsoft.KeyVault/*"),
         ("Microsoft.KeyVault/locations/deletedVaults/purge/action", "Microsoft.KeyVault/hsmPools/*",
          "Microsoft.KeyVault/managedHsms/*")),
    Role("21090545-7ca7-4776-b22c-e363652d74d2", "Key Vault Reader", "Read metadata of key vaults and its "
         "certificates, keys, and secrets. Cannot read sensitive values such as secret contents or key material.",
         _VAULTS,
         data_actions=("Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/secrets/readMetadata/action")),
    Role("b86a8fe4-44ce-4948-aee5-eccb2c155cd7", "Key Vault Secrets Officer", "Perform any action on the secrets of a "
         "key vault, except manage permissions.", _VAULTS, data_actions=("Microsoft.KeyVault/vaults/secrets/*",)),
    Role("4633458b-17de-408a-b874-0445c86b69e6", "Key Vault Secrets User", "Read secret contents.", (),
         data_actions=("Microsoft.KeyVault/vaults/secrets/getSecret/action",
                       "Microsoft.KeyVault/vaults/secrets/readMetadata/action")),
    Role(PROVIDER, "Trunkline ExpressRoute Provider", "The connectivity provider's side of circuits: cross "
         "connections, and virtual cross connects ordered by service key.",
         (*_ACCOMPANYING, "Microsoft.Resources/subscriptions/resourceGroups/*",
          "Microsoft.Resources/subscriptions/read", "Microsoft.Resources/subscriptions/resources/read",
          "Microsoft.Insights/eventtypes/values/read",
          "Microsoft.Network/*/read", "Microsoft.Network/expressRouteCrossConnections/*",
          "Microsoft.Network/locations/*", "Trunkline.Exchange/virtualCrossConnects/*", "Trunkline.Exchange/*/read",
          "Trunkline.Site/*/read", "Trunkline.Site/sites/join/action", "Trunkline.Plant/*/read",
          "Trunkline.Plant/faults/*",
          "Trunkline.Plant/status/action", "Trunkline.Plant/path/action", "Trunkline.Plant/nearest/action",
          "*/register/action")),
)

BUILT_IN = {role.id: role for role in _ROLES}
