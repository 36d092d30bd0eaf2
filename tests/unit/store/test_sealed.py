from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from trunkline.errors import StoreFailure, Unsupported
from trunkline.model.operation import Operation, OperationKind, OperationStatus
from trunkline.model.resource import Resource, ResourceId
from trunkline.store import Store, sealed
from trunkline.store.sealed import Hidden, Ring

CIRCUIT = ResourceId("s", "g", "Microsoft.Network", ("expressRouteCircuits",), ("er1",))
HIDDEN, GENERATED, ANSWERED = "md5-of-the-customer", "4f0f9b2e-key-of-an-authorization", "answered-shared-key"


def _fill(store: Store) -> None:
    with store.writing() as writer:
        writer.put(Resource(CIRCUIT, secrets={"a": HIDDEN}, system={"authorizationKey": GENERATED, "number": 1}))
        writer.begin(Operation("op", CIRCUIT, OperationKind.ACTION))
        writer.finish("op", OperationStatus.SUCCEEDED, result={"value": ANSWERED})


def _read(store: Store) -> tuple[str, str, str]:
    with store.reading() as reader:
        circuit, operation = reader.get(CIRCUIT), reader.operation("op")
    assert circuit
    assert operation
    assert isinstance(operation.result, dict)
    return circuit.secrets["a"], circuit.system["authorizationKey"], operation.result["value"]


def test_what_is_secret_is_read_back_whole(store: Store) -> None:
    _fill(store)
    assert _read(store) == (HIDDEN, GENERATED, ANSWERED)


def test_no_file_of_the_database_holds_a_secret(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/trunkline.db")
    _fill(store)
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    store.close()
    assert b"er1" in written
    assert all(secret.encode() not in written for secret in (HIDDEN, GENERATED, ANSWERED))


def test_only_the_owner_reads_the_keys(tmp_path: Path) -> None:
    Store(f"sqlite:///{tmp_path}/trunkline.db").close()
    assert stat.S_IMODE((tmp_path / "store.key").stat().st_mode) == 0o600


def test_the_same_secret_looks_different_each_time(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "store.key")
    assert ring(Hidden(a="x")) != ring(Hidden(a="x"))


@pytest.mark.parametrize("plain", [{}, {"sharedKey": ""}, {"sharedKey": None}, {"keys": 1}, ["sharedKey"], Hidden()])
def test_what_tells_nothing_stays_readable(tmp_path: Path, plain: object) -> None:
    assert Ring(tmp_path / "store.key")(plain) == json.dumps(plain, separators=(",", ":"))


def test_a_new_key_takes_over_and_the_old_one_may_go(tmp_path: Path) -> None:
    url, keys = f"sqlite:///{tmp_path}/trunkline.db", tmp_path / "store.key"
    store = Store(url)
    _fill(store)
    store.close()
    before = keys.read_text()
    sealed.add_key(keys)
    store = Store(url)
    assert _read(store) == (HIDDEN, GENERATED, ANSWERED)
    assert store.reseal() == 2
    store.close()
    sealed.drop_keys(keys)
    assert before.strip() not in keys.read_text()
    sealed._KNOWN.clear()
    store = Store(url)
    assert _read(store) == (HIDDEN, GENERATED, ANSWERED)
    store.close()


def test_without_its_key_a_secret_is_not_read(tmp_path: Path) -> None:
    url, keys = f"sqlite:///{tmp_path}/trunkline.db", tmp_path / "store.key"
    store = Store(url)
    _fill(store)
    store.close()
    keys.unlink()
    sealed._KNOWN.clear()
    store = Store(url)
    with pytest.raises(StoreFailure, match="restore the file"):
        _read(store)
    store.close()


def test_a_damaged_key_file_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "store.key").write_text("nonsense")
    with pytest.raises(Unsupported, match="restore it"):
        Store(f"sqlite:///{tmp_path}/trunkline.db")
    assert (tmp_path / "store.key").read_text() == "nonsense"


def test_a_store_without_keys_refuses_secrets() -> None:
    with pytest.raises(Unsupported, match="key file"):
        Ring(None)({"authorizationKey": "x"})
