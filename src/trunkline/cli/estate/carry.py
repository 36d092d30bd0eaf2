"""Carries wishes to the API: what is true already is left alone, the rest is sent and waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trunkline.cli.client import Client, Clients, Json, Watch
from trunkline.cli.estate.compare import says
from trunkline.cli.estate.plan import Consent, Group, Step, Wish
from trunkline.cli.failure import Failed
from trunkline.cli.lookup import twin
from trunkline.cli.progress import Progress
from trunkline.cli.provisioning import NOT_PROVISIONED, PROVISIONED, state_of, turn


@dataclass(frozen=True, slots=True)
class Outcome:
    """``result``: created, changed, unchanged, deleted, absent; with ``would `` before it in a dry run."""

    resource: str
    result: str
    id: str
    seconds: float


class Carrier:
    def __init__(self, clients: Clients, progress: Progress, dry_run: bool = False) -> None:
        self._clients, self._progress, self._dry = clients, progress, dry_run

    def apply(self, steps: Sequence[Step]) -> list[Outcome]:
        return [self._noted(step, self._apply) for step in steps]

    def delete(self, steps: Sequence[Step]) -> list[Outcome]:
        return [self._noted(step, self._delete) for step in reversed(steps) if not isinstance(step, Group)]

    def _noted(self, step: Step, act: Callable[[Step, Watch], str]) -> Outcome:
        began = time.monotonic()
        with self._progress.step(step.label) as shown:
            result = act(step, shown.waiting)
            shown.note = result
        where = step.circuit if isinstance(step, Consent) else step.path
        return Outcome(step.label, result, where, round(time.monotonic() - began, 3))

    def _said(self, word: str) -> str:
        verb = {"created": "create", "changed": "change", "deleted": "delete"}.get(word)
        return f"would {verb}" if self._dry and verb else word

    def _apply(self, step: Step, watch: Watch) -> str:
        if isinstance(step, Consent):
            return self._consent(step, PROVISIONED, watch)
        client = client_of(self._clients, step)
        existing = client.find(step.path)
        if existing and isinstance(step, Group):
            return "unchanged"
        body = self._body(step)
        same = body is not None and is_true(existing, body)
        if same and not (isinstance(step, Wish) and step.secret):
            return "unchanged"
        if not self._dry and body is not None:
            client.put(step.path, body, watch)
        return "unchanged" if same else self._said("changed" if existing else "created")

    def _body(self, step: Group | Wish) -> Json | None:
        """``None`` in a dry run when the circuit whose key is needed is still to be made."""
        if not isinstance(step, Wish) or not step.key_of:
            return step.body
        circuit = self._clients.named("customer").find(step.key_of)
        if circuit is None:
            if self._dry:
                return None
            raise Failed(f"{step.label}: there is no circuit {step.key_of.rpartition('/')[2]} "
                         f"(line {step.line}); create it first, or declare it under 'circuits'.")
        key = circuit["properties"]["serviceKey"]
        return {**step.body, "properties": {"serviceKey": key, **step.body["properties"]}}

    def _consent(self, step: Consent, state: str, watch: Watch) -> str:
        circuit = self._clients.named("customer").find(step.circuit)
        if circuit is None:
            if state == NOT_PROVISIONED:
                return "absent"
            if self._dry:
                return self._said("changed")
            raise Failed(f"{step.label}: there is no such circuit (line {step.line}).")
        key = circuit["properties"]["serviceKey"]
        if self._dry:
            return "unchanged" if state_of(twin(self._clients, key)) == state else self._said("changed")
        return "changed" if turn(self._clients, key, state, watch)[1] else "unchanged"

    def _delete(self, step: Step, watch: Watch) -> str:
        if isinstance(step, Consent):
            return self._consent(step, NOT_PROVISIONED, watch)
        client = self._clients.named(step.account if isinstance(step, Wish) else "customer")
        if client.find(step.path) is None:
            return "absent"
        if not self._dry:
            client.delete(step.path, watch)
        return self._said("deleted")


def client_of(clients: Clients, step: Group | Wish) -> Client:
    return clients.named("customer" if isinstance(step, Group) else step.account)


def is_true(existing: Json | None, body: Json) -> bool:
    """Whether what exists says all of a wish that can be seen."""
    return existing is not None and says(existing, _visible(body))


def _visible(body: Json) -> Json:
    """What of a wish the service shows again."""
    return {name: _visible(inner) if isinstance(inner, dict) else inner
            for name, inner in body.items() if name not in ("sharedKey", "authorizationKey")}
