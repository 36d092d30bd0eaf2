"""The fixture that fails a test which leaves something behind really sees what is left."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from leaks import left_behind
from trunkline.fabric import ground, namespace
from trunkline.settings import Places

pytestmark = pytest.mark.root


@contextmanager
def a_namespace(places: Places) -> Iterator[None]:
    name = f"{places.namespace_prefix}one"
    with ground.on_namespaces():
        namespace.create(name)
    yield
    namespace.delete(name)


@contextmanager
def an_interface(places: Places) -> Iterator[None]:
    name = f"tt{places.instance}"
    subprocess.run(["ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p"], check=True)
    subprocess.run(["ip", "link", "set", name, "alias", f"tl:{places.instance}:0123456789"], check=True)
    yield
    subprocess.run(["ip", "link", "del", name], check=True)


@contextmanager
def a_process(places: Places) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", "input()", str(places.run)], stdin=subprocess.PIPE)
    yield
    process.communicate()


@contextmanager
def a_file(places: Places) -> Iterator[None]:
    places.run.mkdir()
    (places.run / "wake.sock").touch()
    yield
    (places.run / "wake.sock").unlink()
    places.run.rmdir()


@contextmanager
def pins(places: Places) -> Iterator[None]:
    with ground.on_bpffs():
        places.bpf.mkdir()
    yield
    places.bpf.rmdir()


@pytest.mark.parametrize("leaving", [a_namespace, an_interface, a_process, a_file, pins])
def test_it_is_seen(places: Places, leaving: Callable[[Places], Iterator[None]]) -> None:
    assert left_behind(places) == []
    with leaving(places):  # type: ignore[attr-defined]
        assert left_behind(places)
    ground.leave()
