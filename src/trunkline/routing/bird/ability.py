"""What the BIRD of this machine has words for: it is asked whether it understands them."""

from __future__ import annotations

import re
import subprocess

from trunkline.routing.bird.speaker import PROGRAM

_DEADLINE_S = 10.0
_WITH_TCP_AO = """
router id 192.0.2.1;
protocol device { }
protocol bgp { local 192.0.2.1 as 64496; neighbor 192.0.2.2 as 64497; authentication ao; ipv4 { }; }
"""


def lacks_tcp_ao() -> str:
    """Why it cannot sign sessions by RFC 5925; empty if it can. Keys may be missing to it, not the word."""
    try:
        done = _run("-p", "-c", "/dev/stdin", text=_WITH_TCP_AO)
    except (OSError, subprocess.TimeoutExpired):
        return "BIRD, which does not run here"
    return f"{_version()} has no `authentication ao`" if "syntax error" in done.stderr else ""


def _version() -> str:
    found = re.search(r"BIRD version (\S+)", _run("--version").stderr)
    return f"BIRD {found[1]}" if found else "this BIRD"


def _run(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], input=text, capture_output=True, text=True, timeout=_DEADLINE_S,
                          check=False)
