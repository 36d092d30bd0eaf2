"""Certificates as files under the instance's home, named by when they began."""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click
from click.shell_completion import CompletionItem
from pydantic import ValidationError

from trunkline.cli.client import Json
from trunkline.cli.completing import instance_of
from trunkline.cli.failure import Failed
from trunkline.cli.wording import in_words
from trunkline.diagnosis.drill.certificate import Certificate
from trunkline.settings import Places

_MOST_BYTES = 32 * 1024 * 1024
#: How the name of a drill's trace ends.
_TRACE = ".begun"


def writable(places: Places) -> None:
    """Raises OSError where no certificate could be kept."""
    places.certificates.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=places.certificates, prefix=".try.")
    try:
        os.write(handle, bytes(64 * 1024))
        os.fsync(handle)
    finally:
        os.close(handle)
        os.unlink(name)


def keep(places: Places, document: Json) -> Path:
    """Whole or not at all; raises OSError."""
    path = places.certificates / f"{_stem(document)}.json"
    write(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return path


@dataclass(frozen=True, slots=True)
class Begun:
    """A drill without a certificate: it runs, or was killed and said nothing more. ``fault_id``: of the failure that it
    makes; ``drained``: circuits' ids and the leg of each on which it makes paths longer."""

    id: str
    target: str
    mode: str
    began_at: str
    fault: Json
    fault_id: str
    drained: tuple[tuple[str, str], ...]
    running: bool

    @property
    def fate(self) -> str:
        return "still runs" if self.running else "was killed"


@contextmanager
def begun(places: Places, drill: Json) -> Iterator[None]:
    """Leaves a trace for as long as the drill runs; who is killed leaves it behind. Where nothing can be written there
    is none."""
    path = places.certificates / f"{_stem(drill)}{_TRACE}"
    try:
        write(path, json.dumps(drill))
        file = path.open()
    except OSError:
        yield
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)  # ends with the process, however that ends
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def without_certificate(places: Places) -> Iterator[Begun]:
    """The newest first."""
    for path in sorted(places.certificates.glob(f"*{_TRACE}"), reverse=True):
        with suppress(OSError, ValueError, KeyError, TypeError), path.open() as file:
            told = json.loads(file.read(_MOST_BYTES))
            yield Begun(told["id"], told["target"], told["mode"], told["beganAt"], told["fault"], told["faultId"],
                        tuple((circuit, leg) for circuit, leg in told["drained"]), _is_held(file))


def trace(places: Places, wanted: str) -> Begun | None:
    """Of the drill whose id begins so, if it has made no certificate and none of another is meant."""
    if Path(wanted).is_file() or _matching(places, wanted):
        return None
    found = [one for one in without_certificate(places) if wanted and one.id.startswith(wanted)]
    return found[0] if len(found) == 1 else None


def _is_held(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _stem(told: Json) -> str:
    return f"{re.sub(r'[^0-9T]', '', str(told['beganAt'])[:19])}-{told['id'][:8]}"


def write(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def kept(places: Places) -> tuple[Path, ...]:
    """The newest first."""
    return tuple(sorted(places.certificates.glob("*.json"), reverse=True))


def read(path: Path) -> Json:
    """The document as it stands in a file."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise Failed(f"{path} is larger than any certificate.")
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise Failed(f"{path} cannot be read: {problem.strerror or problem}.") from None
    except (ValueError, RecursionError):
        raise Failed(f"{path} is no JSON document, and so no certificate.") from None
    if not isinstance(found, dict):
        raise Failed(f"{path} holds no certificate.")
    return found


def parsed(document: Json, path: Path) -> Certificate:
    try:
        return Certificate.model_validate(document)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise Failed(f"{path} is no certificate: {where}: {in_words(first)}.") from None


def all_of(places: Places) -> Iterator[tuple[Path, Certificate]]:
    """What is no certificate is left out."""
    for path in kept(places):
        try:
            yield path, parsed(read(path), path)
        except Failed:
            continue


def complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Beginnings of the kept ones' ids, and files."""
    places = instance_of(ctx).settings.places
    ids = [path.stem.rpartition("-")[2] for path in kept(places)]
    ids += [one.id[:8] for one in without_certificate(places)] if ctx.info_name == "show" else []
    found = [CompletionItem(one) for one in (*(("latest",) if ids else ()), *ids) if one.startswith(incomplete)]
    return [*found, CompletionItem(incomplete, type="file")]


def find(places: Places, wanted: str) -> Path:
    """A file, or the beginning of a kept one's id or name; ``latest`` is the newest."""
    if wanted == "latest" and (newest := kept(places)):
        return newest[0]
    if "/" in wanted or Path(wanted).is_file():
        return Path(wanted)
    matching = _matching(places, wanted)
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise Failed(f"'{wanted}' may be {', '.join(path.stem for path in matching)}; write more of it.")
    if lost := trace(places, wanted):
        raise Failed(f"drill {lost.id[:8]} {lost.fate} and made no certificate; "
                     f"'trunkline drill show {lost.id[:8]}' says what is known of it.")
    raise Failed(f"there is no file and no kept certificate '{wanted}'; 'trunkline drill list' shows them.")


def _matching(places: Places, wanted: str) -> list[Path]:
    return [path for path in kept(places)
            if wanted and (path.stem.startswith(wanted) or path.stem.rpartition("-")[2].startswith(wanted[:8]))]
