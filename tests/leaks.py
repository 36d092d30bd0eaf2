"""What an instance of Trunkline has left on this machine.

Only what bears the instance's mark is looked at: other tests and other people work on the same machine.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from trunkline.settings import Places


def left_behind(places: Places) -> list[str]:
    return [*_namespaces(places), *_interfaces(places), *_processes(places), *_mounts(places), *_files(places)]


def _namespaces(places: Places) -> list[str]:
    return [f"namespace {found.name}" for found in Path("/run/netns").glob(f"{places.namespace_prefix}*")]


def _interfaces(places: Places) -> list[str]:
    listed = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [f"interface {line}" for line in listed if f"alias tl:{places.instance}:" in line]


def _processes(places: Places) -> list[str]:
    """A daemon's command line names its files in the instance's run directory, or its home."""
    marks = (str(places.run), str(places.home), places.namespace_prefix)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if any(mark in command for mark in marks):
            found.append(f"process {process.name}: {command}")
    return found


def _mounts(places: Places) -> list[str]:
    marks = (str(places.run), str(places.bpf), places.namespace_prefix)
    return [
        f"mount {line}" for line in Path("/proc/self/mounts").read_text().splitlines() if any(m in line for m in marks)
    ]


def _files(places: Places) -> list[str]:
    """The instance's home is in the test's own directory and may stay."""
    found = [places.bpf, places.run, *places.run.rglob("*"), *Path("/tmp").glob(f"*trunkline*{places.instance}*")]  # noqa: S108
    return [f"file {file}" for file in found if file.exists()]
