"""The ``nft`` program: one child process per transaction or question, in a node's namespace, the script on its input.

A transaction is applied as a whole or not at all, and no packet meets a half of it. Tracked flows stay tracked.
"""

from __future__ import annotations

import shutil
import subprocess

from trunkline.errors import DriverFailure, Unsupported
from trunkline.fabric import namespace
from trunkline.fabric.visit import Visit

_PATIENCE_S = 30
_MISSING = "No such file or directory"
_LACKING = (_MISSING, "Operation not supported", "Protocol not supported")


def transact(visit: Visit, node: str, script: str) -> None:
    done = _run(visit, node, ["-f", "-"], script)
    if done.returncode:
        reason = _reason(done.stderr)
        if any(reason.endswith(words) for words in _LACKING):
            raise Unsupported(f"this kernel's nftables cannot filter: {reason}; see `trunkline doctor`")
        raise DriverFailure(f"nft refused the rules of {node}: {reason}")


def listing(visit: Visit, node: str, table: str) -> str:
    """A table (family and name) as nft writes it, without the values of counters; empty if there is none."""
    return _answer(visit, node, ["-s", "list", "table", *table.split()])


def counters(visit: Visit, node: str, table: str) -> str:
    """The named counters of a table, as JSON; empty if there is no table."""
    return _answer(visit, node, ["-j", "list", "counters", "table", *table.split()])


def all_counters(visit: Visit, node: str) -> str:
    """Those of all tables of a node, as JSON."""
    return _answer(visit, node, ["-j", "list", "counters"])


def _answer(visit: Visit, node: str, words: list[str]) -> str:
    done = _run(visit, node, words, "")
    if done.returncode and _MISSING not in done.stderr:
        raise DriverFailure(f"nft could not read the rules of {node}: {_reason(done.stderr)}")
    return "" if done.returncode else done.stdout


def _reason(complaint: str) -> str:
    lines = complaint.strip().splitlines()
    return lines[0].rpartition("Error: ")[2] if lines else "it did not say why"


def _run(visit: Visit, node: str, words: list[str], script: str) -> subprocess.CompletedProcess[str]:
    """A child process starts in the namespace of the thread that starts it."""
    program = shutil.which("nft")
    if program is None:
        raise Unsupported("nft is not installed, so nothing can be filtered (apt install nftables)")
    with namespace.entered(visit.descriptor(node)):
        return subprocess.run([program, *words], input=script, capture_output=True, text=True, check=False,
                              timeout=_PATIENCE_S)
