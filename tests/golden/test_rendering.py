"""Rendered configurations against stored ones, and each against its daemon's own parser.

When a rendering is meant to change, write the files anew and read the difference before you commit it:

    REGENERATE_GOLDEN=1 pytest tests/golden
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from golden.scenarios import SCENARIOS
from trunkline.intent.bgp import Router
from trunkline.model.site import Daemon
from trunkline.routing.bird.render import render as render_bird
from trunkline.routing.frr.render import render as render_frr

STORED = Path(__file__).parent
RENDER = {Daemon.BIRD: render_bird, Daemon.FRR: render_frr}
PARSER = {Daemon.BIRD: ["bird", "-p", "-c"], Daemon.FRR: ["vtysh", "--dryrun", "-f"]}

scenario = pytest.mark.parametrize(("name", "router"), SCENARIOS.items(), ids=SCENARIOS.keys())


def complaint(daemon: Daemon, path: Path) -> str:
    """What the daemon's own parser says; empty when it takes the file."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run([*PARSER[daemon], path], capture_output=True, text=True, check=False, env=environment)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@scenario
def test_renders_as_stored(name: str, router: Router) -> None:
    path = STORED / f"{name}.conf"
    text = RENDER[router.daemon](router)
    if os.environ.get("REGENERATE_GOLDEN"):
        path.write_text(text)
    assert path.read_text() == text


@scenario
def test_the_daemon_takes_it(name: str, router: Router) -> None:
    assert complaint(router.daemon, STORED / f"{name}.conf") == ""


@pytest.mark.parametrize(("name", "daemon", "word"), [
    ("vrf", Daemon.BIRD, "hold time"), ("ce-frr", Daemon.FRR, "update-source")])
def test_the_daemon_refuses_a_broken_one(name: str, daemon: Daemon, word: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.conf"
    broken.write_text((STORED / f"{name}.conf").read_text().replace(word, "nonsense", 1))
    assert complaint(daemon, broken)


def test_rendering_twice_gives_the_same_bytes() -> None:
    for router in SCENARIOS.values():
        render = RENDER[router.daemon]
        assert render.__wrapped__(router) == render.__wrapped__(router)
