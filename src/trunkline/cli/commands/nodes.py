"""``trunkline nodes``, ``exec``, ``capture``: the machines of the network, from inside."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess

import click
from click.shell_completion import CompletionItem

from trunkline.cli.client import connected
from trunkline.cli.commands.status import overview
from trunkline.cli.completing import instance_of
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.nodes import inside, pick, present, readable
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.tables import print_table

#: In a node's directory, where BIRD runs.
_SOCKET = "bird.ctl"
_VTY = "bgpd.vty"


def _complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in present(instance_of(ctx).settings.places) if name.startswith(incomplete)]


@click.command()
@output_option
@pass_instance
def nodes(instance: Instance, as_json: bool) -> None:
    """The routers, switches and hosts of the network."""
    with connected(instance) as clients:
        rows = overview(clients)["nodes"]
    prefix = instance.settings.places.namespace_prefix
    if as_json:
        print_json([{**row, "namespace": prefix + row["name"]} for row in rows])
        return
    print_table(("node", "role", "belongs to", "present"),
                [(row["name"], row["role"], _last(row["resource"]), "yes" if row["present"] else "no")
                 for row in sorted(rows, key=lambda row: row["name"])])
    click.echo("Enter one with 'trunkline exec NODE -- COMMAND'; the name without hash, or its end, is enough.")


def _last(resource: str) -> str:
    return resource.rpartition("/")[2] if resource.startswith("/subscriptions/") else resource


@click.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("node", shell_complete=_complete)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@pass_instance
def exec_(instance: Instance, node: str, command: tuple[str, ...]) -> None:
    """Run a command inside a node: trunkline exec h1 -- ping 10.1.0.4

    NODE is a name from 'trunkline nodes', its beginning, or its end (h1, ce1, paris-ce1).
    """
    places = instance.settings.places
    found = pick(present(places), node)
    _become(inside(places, found, command[1:] if command[0] == "--" else command))


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("node", shell_complete=_complete)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@pass_instance
def birdc(instance: Instance, node: str, words: tuple[str, ...]) -> None:
    """BIRD's own client at a router, read-only: trunkline birdc vrf-er1-p show route all

    NODE as for 'trunkline exec'. Without WORDS it asks for them.
    """
    places = instance.settings.places
    found = pick(present(places), node)
    directory = places.nodes / found
    if not (directory / _SOCKET).exists():
        raise Failed(f"no BIRD listens in {readable(found)}; 'trunkline nodes' shows what each node is, 'trunkline "
                     "status' which daemon each router has.")
    # A socket's address has 108 bytes at most, however deep the directory lies.
    os.chdir(directory)
    _become(["birdc", "-r", "-s", _SOCKET, *words])


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("node", shell_complete=_complete)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@pass_instance
def vtysh(instance: Instance, node: str, words: tuple[str, ...]) -> None:
    """FRR's own shell at a router, read-only: trunkline vtysh ce-paris-ce1 show bgp summary

    NODE as for 'trunkline exec'. Without WORDS it asks for them.
    """
    places = instance.settings.places
    found = pick(present(places), node)
    directory = places.nodes / found
    if not (directory / _VTY).exists():
        raise Failed(f"no FRR listens in {readable(found)}; 'trunkline nodes' shows what each node is, 'trunkline "
                     "status' which daemon each router has.")
    if not shutil.which("vtysh"):
        raise Failed("vtysh is not installed; it comes with FRR: 'apt install frr' does that.")
    os.chdir(directory)
    _become(["vtysh", "-u", "--vty_socket", ".", *(["-c", " ".join(words)] if words else [])])


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("-c", "--count", type=click.IntRange(min=1), help="Stop after so many frames.")
@click.option("-w", "--write", type=click.Path(dir_okay=False), help="Write frames to a file instead.")
@click.argument("place", metavar="NODE[:INTERFACE]", shell_complete=_complete)
@click.argument("expression", metavar="[FILTER]...", nargs=-1, type=click.UNPROCESSED)
@pass_instance
def capture(instance: Instance, count: int | None, write: str | None, place: str, expression: tuple[str, ...]) -> None:
    """Watch frames inside a node, with their tags: trunkline capture switch-equinix:edge

    Without an interface all of them are watched.
    """
    wanted, _, interface = place.partition(":")
    if not shutil.which("tcpdump"):
        raise Failed("tcpdump is not installed; 'apt install tcpdump' does that.")
    command = ["tcpdump", "-e", "-n", "-l", "-i", interface or "any"]
    command += ["-c", str(count)] if count else []
    command += ["-U", "-w", write] if write else []
    places = instance.settings.places
    found = pick(present(places), wanted)
    click.echo(f"watching {readable(found)} {interface or '(all interfaces)'}", err=True)
    raise SystemExit(_watch(inside(places, found, [*command, *expression])))


def _watch(command: list[str]) -> int:
    """tcpdump's exit code. It advises on its own options, which are not ours, so that line is left out. Ctrl-C reaches
    it too and makes it tell its counts, which are waited for."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for line in child.stderr or ():
            if "verbose output suppressed" not in line:
                click.echo(line, nl=False, err=True)
    return child.returncode


def _become(command: list[str]) -> None:
    try:
        os.execvp(command[0], command)  # noqa: S606 - an argument list, no shell
    except OSError as problem:
        raise Failed(f"{command[0]}: {problem.strerror}") from None
