"""Asks the service what carrying out a file would change. Sent is what ``apply`` would send, and nothing of it kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trunkline.cli.client import Clients, Json
from trunkline.cli.estate.carry import client_of, is_true
from trunkline.cli.estate.document import FaultyFile, FileFault
from trunkline.cli.estate.plan import Consent, Group, Step, Wish
from trunkline.cli.failure import Failed
from trunkline.cli.lookup import twin
from trunkline.cli.provisioning import PROVISIONED, state_of

#: As many as the service plans at once.
MOST = 800


class TooMany(Failed):
    """More than can be foreseen at once."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """``told``: the service's answer, each change with the ``label`` of its step; ``unchanged``: labels."""

    told: Json
    unchanged: tuple[str, ...]


def foresee(clients: Clients, steps: Sequence[Step]) -> Foreseen:
    """Raises FaultyFile with all that the service would refuse."""
    open_steps = [step for step in steps if _would_send(clients, step)]
    if len(open_steps) > MOST:
        raise TooMany(f"{len(open_steps)} resources would be sent, and {MOST} can be planned at once; divide the file.")
    unchanged = [step.label for step in steps if step not in open_steps and not isinstance(step, Group)]
    told: Json = _ask(clients, open_steps) if open_steps else {"class": "none", "changes": []}
    faults: list[Json] = told.get("faults", [])
    if faults:
        raise FaultyFile([_fault(open_steps[fault["index"]], fault) for fault in faults])
    rows = [{"label": _label(open_steps[row["index"]], row["resourceId"]), **row} for row in told["changes"]]
    quiet = [row["label"] for row in rows if row["changeType"] == "NoChange"]
    return Foreseen({**told, "changes": [row for row in rows if row["changeType"] != "NoChange"]},
                    (*unchanged, *quiet))


def _ask(clients: Clients, steps: Sequence[Step]) -> Json:
    """As the operator where somebody else than the customer has to write too: nobody else may suppose all of it."""
    alone = all(isinstance(step, Group) or (isinstance(step, Wish) and step.account == "customer") for step in steps)
    subscription = clients.accounts.customer_subscription
    answer: Json = clients.named("customer" if alone else "operator").post(
        f"/subscriptions/{subscription}/providers/Trunkline.Plant/plan",
        {"resources": [_sent(step) for step in steps]})
    return answer


def _sent(step: Step) -> Json:
    if isinstance(step, Consent):
        return {"id": step.circuit, "provisioned": True}
    key = {"serviceKeyOf": step.key_of} if isinstance(step, Wish) and step.key_of else {}
    return {"id": step.path, **step.body, **key}


def _would_send(clients: Clients, step: Step) -> bool:
    if isinstance(step, Consent):
        circuit = clients.named("customer").find(step.circuit)
        return circuit is None or state_of(twin(clients, circuit["properties"]["serviceKey"])) != PROVISIONED
    existing = client_of(clients, step).find(step.path)
    if isinstance(step, Group):
        return existing is None
    return step.secret or not is_true(existing, step.body)


def _label(step: Step, resource: str) -> str:
    """What came along with a step (a network's subnet) has its own name."""
    if isinstance(step, Consent) or step.path.lower() == resource.lower():
        return step.label
    return f"{resource.rsplit('/', maxsplit=1)[-1]} of {step.label}"


def _fault(step: Step, told: Json) -> FileFault:
    where = f" ({told['target']})" if told.get("target") else ""
    return FileFault(step.line, (), f"{step.label}: {told['code']}{where}: {told['message']}")


def spread(told: Json) -> Iterator[tuple[Json, Json | None]]:
    """Each change with each of its fields; one that is created or deleted has none."""
    for row in told["changes"]:
        fields = row["fields"] or [None]
        yield from ((row, field) for field in fields)
