"""Builds every program's object (``*.o``) from its C: ``python -m trunkline.fabric.bpf.build``, run when the package is
built."""

from __future__ import annotations

import functools
import hashlib
import platform
import shutil
import subprocess
from pathlib import Path

from trunkline.errors import Unsupported

HERE = Path(__file__).parent


def object_of(program: str) -> Path:
    """Where the object of a program is, or will be once it is built."""
    return HERE / f"{program}.o"


def required(program: str) -> Path:
    """The object of a program; raises Unsupported if it has not been built."""
    found = object_of(program)
    if not found.exists():
        raise Unsupported(f"{found} is missing: nothing can run {program} (build it with "
                          "`python -m trunkline.fabric.bpf.build`)")
    return found


def digest(program: str) -> str:
    """Tells one build of an object from another; read once, so a running control plane keeps to what it began with."""
    try:
        return _digest(object_of(program))
    except FileNotFoundError:
        return "unbuilt"


@functools.cache
def _digest(file: Path) -> str:
    return hashlib.blake2b(file.read_bytes(), digest_size=6).hexdigest()


def programs() -> tuple[str, ...]:
    """One for each C file here."""
    return tuple(sorted(source.stem for source in HERE.glob("*.c")))


def is_current(program: str) -> bool:
    """Whether the object is younger than its source and every header."""
    built = object_of(program)
    sources = (HERE / f"{program}.c", *HERE.glob("*.h"))
    return built.exists() and built.stat().st_mtime >= max(source.stat().st_mtime for source in sources)


def command(clang: str, source: Path, output: Path) -> list[str]:
    """``-g`` is for BTF, without which libbpf finds no maps; ``v3`` has compare-and-swap (Linux 5.12). clang's BPF
    target does not know where Debian keeps the architecture's ``asm/types.h``, hence the last include path."""
    architecture = f"-I/usr/include/{platform.machine()}-linux-gnu"
    flags = ["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Wextra", "-Werror", architecture]
    return [clang, *flags, "-c", str(source), "-o", str(output)]


def build(program: str) -> bool:
    """True if there was something to do."""
    if is_current(program):
        return False
    compiled(HERE / f"{program}.c")
    return True


def compiled(source: Path) -> Path:
    """The object beside its source, replaced in one step: two builds at once do no harm."""
    clang = shutil.which("clang")
    if clang is None:
        raise Unsupported(f"clang is not installed: {source.stem}.o cannot be built (apt install clang libbpf-dev)")
    fresh, built = source.with_suffix(".o.new"), source.with_suffix(".o")
    answer = subprocess.run(command(clang, source, fresh), capture_output=True, text=True, check=False)
    if answer.returncode:
        raise Unsupported(f"clang could not build {built.name}: {answer.stderr.strip()}")
    fresh.replace(built)
    return built


if __name__ == "__main__":
    for each in programs():
        print(f"{object_of(each)}: {'built' if build(each) else 'is current'}")
