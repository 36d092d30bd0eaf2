"""The command itself: quick help, usage errors, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from trunkline.cli.root import COMMANDS, trunkline
from trunkline.settings import PROFILE_NAMES

SLOW = ("httpx", "rich", "pydantic", "yaml")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "trunkline", *words], capture_output=True, text=True, check=False)


def test_help_names_every_command_and_imports_nothing_slow() -> None:
    script = ("import sys\nfrom trunkline.cli.root import trunkline\n"
              "trunkline(['--help'], standalone_mode=False)\n"
              f"print([name for name in {SLOW} if name in sys.modules], file=sys.stderr)")
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert all(f"\n  {name} " in ran.stdout for name in COMMANDS)
    assert ran.stderr.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name: str) -> None:
    command = trunkline.get_command(click.Context(trunkline), name)
    assert command
    assert command.name == name
    assert command.help


def test_an_unknown_command_is_a_usage_error() -> None:
    assert run("fly").returncode == 2


@pytest.mark.parametrize("words", [("status",), ("nodes",), ("az", "group", "list"), ("site", "list")])
def test_without_a_service_the_exit_code_is_3_and_says_how_to_start(words: tuple[str, ...], tmp_path: Path,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_AZ", "/bin/true")
    ran = CliRunner().invoke(trunkline, ["--home", str(tmp_path), *words])
    assert ran.exit_code == 3
    assert "trunkline up" in ran.stderr
    assert ran.stdout == ""


@pytest.mark.parametrize("name", ["TRUNKLINE_PORT", "TRUNKLINE_CIRCUIT_QUOTA"])
def test_a_setting_that_is_no_number_is_refused_by_its_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "many")
    ran = CliRunner().invoke(trunkline, ["status"])
    assert ran.exit_code == 1
    assert f"{name} is 'many'" in ran.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_command(shell: str) -> None:
    ran = CliRunner().invoke(trunkline, ["completion", shell])
    assert ran.exit_code == 0
    assert "_TRUNKLINE_COMPLETE" in ran.stdout


def test_down_without_anything_running_succeeds_and_purges_only_what_is_ours(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_SIMULATION", "1")
    (tmp_path / "accounts.json").write_text("{}")
    (tmp_path / "thesis.tex").write_text("years of work")
    ran = CliRunner().invoke(trunkline, ["--home", str(tmp_path), "down", "--purge", "-o", "json"])
    assert ran.exit_code == 0
    assert json.loads(ran.stdout) == {"stopped": False, "removed": [], "purged": [str(tmp_path / "accounts.json")]}
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(("words", "environment"), [
    (("--profile", "oci"), {}), ((), {"TRUNKLINE_PROFILE": "oci"})], ids=["option", "environment"])
def test_an_unknown_profile_starts_nothing_and_names_those_that_there_are(
        words: tuple[str, ...], environment: dict[str, str], tmp_path: Path) -> None:
    ran = CliRunner(env=environment).invoke(trunkline, ["--home", str(tmp_path), "up", "--simulation", *words])
    assert ran.exit_code != 0
    assert all(name in ran.stderr for name in ("oci", *PROFILE_NAMES))
    assert not (tmp_path / "accounts.json").exists()
