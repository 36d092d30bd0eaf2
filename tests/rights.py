"""What a process may, as the kernel says."""

from __future__ import annotations

from pathlib import Path

_NOBODY = "65534"
#: Of nobody without capabilities.
NOTHING = {"Uid": [_NOBODY] * 4, "Gid": [_NOBODY] * 4, "Groups": [], "CapPrm": ["0" * 16], "CapEff": ["0" * 16]}


def rights(pid: int) -> dict[str, list[str]]:
    rows = (line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {name: told.split() for name, told in rows if name in NOTHING}
