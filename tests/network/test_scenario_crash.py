"""The control plane is killed at any moment, and things are broken by hand: data flows on, the next pass mends."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest

import estates
from probing import unharmed
from scenes import HOST, ON_PREMISES, all_gone, all_up, blueprints, both_up, connected, missing, real_stage
from stage import Apart, Stage
from trunkline import settings
from trunkline.fabric import switchboard
from trunkline.intent.compile.draft import attachment_name, host_node, instance_node, vnet_node, vrf_node
from trunkline.intent.compile.plant import TO_EDGE, core_of_edge, core_of_region, edge_node, switch_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.drivers import Change
from trunkline.intent.network import CrossConnect
from trunkline.intent.view import CIRCUIT, GATEWAY, NIC, SITE, VNET
from trunkline.model.circuit import Leg
from trunkline.settings import Places, Timing
from waiting import until

pytestmark = pytest.mark.root

VRF = vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY)
EDGE, SWITCH = edge_node("Amsterdam", Leg.PRIMARY), switch_node("Equinix", "Amsterdam", Leg.PRIMARY)
INSTANCE, ROUTER = instance_node(estates.rid(GATEWAY, "gw1"), 0), vnet_node(estates.rid(VNET, "hub"))
SPOKE_VM = vm_node(estates.rid(NIC, "second-vm"))


# ── killed ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def apart(places: Places) -> Iterator[Stage]:
    with real_stage(places, apart=True) as stage:
        yield stage


def killed_when(stage: Stage, reached: Callable[[int], bool]) -> None:
    """SIGKILL as soon as the number of nodes is such; then a new start."""
    assert isinstance(stage.reconciler, Apart)
    until(lambda: reached(len(stage.plane.nodes())), 20, "the moment to kill", every_s=0.001)
    stage.reconciler.kill()
    stage.reconciler.start()


@pytest.fixture
def dice() -> random.Random:
    seed = random.randrange(1 << 32)  # noqa: S311
    print(f"seed {seed}")
    return random.Random(seed)  # noqa: S311


def test_killed_while_it_builds_and_while_it_removes_it_finishes_after_the_next_start(
        apart: Stage, dice: random.Random) -> None:
    operations = apart.begin(estates.whole())
    for count in sorted(dice.sample(range(1, 18), 2)):
        killed_when(apart, lambda now, count=count: now >= count)  # type: ignore[misc]
    apart.settle(operations)
    connected(apart)
    both_up(apart)
    assert not missing(apart)
    operations = apart.begin_delete(apart.everything())
    for count in sorted(dice.sample(range(1, 18), 2), reverse=True):
        killed_when(apart, lambda now, count=count: now <= count)  # type: ignore[misc]
    apart.settle(operations)
    until(lambda: not apart.plane.nodes() and not blueprints(apart), 20, "nothing left, and nothing recorded")


def test_killed_in_the_middle_of_a_change_it_costs_nobody_else_a_packet(apart: Stage, dice: random.Random) -> None:
    """A second customer comes and goes, and neither is finished by the process that began it."""
    apart.put(*estates.whole())
    all_up(apart)
    base = len(apart.plane.nodes())
    theirs = estates.whole(number=2, group="rg2")
    theirs_whole = 10
    with unharmed(apart):
        operations = apart.begin(theirs)
        killed_when(apart, lambda now: now >= base + dice.randrange(1, theirs_whole))
        apart.settle(operations)
        connected(apart, host_node(estates.rid(SITE, "paris", group="rg2"), "h1"))
        operations = apart.begin_delete([r.id for r in theirs if not r.id.parent])
        killed_when(apart, lambda now: now <= base + dice.randrange(1, theirs_whole))
        apart.settle(operations)
        until(lambda: len(apart.plane.nodes()) == base, 10, "the second customer to be gone")
    assert not missing(apart)


# ── broken by hand ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("crash") / "home")).places
    with real_stage(places) as stage:
        stage.put(*estates.whole())
        all_up(stage)
        yield stage
    all_gone(places)


def without_node(node: str) -> Callable[[Stage], None]:
    """Its daemon, if it has one, lives on in the nameless namespace."""
    def cut(stage: Stage) -> None:
        subprocess.run(["ip", "netns", "del", stage.namespace(node)], check=True)
    return cut


def after(node: str, *words: str) -> Callable[[Stage], None]:
    def cut(stage: Stage) -> None:
        done = stage.run(node, *words)
        assert done.returncode == 0, done.stderr
    return cut


def without_entry(stage: Stage) -> None:
    """An entry of the switch's xconnect map."""
    from_edge, = (piece for piece in _cross_connects(stage, SWITCH) if piece.ingress == TO_EDGE)
    stage.plane.apply(Change(remove=(from_edge,)))


def _cross_connects(stage: Stage, node: str) -> list[CrossConnect]:
    return [piece for blueprint in blueprints(stage) for piece in blueprint.pieces
            if isinstance(piece, CrossConnect) and piece.node == node
            and piece.attachment == attachment_name(1, Leg.PRIMARY)]


def without_pins(stage: Stage) -> None:
    shutil.rmtree(switchboard.directory(stage.places, EDGE))


@pytest.mark.parametrize("cut", [
    pytest.param(without_node(VRF), id="VRF"),
    pytest.param(without_node(EDGE), id="edge"),
    pytest.param(without_node(SWITCH), id="switch"),
    pytest.param(without_node(core_of_edge("Amsterdam", Leg.PRIMARY)), id="core of the edge"),
    pytest.param(without_node(core_of_region("westeurope", Leg.PRIMARY)), id="core of the region"),
    pytest.param(without_node(INSTANCE), id="gateway instance"),
    pytest.param(without_node(ROUTER), id="VNet router"),
    pytest.param(without_node(HOST), id="host"),
    pytest.param(after(VRF, "ip", "address", "flush", "dev", "customer"), id="address"),
    pytest.param(after(HOST, "ip", "route", "del", "default"), id="route"),
    pytest.param(after(SWITCH, "ip", "link", "del", TO_EDGE), id="trunk"),
    pytest.param(after(INSTANCE, "ip", "link", "del", "c1p"), id="tunnel"),
    pytest.param(after(VRF, "ip", "link", "set", "customer", "down"), id="interface down"),
    pytest.param(after(EDGE, "tc", "qdisc", "del", "dev", "a1", "clsact"), id="filter"),
    pytest.param(after(VRF, "sysctl", "-w", "net.ipv4.ip_forward=0"), id="forwarding"),
    pytest.param(without_entry, id="xconnect entry"),
    pytest.param(without_pins, id="xconnect pins"),
])
def test_what_is_broken_by_hand_is_mended_by_the_next_pass(stage: Stage, cut: Callable[[Stage], None]) -> None:
    cut(stage)
    assert missing(stage)
    stage.look_at_everything()
    until(lambda: not missing(stage), 15, "everything there again", every_s=0.1)
    all_up(stage)
    connected(stage)


def test_a_deleted_namespace_and_all_that_leaned_on_it_are_back_without_waiting_for_the_timer(places: Places) -> None:
    """A spoke reaches on-premises through six scopes; the timer that looks at everything would come in an hour."""
    with real_stage(places, Timing(resync_interval_s=3600)) as stage:
        stage.put(*estates.whole(), *estates.spoke("second", 2, "10.2"), *estates.lending("hub", "second"))
        connected(stage, SPOKE_VM, ON_PREMISES)
        core = core_of_region("westeurope", Leg.PRIMARY)
        for node in (ROUTER, vnet_node(estates.rid(VNET, "second")), core, EDGE, SPOKE_VM):
            without_node(node)(stage)
            until(lambda: not missing(stage), 15, f"{node} and all that leaned on it", every_s=0.1)
            connected(stage, SPOKE_VM, ON_PREMISES)
