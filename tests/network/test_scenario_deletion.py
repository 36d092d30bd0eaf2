"""Whatever is deleted, in whatever legal order and at whatever moment, nothing of it stays."""

from __future__ import annotations

import random
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

import estates
from scenes import all_up, connected, missing, real_stage
from stage import Stage
from trunkline.intent.compile.draft import instance_node, vrf_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.view import CIRCUIT, CROSS_CONNECTION, GATEWAY
from trunkline.model.circuit import Leg
from trunkline.model.operation import OperationStatus
from trunkline.model.resource import Resource, ResourceId
from trunkline.settings import Places
from trunkline.store import Reader
from waiting import until

pytestmark = pytest.mark.root


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    with real_stage(places) as stage:
        yield stage


def numbered(stage: Stage, resources: list[Resource]) -> list[Resource]:
    """With their numbers taken from the pools, as the API takes them."""
    with stage.store.writing() as writer:
        for resource in resources:
            writer.allocate(resource.id.types[-1].lower(), resource.id.key)
    return resources


def everything(stage: Stage) -> list[Resource]:
    """Two customers with equal addresses; the first has a second circuit at another location."""
    more = [*estates.circuit("er9", 9), estates.peering("er9", primaryPeerAddressPrefix="172.16.9.0/30",
                                                        secondaryPeerAddressPrefix="172.16.9.4/30"),
            estates.order("er9", number=9), estates.connection(9, circuit_name="er9", name="con9", slot=2)]
    return numbered(stage, [*estates.whole(), *estates.whole(number=2, group="rg2"), *more])


def nothing_left(stage: Stage) -> None:
    """The plant is released by and by."""
    with suppress(AssertionError):
        until(lambda: not _left(stage), 10, "nothing left")
    assert _left(stage) == []


def _left(stage: Stage) -> list[object]:
    found: list[object] = [*stage.plane.nodes(), *(stage.places.run / "nodes").glob("*"), *stage.places.bpf.glob("*")]
    with closing(sqlite3.connect(stage.places.home / "trunkline.db")) as database:
        for table in ("resources", "arrows", "applied", "requirements", "numbers where owner is not null"):
            found += database.execute(f"select * from {table}").fetchall()  # noqa: S608
    return found


def is_free(reader: Reader, resource: ResourceId) -> bool:
    """ARM refuses to delete what others refer to; a circuit's twin goes with it."""
    ends = [resource, *(child.id for child in reader.children(resource))]
    users = [user for end in ends for user in reader.referrers(end)]
    return all(user.id.type.lower() == CROSS_CONNECTION.lower() for user in users)


def legal(stage: Stage) -> list[ResourceId]:
    with stage.store.reading() as reader:
        return [one for one in stage.everything() if one.type != CROSS_CONNECTION and is_free(reader, one)]


@pytest.mark.parametrize("round_", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 6))])
def test_in_any_legal_order_one_or_several_at_a_time(stage: Stage, round_: int) -> None:
    seed = random.randrange(1 << 32)  # noqa: S311
    print(f"seed {seed}")
    dice = random.Random(seed)  # noqa: S311
    stage.put(*everything(stage))
    while candidates := legal(stage):
        stage.delete(*dice.sample(candidates, dice.randint(1, min(3, len(candidates)))))
    assert stage.everything() == []
    nothing_left(stage)


def test_half_way_everything_that_remains_is_whole(stage: Stage) -> None:
    theirs = numbered(stage, estates.whole(number=2, group="rg2"))
    stage.put(*numbered(stage, estates.whole()), *theirs)
    stage.delete(*[r.id for r in theirs if not r.id.parent])
    until(lambda: not stage.reconciler.busy, 10, "the plant to be looked at")
    assert not missing(stage)
    all_up(stage)
    connected(stage)


def test_a_deletion_that_overtakes_its_creation(stage: Stage) -> None:
    wanted = everything(stage)
    puts = stage.begin(wanted)
    deletes = stage.begin_delete(stage.everything())
    stage.settle(deletes)
    ends = {stage.ended(operation).status for operation in puts}
    assert ends <= {OperationStatus.SUCCEEDED, OperationStatus.CANCELED}
    nothing_left(stage)


def test_a_network_that_was_broken_by_hand_can_be_deleted(stage: Stage) -> None:
    stage.put(*everything(stage))
    vrf = vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY)
    for node in (vrf, edge_node("Amsterdam", Leg.SECONDARY), instance_node(estates.rid(GATEWAY, "gw1"), 1)):
        subprocess.run(["ip", "netns", "del", stage.namespace(node)], check=True)
    stage.delete_all()
    nothing_left(stage)
