"""When and how the eBPF object is built."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trunkline.errors import Unsupported
from trunkline.fabric.bpf import build


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with one source, older than anything built now."""
    source = tmp_path / "xconnect.c"
    source.write_text("int answer;\n")
    os.utime(source, (1, 1))
    monkeypatch.setattr(build, "HERE", tmp_path)
    return tmp_path


def test_it_is_built_once_and_again_when_a_source_changes(sources: Path) -> None:
    assert build.build("xconnect")
    assert (sources / "xconnect.o").read_bytes().startswith(b"\x7fELF")
    assert not build.build("xconnect")
    os.utime(sources / "xconnect.o", (0, 0))
    assert build.build("xconnect")


def test_it_is_built_again_when_a_header_changes(sources: Path) -> None:
    assert build.build("xconnect")
    (sources / "frame.h").write_text("")
    os.utime(sources / "xconnect.o", (2, 2))
    assert build.build("xconnect")


def test_every_c_file_is_a_program(sources: Path) -> None:
    (sources / "another.c").write_text("int answer;\n")
    assert build.programs() == ("another", "xconnect")


def test_what_the_compiler_says_is_passed_on_and_nothing_is_left(sources: Path) -> None:
    (sources / "xconnect.c").write_text("int answer\n")
    with pytest.raises(Unsupported, match="expected ';'"):
        build.build("xconnect")
    assert sorted(file.name for file in sources.iterdir()) == ["xconnect.c"]


def test_without_a_compiler_it_says_what_to_install(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(sources))
    with pytest.raises(Unsupported, match="apt install clang"):
        build.build("xconnect")
