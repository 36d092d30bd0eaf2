"""Runs inside the Azure CLI's own Python: one az, many commands, each a JSON line in and a JSON line out.

A request is ``{"words": [..], "looks": [..]}`` (JMESPath, as ``--query`` reads it) and is answered with
``{"code": exit code, "seen": {look: value}, "said": what az printed as its error}``. ``{"table": [group, ..]}`` is
answered with the names of all commands below these groups.
"""

from __future__ import annotations

import io
import json
import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence

import jmespath
from azure.cli.core import get_default_cli

_FULL_TABLE = "AZURE_AAZ_FULL_LOAD"


class _Said(logging.Handler):
    """What az would print in red."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def run(words: Sequence[str], looks: Sequence[str]) -> dict[str, object]:
    said, out = _Said(), io.StringIO()
    cli = get_default_cli()
    logging.getLogger("cli").addHandler(said)
    try:
        code = cli.invoke([*words, "--output", "json"], out_file=out)
    except SystemExit as left:
        code = left.code
    finally:
        logging.getLogger("cli").removeHandler(said)
    printed = out.getvalue().strip()
    shown = json.loads(printed) if printed and not code else None
    seen = {} if code else {look: jmespath.search(look, shown) for look in looks}
    return {"code": code, "seen": seen, "said": "\n".join(said.lines)}


def table(groups: Sequence[str]) -> dict[str, object]:
    os.environ[_FULL_TABLE] = "true"
    cli = get_default_cli()
    names = cli.commands_loader_cls(cli).load_command_table(["network"])
    del os.environ[_FULL_TABLE]
    return {"commands": sorted(name for name in names if name.startswith(tuple(f"{group} " for group in groups)))}


def below_localhost(resolve: Callable[..., object]) -> Callable[..., object]:
    """Key vaults stand at ``NAME.vault.localhost``, which not every resolver knows to be this machine (RFC 6761)."""
    return lambda host, *rest, **named: resolve(
        "127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **named)


def main() -> None:
    socket.getaddrinfo = below_localhost(socket.getaddrinfo)
    answers, sys.stdout = sys.stdout, sys.stderr  # az sometimes prints beside out_file
    for line in sys.stdin:
        asked = json.loads(line)
        answer = table(asked["table"]) if "table" in asked else run(asked["words"], asked["looks"])
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
