"""Tables: whatever a cell says, it is shown as it is, and nothing else happens."""

from __future__ import annotations

import pytest

from trunkline.cli.plain import plain
from trunkline.cli.progress import Progress
from trunkline.cli.tables import print_table


@pytest.mark.parametrize("text", [
    "[/x]", "\\[/x]", "[bold]", "[red]\\", "[/]", "[link=http://203.0.113.1]", "peer: [see you] \\",
    "12076:100:200", "12076:100:", "a:100:b"])
def test_what_a_peer_says_is_no_markup(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("session", "last error"), [("customer", text)], title="Last errors")
    assert text in capsys.readouterr().out


def test_what_a_peer_says_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("session", "last error"), [("customer", "\x1b]0;owned\x07\x1b[2J\u202egone\rhidden")])
    assert r"\x1b]0;owned\x07\x1b[2J\u202egone\rhidden" in capsys.readouterr().out


def test_printable_text_of_any_script_stays() -> None:
    assert plain("Müller–网络 [x]\n") == "Müller–网络 [x]\n"


def test_what_somebody_has_named_is_no_markup_in_a_title_either(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a",), [("b",)], title="[/x] of 12076:100:200 \x1b[2J")
    assert r"[/x] of 12076:100:200 \x1b[2J" in capsys.readouterr().out


def test_a_step_says_a_community_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress().step("prefer 12076:100:200 [/x]\x1b[2J") as step:
        step.note = "12076:100:200\x1b[2J"
    told = capsys.readouterr().err
    assert r"prefer 12076:100:200 [/x]\x1b[2J" in told
    assert "\x1b[2J" not in told
