"""Builds ``xconnect.o`` from C: ``python -m trunkline.fabric.bpf.build``, run when the package is built."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

from trunkline.errors import Unsupported

HERE = Path(__file__).parent
OBJECT = HERE / "xconnect.o"
SOURCES = (HERE / "xconnect.c", HERE / "xconnect.h")


def is_current() -> bool:
    return OBJECT.exists() and OBJECT.stat().st_mtime >= max(source.stat().st_mtime for source in SOURCES)


def command(clang: str, output: Path) -> list[str]:
    """``-g`` is for BTF, without which libbpf finds no maps. clang's BPF target does not know where Debian keeps the
    architecture's ``asm/types.h``, hence the last include path."""
    architecture = f"-I/usr/include/{platform.machine()}-linux-gnu"
    flags = ["-O2", "-g", "-target", "bpf", "-Wall", "-Wextra", "-Werror", architecture]
    return [clang, *flags, "-c", str(SOURCES[0]), "-o", str(output)]


def build() -> bool:
    """True if there was something to do. The object is replaced in one step: two builds at once do no harm."""
    if is_current():
        return False
    clang = shutil.which("clang")
    if clang is None:
        raise Unsupported("clang is not installed: xconnect.o cannot be built (apt install clang libbpf-dev)")
    fresh = OBJECT.with_suffix(".o.new")
    answer = subprocess.run(command(clang, fresh), capture_output=True, text=True, check=False)
    if answer.returncode:
        raise Unsupported(f"clang could not build xconnect.o: {answer.stderr.strip()}")
    fresh.replace(OBJECT)
    return True


if __name__ == "__main__":
    print(f"{OBJECT}: {'built' if build() else 'is current'}")
