"""``trunkline drill security``: attacks on a running estate with real packets, and what stopped them."""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import click
from click.shell_completion import CompletionItem

from trunkline.cli.client import Clients, connected
from trunkline.cli.commands.drill_failover import failover
from trunkline.cli.commands.drill_history import list_, show
from trunkline.cli.drill.agent import Agent
from trunkline.cli.drill.alarms import Alarms
from trunkline.cli.drill.attack import Attack, Need, Verdict
from trunkline.cli.drill.checklist import ATTACKS, chosen
from trunkline.cli.drill.collateral import probing, sessions
from trunkline.cli.drill.ground import Ground, look
from trunkline.cli.drill.play import Drill
from trunkline.cli.drill.scratch import Scratch, build, offered, premises, sweep
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.lookup import circuit as find_circuit
from trunkline.cli.lookup import complete_circuit
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.progress import Progress
from trunkline.cli.tables import console, print_table
from trunkline.settings import Places

_SETTLE_S = 60.0


@click.group()
def drill() -> None:
    """Rehearse what one hopes never to see."""


for _command in (failover, list_, show):
    drill.add_command(_command)


def _complete_attack(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(attack.name, help=attack.title) for attack in ATTACKS if attack.name.startswith(incomplete)]


def _place(text: str) -> tuple[str, str]:
    provider, _, location = text.partition("/")
    if not (provider and location):
        raise click.BadParameter(f"'{text}' names no provider and location; write Equinix/Amsterdam.")
    return provider, location


@drill.command()
@click.option("--only", metavar="ATTACK", multiple=True, shell_complete=_complete_attack,
              help="Play this one, or those that begin so; may be given often.")
@click.option("--watch", metavar="CIRCUIT", multiple=True, shell_complete=complete_circuit,
              help="An existing circuit whose sessions must not notice; may be given often.")
@click.option("--at", "place", metavar="PROVIDER/LOCATION", default="Equinix/Amsterdam", show_default=True,
              callback=lambda _ctx, _parameter, value: _place(value),
              help="Where the drill orders its circuits, and so at which edges it attacks.")
@click.option("--list", "listed", is_flag=True, help="Only say which attacks there are.")
@output_option
@pass_instance
def security(instance: Instance, /, only: tuple[str, ...], listed: bool, as_json: bool, **wanted: Any) -> None:
    """Play each attack on this estate, with real packets and real BGP, and say which control stopped it.

    The drill orders an estate of its own, an attacker and a victim, at the edges of a location, as any tenant would,
    and takes it away in the end; what a killed drill left is taken away by the next. Whoever else is there is not
    touched: if they notice, that is a failure too. For operators, as root. Exit code 1 when a control failed.
    """
    attacks = chosen(only)
    if listed:
        _show_list(attacks, as_json)
        return
    if os.geteuid():
        raise Failed("the attacker needs namespaces of its own, and so root.")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with _alone(instance), connected(instance) as clients:
        clients.accounts.able("operator")
        watched = [str(find_circuit(clients, name)["id"]) for name in wanted["watch"]]
        places = instance.settings.places
        scratch = Scratch(secrets.token_hex(3), places.instance, str(places.run), *wanted["place"])
        needs = offered(clients)
        verdicts = Run(places, clients, scratch, needs).verdicts(attacks, watched)
    if as_json:
        print_json({"passed": all(one.passed for one in verdicts), "attacks": [one.as_json() for one in verdicts]})
    else:
        _show(verdicts)
    if failed := [one.attack.name for one in verdicts if not one.passed]:
        raise Failed(f"controls failed: {', '.join(failed)}")


@dataclass(frozen=True, slots=True)
class Run:
    places: Places
    clients: Clients
    scratch: Scratch
    needs: frozenset[Need]

    def verdicts(self, attacks: tuple[Attack, ...], watched: list[str]) -> list[Verdict]:
        """Whatever happens, the scratch estate goes."""
        progress = Progress()
        sweep(self.clients, self.places, progress)
        try:
            progress.heading(f"An estate for the drill, {self.scratch.group}")
            build(self.scratch, self.clients, progress, self.needs)
            return self._played(attacks, watched, progress)
        except KeyboardInterrupt:
            raise Failed("interrupted; the drill's estate is taken away") from None
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            progress.heading("Away with it")
            sweep(self.clients, self.places, progress)

    def _played(self, attacks: tuple[Attack, ...], watched: list[str], progress: Progress) -> list[Verdict]:
        clients, scratch, others = self.clients, self.scratch, [self.scratch.victim, *watched]
        alarms = Alarms(clients.named("operator"), scratch.group)
        with premises(scratch, self.needs), _agent(scratch.namespace) as attacker, \
                _agent(scratch.victims_namespace) as victim:
            found = Drill(Ground(scratch, clients, attacker, victim), progress, lambda: sessions(clients, others),
                          self._lacking, alarms)
            _settle(found, progress)
            with probing(scratch, self.places) as prober, alarms:
                progress.heading("Attacks")
                found.run(attacks)
            return found.verdicts(prober)

    def _lacking(self, attack: Attack) -> str:
        if attack.need in self.needs:
            return ""
        if attack.need is Need.VALIDATOR:
            return "RTR caches are not attacked where origin validation has data already, which others depend on"
        return f"{attack.need.value} is not offered here"


def _settle(found: Drill, progress: Progress) -> None:
    """The victim's sessions stand before anybody measures whether they fall."""
    with progress.step("the victim's sessions come up"):
        if not look(lambda: (now := found.watched()) and all(now.values()), _SETTLE_S):
            down = [name for name, since in found.watched().items() if not since]
            raise Failed(f"sessions that ought to be up before the drill are not: {', '.join(down)}")


@contextmanager
def _agent(namespace: str) -> Iterator[Agent]:
    agent = Agent(namespace)
    try:
        yield agent
    finally:
        agent.end()


@contextmanager
def _alone(instance: Instance) -> Iterator[None]:
    """One drill at a time: the next would take this one's estate for a leftover."""
    instance.require_running()
    with (instance.settings.places.run / "drill.lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed("another drill is running on this instance; wait until it has ended.") from None
        yield


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


# ── what is printed ────────────────────────────────────────────────────────────────────────────────────────────────


def _show_list(attacks: tuple[Attack, ...], as_json: bool) -> None:
    if as_json:
        print_json([{"name": one.name, "title": one.title, "rfc": one.rfc, "needs": one.need.value,
                     "proof": one.proof, "alert": list(one.alert)} for one in attacks])
        return
    print_table(("attack", "what is tried", "rules", "needs", "what proves that it was blocked"),
                [(one.name, one.title, one.rfc, one.need.value, one.proof) for one in attacks])


def _show(verdicts: list[Verdict]) -> None:
    print_table(("attack", "blocked", "by", "after", "alert after", "packets lost", "sessions reset"),
                [_row(one) for one in verdicts], title="Security drill")
    played = [one for one in verdicts if one.blocked is not None]
    good = sum(one.passed for one in played)
    skipped = len(verdicts) - len(played)
    console().print(f"{good} of {len(played)} attacks blocked without collateral, {skipped} skipped")


def _row(one: Verdict) -> tuple[object, ...]:
    if one.blocked is None:
        return one.attack.name, "-", f"skipped: {one.skipped}", "-", "-", "-", "-"
    harm = one.harm
    return (one.attack.name, "yes" if one.blocked else "no", one.by, _ms(one.blocked_after_ms), _alert(one),
            "-" if harm is None else harm.lost_packets, ", ".join(harm.sessions_reset) or "none" if harm else "none")


def _alert(one: Verdict) -> str:
    if not one.attack.alert:
        return "-"
    if one.alert_after_ms is None:
        return "not observed"
    return _ms(one.alert_after_ms)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f} ms"
