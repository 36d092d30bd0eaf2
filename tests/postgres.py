"""A PostgreSQL server of the test's own, from Debian's package: a fresh cluster behind a socket in its directory."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from waiting import until

#: The server refuses to run as root.
_USER = "postgres"


@contextmanager
def server() -> Iterator[str]:
    """The URL of its database; nothing of it is left afterwards."""
    programs = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
    if programs is None:
        pytest.fail("PostgreSQL is missing; run `make test`, which installs it")
    home = Path(tempfile.mkdtemp(prefix="trunkline-postgresql-"))
    who: dict[str, Any] = {"user": _USER, "group": _USER} if os.geteuid() == 0 else {}
    if who:
        shutil.chown(home, _USER, _USER)
    try:
        subprocess.run([programs / "initdb", "-D", home / "data", "-U", _USER, "-A", "trust", "--no-sync"], check=True,
                       capture_output=True, cwd=home, **who)
        running = subprocess.Popen(
            [programs / "postgres", "-D", home / "data", "-k", home, "-c", "listen_addresses=", "-c", "fsync=off"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home, **who)
        try:
            url = f"postgresql+psycopg://{_USER}@/{_USER}?host={home}"
            until(lambda: _answers(url), 20, "PostgreSQL to answer")
            yield url
        finally:
            running.terminate()
            running.wait(20)
    finally:
        shutil.rmtree(home)


def _answers(url: str) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False
    finally:
        engine.dispose()
