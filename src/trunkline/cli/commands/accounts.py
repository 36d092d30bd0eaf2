"""``trunkline accounts``: who may log in, and in which tenants and subscriptions. Changes hold at once."""

from __future__ import annotations

import uuid
from urllib.parse import quote

import click

from trunkline.cli.accounts import read_accounts
from trunkline.cli.client import Client, Json, connected
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.tables import print_table

_ACCESS = "/providers/Trunkline.Access"

_tenant = click.option("--tenant", metavar="TENANT", default="", help="By id, name or domain; else the first.")
_keep = click.option("--keep", is_flag=True, help="Keep the secret in the root-only file secrets.json, for 'trunkline "
                     "az' and 'trunkline env'.")
_prompt = click.option("--prompt", is_flag=True, help="Ask for a password; else a random one is made and shown once.")


@click.group(invoke_without_command=True)
@click.option("--show-secrets", is_flag=True, help="Also the secrets that are kept.")
@output_option
@click.pass_context
def accounts(context: click.Context, show_secrets: bool, as_json: bool) -> None:
    """Tenants, subscriptions and accounts of this instance."""
    if context.invoked_subcommand:
        return
    found = read_accounts(context.ensure_object(Instance).settings.places)
    if as_json:
        print_json(found.with_secrets() if show_secrets else found.public())
        return
    columns = ("account", "client id", "subscription", *(("secret",) if show_secrets else ()))
    rows = [(a.name, a.client_id, a.subscription, *((a.secret,) if show_secrets else ())) for a in found.accounts]
    print_table(columns, rows, title=f"Tenant {found.tenant}")


@accounts.command()
@click.argument("name")
@click.option("--user", is_flag=True, help="A person with a password; else a service principal with a secret.")
@_tenant
@click.option("--role", metavar="ROLE", default="", help="Assign a role by name, over --scope.")
@click.option("--scope", metavar="ID", default="", help="Resource id; the tenant's first subscription unless told.")
@_prompt
@_keep
@output_option
@pass_instance
def create(instance: Instance, /, as_json: bool, name: str, user: bool, **chosen: str | bool) -> None:
    """Create an account: trunkline accounts create alice --user --role Reader"""
    wish: Json = {"kind": "User" if user else "ServicePrincipal", "tenant": chosen["tenant"], "keep": chosen["keep"]}
    if chosen["prompt"]:
        wish["password"] = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    with connected(instance) as clients:
        operator = clients.named("operator")
        made = operator.put(f"{_ACCESS}/accounts/{quote(name, safe='')}", wish)
        if chosen["role"]:
            _assign(operator, made, str(chosen["role"]), str(chosen["scope"]))
    _tell(made, as_json)


@accounts.command()
@click.argument("name")
@_prompt
@_keep
@output_option
@pass_instance
def reset(instance: Instance, as_json: bool, name: str, prompt: bool, keep: bool) -> None:
    """Give an account a new secret; the old one ends at once."""
    wish: Json = {"keep": keep}
    if prompt:
        wish["password"] = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    with connected(instance) as clients:
        made = clients.named("operator").post(f"{_ACCESS}/accounts/{quote(name, safe='')}/resetSecret", wish)
    _tell(made, as_json)


@accounts.command()
@click.argument("name")
@pass_instance
def delete(instance: Instance, name: str) -> None:
    """Delete an account with its role assignments."""
    with connected(instance) as clients:
        if not clients.named("operator").delete(f"{_ACCESS}/accounts/{quote(name, safe='')}"):
            raise Failed(f"there is no account '{name}'; 'trunkline accounts' lists them.")
    click.echo(f"Account {name} is gone.")


@accounts.command()
@click.argument("name")
@click.option("--domain", default="", help="What stands behind the @ of its users' names.")
@output_option
@pass_instance
def tenant(instance: Instance, as_json: bool, name: str, domain: str) -> None:
    """Create a tenant, whose accounts see no other's subscriptions."""
    with connected(instance) as clients:
        made = clients.named("operator").put(f"{_ACCESS}/tenants/{quote(name, safe='')}", {"domain": domain})
    print_json(made) if as_json else click.echo(f"Tenant {made['displayName']} is {made['tenantId']}.")


@accounts.command()
@click.argument("name")
@_tenant
@output_option
@pass_instance
def subscription(instance: Instance, as_json: bool, name: str, tenant: str) -> None:
    """Create a subscription."""
    with connected(instance) as clients:
        made = clients.named("operator").put(f"{_ACCESS}/subscriptions/{quote(name, safe='')}", {"tenant": tenant})
    print_json(made) if as_json else click.echo(f"Subscription {made['displayName']} is {made['subscriptionId']}.")


@accounts.command()
@click.argument("name")
@click.argument("subscription")
@output_option
@pass_instance
def provider(instance: Instance, as_json: bool, name: str, subscription: str) -> None:
    """Give a connectivity provider its own SUBSCRIPTION, by id or name, for circuits ordered from then on.

    Until then all providers share one.
    """
    with connected(instance) as clients:
        made = clients.named("operator").put(f"{_ACCESS}/connectivityProviders/{quote(name, safe='')}",
                                             {"subscription": subscription})
    print_json(made) if as_json else click.echo(f"Circuits from {made['name']} are connected in subscription "
                                                f"{made['subscriptionId']} ({made['displayName']}).")


@accounts.command()
@click.argument("resource_id")
@output_option
@pass_instance
def identity(instance: Instance, as_json: bool, resource_id: str) -> None:
    """Print the variables with which a program on this machine is a managed identity."""
    with connected(instance) as clients:
        found = clients.named("operator").post(f"{_ACCESS}/identityHeader", {"resourceId": resource_id})
    values = {"IDENTITY_ENDPOINT": found["endpoint"], "IDENTITY_HEADER": found["header"]}
    if as_json:
        print_json(values)
        return
    for name, value in values.items():
        click.echo(f"export {name}={value}")


def _assign(operator: Client, account: Json, role: str, scope: str) -> None:
    """By the role's name; a scope below a subscription is given whole."""
    where = scope or _first_subscription(operator, account)
    base = f"{where}/providers/Microsoft.Authorization"
    named = next((one for one in operator.list(f"{base}/roleDefinitions")
                  if one["properties"]["roleName"].lower() == role.lower()), None)
    if named is None:
        raise Failed(f"there is no role '{role}'; 'trunkline az role definition list' shows them.")
    operator.put(f"{base}/roleAssignments/{uuid.uuid4()}", {"properties": {
        "roleDefinitionId": named["id"], "principalId": account["objectId"], "principalType": account["kind"]}})


def _first_subscription(operator: Client, account: Json) -> str:
    for one in operator.list(f"{_ACCESS}/subscriptions"):
        if one["tenantId"] == account["tenantId"]:
            return f"/subscriptions/{one['subscriptionId']}"
    raise Failed("the account's tenant has no subscription; 'trunkline accounts subscription' creates one.")


def _tell(made: Json, as_json: bool) -> None:
    if as_json:
        print_json(made)
        return
    click.echo(f"{made['kind']} {made['clientId']}  object id {made['objectId']}  tenant {made['tenantId']}")
    if "secret" in made:
        click.echo(f"secret (shown this once): {made['secret']}")
