"""Names of nodes as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from trunkline.cli.commands import nodes as commands
from trunkline.cli.failure import Failed
from trunkline.cli.instance import locate
from trunkline.cli.nodes import pick, present, readable
from trunkline.routing.bird.control import SOCKET
from trunkline.settings import load

NAMES = ("ce-paris-c0b0886ca0-ce1", "ce-paris-c0b0886ca0-ce2", "ce-rome-11b0886ca0-ce2", "host-paris-c0b0886ca0-h1",
         "switch-equinix-d26ca3b6e7-p", "switch-equinix-d26ca3b6e7-s", "vm-vm1-23a0369eed", "vm-vm11-23a0369eee")


@pytest.mark.parametrize(("wanted", "found"), [
    ("vm-vm1-23a0369eed", "vm-vm1-23a0369eed"),
    ("vm-vm1", "vm-vm1-23a0369eed"),
    ("vm1", "vm-vm1-23a0369eed"),
    ("vm-vm11", "vm-vm11-23a0369eee"),
    ("h1", "host-paris-c0b0886ca0-h1"),
    ("ce1", "ce-paris-c0b0886ca0-ce1"),
    ("rome-ce2", "ce-rome-11b0886ca0-ce2"),
    ("switch-equinix-p", "switch-equinix-d26ca3b6e7-p"),
    ("host", "host-paris-c0b0886ca0-h1"),
], ids=["whole", "without hash", "last word", "not a longer one", "host", "router", "two words", "leg", "prefix"])
def test_a_node_is_found_by(wanted: str, found: str) -> None:
    assert pick(NAMES, wanted) == found


def test_an_ambiguous_name_lists_what_it_may_mean() -> None:
    with pytest.raises(Failed, match="ce-paris-c0b0886ca0-ce2, ce-rome-11b0886ca0-ce2"):
        pick(NAMES, "ce2")


def test_a_misspelt_name_gets_a_suggestion() -> None:
    with pytest.raises(Failed, match=r"did you mean .*vm-vm1"):
        pick(NAMES, "vm-wm1")


def test_without_any_node_the_message_says_so() -> None:
    with pytest.raises(Failed, match="no nodes"):
        pick((), "h1")


def test_the_hash_alone_is_left_out() -> None:
    assert readable("ce-paris-c0b0886ca0-ce1") == "ce-paris-ce1"


def test_only_this_instances_namespaces_are_nodes(tmp_path: Path) -> None:
    places = load({}, home="/some/home").places
    for name in (f"{places.namespace_prefix}vm-vm1-23a0369eed", "tl-0000x-vm-other", "docker"):
        (tmp_path / name).touch()
    assert present(places, tmp_path) == ("vm-vm1-23a0369eed",)


def test_bird_is_asked_read_only_at_its_own_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = locate(str(tmp_path), {"TRUNKLINE_RUN": str(tmp_path / "run")})
    directory, ran = instance.settings.places.nodes / "vrf-er1-p", list[list[str]]()
    directory.mkdir(parents=True)
    monkeypatch.setattr(commands, "present", lambda _places: ("vrf-er1-p",))
    monkeypatch.setattr(commands, "_become", ran.append)
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(commands.birdc, ["er1-p", "show", "status"], obj=instance)
    assert "no BIRD listens in vrf-er1-p" in refused.output
    (directory / SOCKET).touch()
    CliRunner().invoke(commands.birdc, ["er1-p", "show", "status"], obj=instance, catch_exceptions=False)
    assert ran == [["birdc", "-r", "-s", SOCKET, "show", "status"]]
    assert Path.cwd() == directory


def test_frr_is_asked_without_its_privileged_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = locate(str(tmp_path), {"TRUNKLINE_RUN": str(tmp_path / "run")})
    directory, ran = instance.settings.places.nodes / "ce-paris-ce2", list[list[str]]()
    directory.mkdir(parents=True)
    monkeypatch.setattr(commands, "present", lambda _places: ("ce-paris-ce2",))
    monkeypatch.setattr(commands, "_become", ran.append)
    monkeypatch.setattr(commands.shutil, "which", lambda _program: "/usr/bin/vtysh")
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(commands.vtysh, ["paris-ce2", "show", "bgp"], obj=instance)
    assert "no FRR listens in ce-paris-ce2" in refused.output
    (directory / "bgpd.vty").touch()
    CliRunner().invoke(commands.vtysh, ["paris-ce2", "show", "bgp"], obj=instance, catch_exceptions=False)
    assert ran == [["vtysh", "-u", "--vty_socket", ".", "-c", "show bgp"]]
