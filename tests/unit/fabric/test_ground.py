"""The machine's own settings: raised by the first instance, restored by the last."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from trunkline.fabric import ground, namespace, system


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A neighbour table's thresholds, in plain files."""
    for name, value in (("gc_thresh1", 128), ("gc_thresh2", 512), ("gc_thresh3", 1_000_000)):
        (tmp_path / name).write_text(str(value))
    (tmp_path / "netns").mkdir()
    (tmp_path / "netns" / "tl-ab12-one").touch()
    monkeypatch.setattr(ground, "_TABLES", (tmp_path,))
    monkeypatch.setattr(ground, "_THRESHOLDS_BEFORE", tmp_path / "before.json")
    monkeypatch.setattr(ground, "BPFFS", tmp_path / "no-bpffs")
    monkeypatch.setattr(namespace, "DIRECTORY", tmp_path / "netns")
    return tmp_path


def thresholds(table: Path) -> list[int]:
    return [int((table / f"gc_thresh{number}").read_text()) for number in (1, 2, 3)]


def test_thresholds_are_raised_never_lowered(table: Path) -> None:
    with ground.on_namespaces():
        assert thresholds(table) == [16_384, 65_536, 1_000_000]


def test_they_stay_while_any_instance_has_a_namespace(table: Path) -> None:
    with ground.on_namespaces():
        pass
    ground.leave()
    assert thresholds(table) == [16_384, 65_536, 1_000_000]


def test_the_last_to_leave_restores_them(table: Path) -> None:
    with ground.on_namespaces():
        pass
    with ground.on_namespaces():
        (table / "netns" / "tl-ab12-one").unlink()
    ground.leave()
    assert thresholds(table) == [128, 512, 1_000_000]
    assert not (table / "before.json").exists()
    ground.leave()


@pytest.mark.parametrize(("busy", "goes"), [(2, True), (1_000, False)])
def test_a_directory_that_somebody_lists_goes_a_moment_later_or_with_who_leaves_next(
        table: Path, monkeypatch: pytest.MonkeyPatch, busy: int, goes: bool) -> None:
    asked: list[str] = []

    def unmount(target: str) -> None:
        asked.append(target)
        if len(asked) <= busy:
            raise OSError(errno.EBUSY, "busy", target)
    (table / "netns" / "tl-ab12-one").unlink()
    monkeypatch.setattr(ground, "_is_our_mount", lambda directory: directory == namespace.DIRECTORY)
    monkeypatch.setattr(ground, "_AGAIN_S", 0)
    monkeypatch.setattr(system, "unmount", unmount)
    ground.leave()
    assert (table / "netns").exists() is not goes
