"""``trunkline whatif``: what failures would cost, before they happen; and whether the network agrees."""

from __future__ import annotations

import random
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from trunkline.cli import failing
from trunkline.cli.client import Clients, Json, connected
from trunkline.cli.commands.status import overview
from trunkline.cli.completing import asked, beginning
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.options import Number, output_option, pass_instance, print_json
from trunkline.cli.progress import Progress
from trunkline.cli.tables import print_table
from trunkline.cli.whatif import ask, bounds, ends
from trunkline.cli.whatif_verify import Prediction, Trial, Verifier, sampled

_COLUMNS = ("failure", "lost", "partly", "takes an end of", "overloaded")
#: Rows of two failures that people want to see at once.
_MOST = 40


def _complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What can fail, and customers' own routers: whole, for each is one word to the shell."""
    known = asked(ctx, lambda clients: failing.losable(clients, overview(clients)), ())
    return beginning((" ".join(one["words"]) for one in known), incomplete)


def _demand(_ctx: click.Context, _parameter: click.Parameter, given: tuple[tuple[str, str, float], ...]) -> list[Json]:
    return [{"site": site, "network": network, "mbps": mbps} for site, network, mbps in given]


@click.group(invoke_without_command=True)
@click.option("--n", "at_once", type=click.IntRange(1, 2), default=1, show_default=True,
              help="How many failures at once: each alone, or every two as well.")
@click.option("--fail", "failures", multiple=True, metavar="FAILURE", shell_complete=_complete,
              help="These at once instead, such as 'edge Amsterdam primary'; repeatable.")
@click.option("--load", "load", type=Number(0, 1000), default=50.0, show_default=True, metavar="PERCENT",
              help="Each site's traffic, of the bandwidth of its circuits.")
@click.option("--demand", "demands", nargs=3, type=(str, str, Number(0)), multiple=True, callback=_demand,
              metavar="SITE NETWORK MBPS", help="Traffic between two ends, instead; repeatable.")
@output_option
@click.pass_context
def whatif(ctx: click.Context, at_once: int, failures: tuple[str, ...], load: float, demands: list[Json],
           as_json: bool) -> None:
    """What each failure would cost: pairs of prefixes that are cut off, and bandwidths that are exceeded.

    A model of the compiled network says it; nothing is touched. 'trunkline whatif verify' tries it on the network.
    """
    if ctx.invoked_subcommand:
        return
    body: Json = {"failuresAtOnce": at_once, "loadPercent": load, "demands": demands}
    with connected(ctx.ensure_object(Instance)) as clients:
        if failures:
            body["states"] = [_meant(clients, failures)]
        found = ask(clients, body)
    if as_json:
        print_json(found)
    elif failures:
        _show_state(found["states"][0])
    else:
        _show(found, at_once)


def _meant(clients: Clients, failures: Sequence[str]) -> list[str]:
    """In the words of 'trunkline fail'. Raises Failed, as that does."""
    known = failing.losable(clients, overview(clients))
    return [" ".join(failing.chosen(known, text.split(), failing.LOSABLE)["words"]) for text in failures]


def _row(row: Json, name: str) -> tuple[str, ...]:
    return name, ends(row["lost"]), ends(row["partly"]), ends(row["gone"]), bounds(row["overloaded"])


def _show(found: Json, at_once: int) -> None:
    counts = found["counts"]
    print_table(_COLUMNS, [_row(row, row["failure"]) for row in found["failures"]], title="One failure")
    _say("Shared risks: what alone cuts off", found["sharedRisks"])
    if at_once > 1:
        print_table(_COLUMNS, [_row(row, _both(row)) for row in found["together"][:_MOST]],
                    title="Two failures, and what neither costs alone")
        if len(found["together"]) > _MOST:
            click.echo(f"… {counts['togetherStates'] - _MOST} more rows; -o json has them.")
    _say("Not connected even now", [row["pair"] for row in found["unconnected"]])
    _say("Route tables steer these, which the model does not know",
         [row["pair"] for row in found["pairs"] if row["routedByTables"]])
    click.echo(f"{_pairs(found)} pairs of prefixes; of {counts['failures']} failures {counts['costly']} cost something"
               + (f", and {counts['together']} combinations of two cost more than both alone" if at_once > 1 else "")
               + f". {found['tookSeconds']:g} s; each site's load {found['assumptions']['loadPercent']:g} %.")


def _pairs(found: Json) -> int:
    return sum(row["prefixes"] for row in found["pairs"])


def _both(row: Json) -> str:
    return " + ".join(names[0] + (f" (or {len(names) - 1} like it)" if len(names) > 1 else "")
                      for names in (row["first"], row["second"]))


def _say(title: str, lines: list[str]) -> None:
    if lines:
        click.echo("\n".join([f"{title}:", *(f"  {line}" for line in lines)]))


def _show_state(state: Json) -> None:
    print_table(("pair", "prefixes", "what becomes of it"),
                [(row["pair"], row["prefixes"], row["fate"]) for row in state["fates"]], title=state["failure"])
    click.echo(state["sentence"] or f"{state['failure']} costs nothing: all that is connected stays so.")


@whatif.command()
@click.option("--samples", type=click.IntRange(0, 1000), default=5, show_default=True,
              help="Random states that are made on the network, beside the one without any failure.")
@click.option("--each", is_flag=True, help="Before them every single failure, one after another.")
@click.option("--n", "at_once", type=click.IntRange(1, 2), default=2, show_default=True,
              help="At most this many failures in a random state.")
@click.option("--seed", type=int, help="The same random states again.")
@click.option("--fail", "failures", multiple=True, metavar="FAILURE", shell_complete=_complete,
              help="This state instead of random ones; repeatable.")
@output_option
@pass_instance
def verify(instance: Instance, /, failures: tuple[str, ...], as_json: bool, **drawn: int | bool | None) -> None:
    """Make random states on the running network and see whether packets do what the model says.

    Failures are made with a lease of two minutes, so they end without us too. Traffic of others on this estate is
    really cut off meanwhile. Ends with an error if the network disagrees in any state. Ctrl-C ends what fails at the
    moment, and tells of the states that were tried.
    """
    progress, trials, seed = Progress(quiet=as_json), list[Trial](), 0
    with connected(instance) as clients:
        verifier = Verifier(clients, instance.settings.places)
        if failures:
            chosen: tuple[tuple[str, ...], ...] = (tuple(_meant(clients, failures)),)
        else:
            chosen, seed = drawn_from(verifier.failable(), **drawn)  # type: ignore[arg-type]
        states = verifier.predicted(((), *chosen))
        try:
            for state in states:
                trials.append(_tried(verifier, state, progress))
        finally:
            _tell(seed, trials, verifier.left, as_json)
    _judge(trials, verifier, as_json)


def drawn_from(known: Sequence[str], *, samples: int, each: bool, at_once: int,
               seed: int | None) -> tuple[tuple[tuple[str, ...], ...], int]:
    """States, with the seed that gives the random ones again."""
    used = random.randrange(2**31) if seed is None else seed  # noqa: S311
    single = tuple((name,) for name in known) if each else ()
    return (*single, *(one for one in sampled(known, samples, at_once, used) if one not in single)), used


def _tried(verifier: Verifier, state: Prediction, progress: Progress) -> Trial:
    with progress.step(state.name) as step:
        trial = verifier.tried(state, step.waiting)
        step.note = "agrees" if not trial.disagreements else "could not be tried" if trial.problem else "DISAGREES"
    return trial


def _tell(seed: int, trials: Sequence[Trial], left: list[str], as_json: bool) -> None:
    if as_json:
        print_json({"seed": seed, "trials": [trial.told() for trial in trials], "left": left})
    else:
        print_table(("state", "pair", "model", "network"), [row for trial in trials for row in trial.rows()])
        click.echo(f"seed {seed}")
        _say("These faults could not be ended, and end by themselves within two minutes", left)


def _judge(trials: Sequence[Trial], verifier: Verifier, as_json: bool) -> None:
    wrong = [line for trial in trials for line in trial.disagreements]
    if wrong:
        bad = sum(bool(trial.disagreements) for trial in trials)
        raise Failed(f"the network disagrees with the model, or could not be asked, in {bad} of {len(trials)} states:\n"
                     + "\n".join(wrong))
    if verifier.left:
        raise Failed("the network agrees with the model, but faults are left; 'trunkline fail list' shows them.")
    if not as_json:
        click.echo(f"The network agrees with the model in {len(trials)} states.")
