"""Session policies as commands find, change and store them: one for each leg of a peering, and one for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from trunkline.cli.client import Clients, Json, RequestFailed, Watch
from trunkline.cli.failure import Failed
from trunkline.cli.lookup import circuit as find_circuit
from trunkline.cli.lookup import complete_circuit
from trunkline.cli.options import Command, output_option
from trunkline.cli.tables import print_table

POLICIES = "Trunkline.Routing/sessionPolicies"
#: As one writes it, and Azure's name.
PEERINGS = {"private": "AzurePrivatePeering", "microsoft": "MicrosoftPeering"}
LEGS = ("primary", "secondary")
_LOCKS_OUT = "SessionPolicyLocksOut"
#: Members that say which policy it is, or nothing about routes and sessions.
_APART = ("peering", "leg", "provisioningState", "confirmLockOut")


@dataclass(frozen=True, slots=True)
class Place:
    """What a policy is for. ``leg`` is empty for both."""

    circuit: Json
    peering: str
    leg: str

    @property
    def peering_id(self) -> str:
        return f"{self.circuit['id']}/peerings/{PEERINGS[self.peering]}"

    @property
    def path(self) -> str:
        """Of the policy that commands make."""
        group = self.circuit["id"].partition("/providers/")[0]
        return f"{group}/providers/{POLICIES}/{self.circuit['name']}-{self.peering}-{self.leg or 'both'}"

    def holds(self, policy: Json) -> bool:
        told = policy["properties"]
        return (str(told["peering"]["id"]).lower(), told.get("leg", "")) == (self.peering_id.lower(), self.leg)


@dataclass(frozen=True, slots=True)
class Where:
    """As a command was given it."""

    circuit: str
    peering: str
    leg: str | None

    def of(self, clients: Clients) -> Place:
        return Place(find_circuit(clients, self.circuit), self.peering, self.leg or "")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a change is wanted."""

    dry_run: bool = False
    as_json: bool = False
    confirmed: bool = False


def located(leg: str, required: bool = False) -> Callable[[Command], Command]:
    """Which peering of which circuit, as the argument ``where``. ``leg``: help of the option."""
    def decorated(command: Command) -> Command:
        @wraps(command)
        def called(*args: Any, circuit: str, peering: str, leg: str | None, **others: Any) -> Any:
            return command(*args, where=Where(circuit, peering, leg), **others)

        found = click.option("--leg", type=click.Choice(LEGS), required=required, help=leg)(called)
        found = click.option("--peering", type=click.Choice(list(PEERINGS)), default="private", show_default=True,
                             help="Which of the circuit's peerings.")(found)
        return click.argument("circuit", shell_complete=complete_circuit)(found)  # type: ignore[return-value]

    return decorated


def changing(command: Command) -> Command:
    """``--dry-run``, ``--confirm-lock-out`` and ``-o``, as the argument ``manner``."""
    @wraps(command)
    def called(*args: Any, dry_run: bool, as_json: bool, confirm_lock_out: bool, **others: Any) -> Any:
        return command(*args, manner=Manner(dry_run, as_json, confirm_lock_out), **others)

    found = click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")(called)
    found = click.option("--confirm-lock-out", is_flag=True, help="Also if no usable session remains.")(found)
    return output_option(found)  # type: ignore[return-value]


def standing(clients: Clients, circuit: Json) -> Iterator[Json]:
    """All policies beside a circuit."""
    group = circuit["id"].partition("/providers/")[0]
    return clients.named("customer").list(f"{group}/providers/{POLICIES}")


def found(clients: Clients, at: Place) -> Json | None:
    return next((one for one in standing(clients, at.circuit) if at.holds(one)), None)


def said(policy: Json | None) -> Json:
    """What a policy says of routes and sessions."""
    told = policy["properties"] if policy else {}
    return {name: value for name, value in told.items() if name not in _APART}


def switched(clients: Clients, at: Place, member: str, value: bool, usual: bool) -> tuple[Json, Json]:
    """What the leg's policy says before and after ``member`` is to count as ``value``; said only where the policy of
    both legs, or what is ``usual`` without any, would have it otherwise."""
    before = said(found(clients, at))
    general = said(found(clients, Place(at.circuit, at.peering, ""))).get(member, usual)
    after = {name: kept for name, kept in before.items() if name != member}
    return before, after if value == general else {**after, member: value}


def stored(clients: Clients, at: Place, wish: Json, watch: Watch, confirmed: bool = False) -> Json | None:
    """The policy as it is then; one that says nothing is deleted."""
    customer, standing_ = clients.named("customer"), found(clients, at)
    if not wish:
        if standing_:
            customer.delete(standing_["id"], watch)
        return None
    own = {"peering": {"id": at.peering_id}, **({"leg": at.leg} if at.leg else {}),
           **({"confirmLockOut": True} if confirmed else {})}
    try:
        return customer.put(standing_["id"] if standing_ else at.path, {"properties": {**wish, **own}}, watch)
    except RequestFailed as refused:
        if refused.code == _LOCKS_OUT:
            raise Failed(f"{refused} Here that is --confirm-lock-out.") from None
        raise


def flat(wish: Json, before: str = "") -> dict[str, object]:
    """By dotted path; lists whole."""
    rows: dict[str, object] = {}
    for name, value in wish.items():
        path = f"{before}{name}"
        if isinstance(value, dict) and name != "localPreferenceByCommunity":
            rows |= flat(value, f"{path}.")
        else:
            rows[path] = value
    return rows


def differences(before: Json, after: Json) -> list[Json]:
    old, new = flat(before), flat(after)
    return [{"member": path, "before": old.get(path), "after": new.get(path)}
            for path in sorted({**old, **new}) if old.get(path) != new.get(path)]


def legs_apart(clients: Clients, at: Place) -> list[str]:
    """Legs of a peering with a policy of their own."""
    places = {leg: Place(at.circuit, at.peering, leg) for leg in LEGS}
    held = list(standing(clients, at.circuit))
    return [leg for leg, place in places.items() if any(place.holds(one) for one in held)]


def print_changes(changed: list[Json]) -> None:
    print_table(("member", "before", "after"), [
        (row["member"], written(row["before"]), written(row["after"])) for row in changed])
    if not changed:
        click.echo("Nothing changes.")


def written(value: object) -> str:
    """As an option is written."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict):
        return " ".join(f"{name}={each}" for name, each in value.items())
    if isinstance(value, list):
        return " ".join(_range_text(one) if isinstance(one, dict) else str(one) for one in value) or "none"
    return str(value)


def _range_text(one: Json) -> str:
    if "ge" not in one and "le" not in one:
        return str(one["prefix"])
    return f"{one['prefix']}[{one.get('ge', '')}-{one.get('le', '')}]"
