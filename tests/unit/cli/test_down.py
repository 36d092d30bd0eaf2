"""What ``down --purge`` removes under home, and what it leaves."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from trunkline.cli.commands.down import _purge, _why_it_stays


def test_all_that_the_service_keeps_goes_and_home_with_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "pki").mkdir(parents=True)
    (home / "trunkline.db").touch()
    assert _purge(home) == [str(home / "trunkline.db"), str(home / "pki"), str(home)]
    assert not home.exists()


def test_a_home_that_is_a_mount_point_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_: Path) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    (tmp_path / "trunkline.db").touch()
    monkeypatch.setattr(Path, "rmdir", busy)
    monkeypatch.setattr(Path, "is_mount", lambda _: True)
    assert _purge(tmp_path) == [str(tmp_path / "trunkline.db")]
    assert _why_it_stays(tmp_path) == ": it is a mount point."


def test_what_others_keep_under_home_stays_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    assert _purge(tmp_path) == []
    assert _why_it_stays(tmp_path) == ": it holds notes.txt."
