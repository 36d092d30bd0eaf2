"""LinuxPlane on real namespaces: what it makes, what it notices, and what it mends without breaking it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import pytest

import wires
from chains import HERE, THERE, Chain, shared
from trunkline.errors import DriverFailure
from trunkline.fabric import namespace
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Change
from trunkline.intent.network import Address, Interface, Link, Node, Piece, Role, Route, Tunnel
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root


def ip(places: Places, node: str, *words: str) -> str:
    return wires.run(places, node, "ip", *words)


def identities(places: Places, node: str) -> list[tuple[int, str, str]]:
    return [(link["ifindex"], link["ifname"], link["address"]) for link in json.loads(ip(places, node, "-j", "link"))]


def missing(plane: LinuxPlane, pieces: tuple[Piece, ...]) -> list[object]:
    settled = plane.observe(pieces)
    return [piece.key for piece in pieces if piece.key not in settled]


CHAIN = Chain()
WHOLE = (*shared(), *CHAIN.pieces())
ONE, TWO = Node("one", Role.HOST), Node("two", Role.HOST)
WIRE = Link(
    Interface("one", "eth0", (Address("10.0.0.1/30"),), mac="02:00:00:00:00:01"),
    Interface("two", "eth0", (Address("10.0.0.2/30"),)),
)
PAIR: tuple[Piece, ...] = (ONE, TWO, WIRE)


def test_what_is_applied_is_observed_and_carries_packets(plane: LinuxPlane, places: Places) -> None:
    assert missing(plane, WHOLE) == [piece.key for piece in WHOLE]
    plane.apply(Change(ensure=WHOLE))
    assert missing(plane, WHOLE) == []
    wires.reach(places, "here1", THERE)
    assert wires.echoes(places, "here1", THERE, 3) == 3


def test_applying_again_changes_nothing(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=WHOLE))
    before = {node: identities(places, node) for node in plane.nodes()}
    plane.apply(Change(ensure=WHOLE))
    assert {node: identities(places, node) for node in plane.nodes()} == before


def test_removing_leaves_nothing(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=WHOLE))
    plane.apply(Change(remove=WHOLE))
    assert plane.nodes() == frozenset()
    assert list(places.bpf.iterdir()) == []
    assert missing(plane, WHOLE) == [piece.key for piece in WHOLE]
    plane.apply(Change(remove=WHOLE))


def test_sweep_names_what_it_removes(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=PAIR))
    removed = plane.sweep()
    assert f"namespace {places.namespace_prefix}one" in removed
    assert plane.sweep() == ()


def test_removing_a_link_leaves_the_nodes_and_their_other_links(plane: LinuxPlane, places: Places) -> None:
    other = Link(Interface("one", "eth1"), Interface("two", "eth1"))
    plane.apply(Change(ensure=(*PAIR, other)))
    plane.apply(Change(remove=(WIRE,)))
    assert missing(plane, (ONE, TWO, other, WIRE)) == [WIRE.key]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(("addr", "del", "10.0.0.1/30", "dev", "eth0"), id="address deleted"),
        pytest.param(("addr", "add", "10.9.9.9/24", "dev", "eth0"), id="address added"),
        pytest.param(("link", "set", "eth0", "down"), id="down"),
        pytest.param(("link", "set", "eth0", "mtu", "1400"), id="MTU"),
        pytest.param(("link", "set", "eth0", "address", "02:00:00:00:00:99"), id="MAC"),
    ],
)
def test_a_damaged_link_is_noticed_and_mended_in_place(
    plane: LinuxPlane, places: Places, damage: tuple[str, ...]
) -> None:
    plane.apply(Change(ensure=PAIR))
    index = ip(places, "one", "-o", "link", "show", "eth0").split(":")[0]
    ip(places, "one", *damage)
    assert missing(plane, PAIR) == [WIRE.key]
    plane.apply(Change(ensure=(WIRE,)))
    assert missing(plane, PAIR) == []
    assert ip(places, "one", "-o", "link", "show", "eth0").split(":")[0] == index
    wires.reach(places, "one", "10.0.0.2")


def test_a_tcp_connection_survives_a_mend(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=PAIR))
    with (
        wires.sink(places, "two", "10.0.0.2") as (port, total),
        wires.connected(places, "one", "10.0.0.2", port) as client,
    ):
        client.sendall(b"before")
        ip(places, "one", "addr", "del", "10.0.0.1/30", "dev", "eth0")
        ip(places, "two", "addr", "add", "10.9.9.9/24", "dev", "eth0")
        plane.apply(Change(ensure=(WIRE,)))
        client.sendall(b"after")
        client.close()
        assert total() == len(b"beforeafter")


def test_the_first_address_goes_and_the_others_of_its_network_stay(plane: LinuxPlane) -> None:
    many = tuple(Address(f"10.0.0.{last}/24") for last in (1, 2, 3))
    plane.apply(Change(ensure=(ONE, TWO, replace(WIRE, a=replace(WIRE.a, addresses=many)))))
    fewer = replace(WIRE, a=replace(WIRE.a, addresses=many[1:]))
    plane.apply(Change(ensure=(fewer,)))
    assert missing(plane, (fewer,)) == []


def test_a_link_whose_other_end_moves_to_another_node_is_made_anew(plane: LinuxPlane, places: Places) -> None:
    three = Node("three", Role.HOST)
    plane.apply(Change(ensure=(*PAIR, three)))
    moved = replace(WIRE, b=replace(WIRE.b, node="three"))
    assert missing(plane, (moved,)) == [moved.key]
    plane.apply(Change(ensure=(moved,)))
    assert missing(plane, (ONE, TWO, three, moved)) == []
    assert "eth0" not in ip(places, "two", "-o", "link")
    wires.reach(places, "one", "10.0.0.2")


def test_what_a_crash_left_half_made_is_finished_or_replaced(plane: LinuxPlane, places: Places) -> None:
    one = places.namespace_prefix + "one"
    subprocess.run(["ip", "netns", "add", one], check=True)
    (namespace.DIRECTORY / f"{places.namespace_prefix}two").touch()
    subprocess.run(["ip", "-n", one, "link", "add", "eth0", "type", "veth", "peer", "name", "stray"], check=True)
    assert missing(plane, PAIR) == [piece.key for piece in PAIR]
    plane.apply(Change(ensure=PAIR))
    assert missing(plane, PAIR) == []
    assert "stray" not in ip(places, "one", "-o", "link")
    wires.reach(places, "one", "10.0.0.2")


def test_one_failure_does_not_stop_the_others_and_all_are_named(plane: LinuxPlane) -> None:
    nowhere = Route("one", "10.77.0.0/16", ("192.0.2.1",))
    lost = Link(Interface("one", "eth7"), Interface("no-such-node", "eth7"))
    with pytest.raises(DriverFailure) as failure:
        plane.apply(Change(ensure=(nowhere, lost, *PAIR)))
    assert missing(plane, PAIR) == []
    assert "route one:10.77.0.0/16" in str(failure.value)
    assert "link one:eth7" in str(failure.value)
    assert "no-such-node" in str(failure.value)


def test_a_nodes_settings_loopback_and_bridge_are_noticed_and_mended(plane: LinuxPlane, places: Places) -> None:
    node = Node(
        "one",
        Role.CORE,
        forwarding=True,
        bridge=True,
        loopback=("192.0.2.1/32",),
        sysctls=(("ipv4.ip_default_ttl", "99"),),
    )
    plane.apply(Change(ensure=(node,)))
    assert missing(plane, (node,)) == []
    assert not plane.observe((replace(node, forwarding=False),))
    for damage in ("addr del 192.0.2.1/32 dev lo", "link del br0", "link set lo down"):
        ip(places, "one", *damage.split())
        assert missing(plane, (node,)) == [node.key], damage
        plane.apply(Change(ensure=(node,)))
        assert missing(plane, (node,)) == [], damage


def test_a_bridge_joins_its_ports(plane: LinuxPlane, places: Places) -> None:
    lan = Node("lan", Role.LAN, bridge=True)
    links = tuple(
        Link(Interface(host, "eth0", (Address(f"10.0.0.{last}/24"),)), Interface("lan", host, bridged=True))
        for last, host in enumerate(("one", "two"), 1)
    )
    plane.apply(Change(ensure=(*links, lan, ONE, TWO)))
    wires.reach(places, "one", "10.0.0.2")
    ip(places, "lan", "link", "set", "one", "nomaster")
    assert missing(plane, (lan, ONE, TWO, *links)) == [links[0].key]
    plane.apply(Change(ensure=links))
    wires.reach(places, "one", "10.0.0.2")


def test_a_router_answers_arp_for_addresses_behind_it(plane: LinuxPlane, places: Places) -> None:
    router = Node("router", Role.ROUTER, forwarding=True, loopback=("10.0.0.1/32",))
    hosts = tuple(
        piece
        for last, host in ((4, "one"), (5, "two"))
        for piece in (
            Link(Interface(host, "eth0", (Address(f"10.0.0.{last}/24"),)), Interface("router", host, proxy_arp=True)),
            Route("router", f"10.0.0.{last}/32", interface=host),
        )
    )
    plane.apply(Change(ensure=(router, ONE, TWO, *hosts)))
    assert missing(plane, (router, ONE, TWO, *hosts)) == []
    for host in ("one", "two"):
        wires.reach(places, host, "10.0.0.1")
        assert "proxy_delay = 0" in wires.run(places, "router", "sysctl", f"net.ipv4.neigh.{host}.proxy_delay")
    assert wires.echoes(places, "one", "10.0.0.5") == 1


def test_routes_are_read_from_the_kernel_and_replaced_in_place(plane: LinuxPlane, places: Places) -> None:
    route = Route("one", "10.5.0.0/16", ("10.0.0.2",))
    both = Route("one", "10.5.0.0/16", ("10.0.0.2", "10.0.1.2"))
    ends = (Interface(node, "eth1", (Address(f"10.0.1.{last}/30"),)) for last, node in ((1, "one"), (2, "two")))
    second = Link(*ends)
    plane.apply(Change(ensure=(*PAIR, second, route)))
    assert plane.observe((route,))
    assert not plane.observe((both,))
    plane.apply(Change(ensure=(both,)))
    assert plane.observe((both,))
    assert not plane.observe((route,))
    ip(places, "one", "route", "del", "10.5.0.0/16")
    assert not plane.observe((both,))
    plane.apply(Change(ensure=(both,)))
    plane.apply(Change(remove=(both,)))
    assert ip(places, "one", "route", "show", "10.5.0.0/16") == ""


def test_a_route_to_an_interface_is_a_link_route(plane: LinuxPlane, places: Places) -> None:
    route = Route("one", "10.6.0.1/32", interface="eth0")
    plane.apply(Change(ensure=(*PAIR, route)))
    assert plane.observe((route,))
    assert "10.6.0.1 dev eth0" in ip(places, "one", "route")
    plane.apply(Change(remove=(route,)))
    assert "10.6.0.1" not in ip(places, "one", "route")


def test_ipv6_is_off_until_an_address_asks_for_it(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=PAIR))
    assert "inet6" not in ip(places, "one", "addr")
    six = Link(Interface("one", "eth6", (Address("fd00::1/126"),)), Interface("two", "eth6", (Address("fd00::2/126"),)))
    route = Route("one", "fd01::/64", ("fd00::2",))
    plane.apply(Change(ensure=(*PAIR, six, route)))
    assert missing(plane, (*PAIR, six, route)) == []
    assert "fd01::/64 via fd00::2" in ip(places, "one", "-6", "route")
    until(lambda: wires.echoes6(places, "one", "fd00::2") == 1, 5, "an IPv6 echo")


def test_a_node_forwards_ipv6_between_its_links(plane: LinuxPlane, places: Places) -> None:
    router = Node("router", Role.VRF, forwarding=True)
    ends = (
        (
            Interface(host, "eth0", (Address(f"fd00:{last}::2/64"),)),
            Interface("router", host, (Address(f"fd00:{last}::1/64"),)),
        )
        for last, host in ((1, "one"), (2, "two"))
    )
    routes = (Route("one", "::/0", ("fd00:1::1",)), Route("two", "::/0", ("fd00:2::1",)))
    pieces = (router, ONE, TWO, *(Link(*pair) for pair in ends), *routes)
    plane.apply(Change(ensure=pieces))
    assert missing(plane, pieces) == []
    until(lambda: wires.echoes6(places, "one", "fd00:2::2") == 1, 5, "an IPv6 echo through the router")


def tunnel_between(underlay: str, node: str, own: str, far: str, local: str, remote: str) -> Tunnel:
    end = Interface(node, "t0", (Address(own, far),), mtu=1400)
    return Tunnel(underlay, end, 4711, local, remote)


def test_a_tunnel_has_its_socket_in_the_underlay_and_its_end_in_the_node(plane: LinuxPlane, places: Places) -> None:
    sites = ((1, "core-a"), (2, "core-b"))
    cores = tuple(Node(core, Role.CORE, loopback=(f"192.0.2.{last}/32",)) for last, core in sites)
    backbone = Link(*(Interface(core, "b", (Address(f"10.0.0.{last}/30"),), mtu=1600) for last, core in sites))
    routes = (Route("core-a", "192.0.2.2/32", ("10.0.0.2",)), Route("core-b", "192.0.2.1/32", ("10.0.0.1",)))
    tunnels = (
        tunnel_between("core-a", "one", "10.1.0.1/32", "10.1.0.2", "192.0.2.1", "192.0.2.2"),
        tunnel_between("core-b", "two", "10.1.0.2/32", "10.1.0.1", "192.0.2.2", "192.0.2.1"),
    )
    pieces: tuple[Piece, ...] = (*cores, ONE, TWO, backbone, *routes, *tunnels)
    plane.apply(Change(ensure=pieces))
    assert missing(plane, pieces) == []
    wires.reach(places, "one", "10.1.0.2")
    ip(places, "one", "addr", "flush", "dev", "t0")
    assert missing(plane, pieces) == [tunnels[0].key]
    plane.apply(Change(ensure=pieces))
    wires.reach(places, "one", "10.1.0.2")
    other = replace(tunnels[0], vni=4712)
    assert missing(plane, (other,)) == [other.key]
    plane.apply(Change(remove=tunnels))
    assert "t0" not in ip(places, "one", "-o", "link")


def test_neighbors_and_own_addresses_are_listed(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=PAIR))
    wires.reach(places, "one", "10.0.0.2")
    rows = {row.address: row for row in plane.neighbors("one")}
    assert rows["10.0.0.1"].state == "PERMANENT"
    assert rows["10.0.0.1"].mac == "02:00:00:00:00:01"
    assert rows["10.0.0.2"].state in ("REACHABLE", "DELAY", "STALE")
    assert rows["10.0.0.2"].interface == "eth0"
    assert rows["10.0.0.2"].mac in ip(places, "two", "link", "show", "eth0")


def test_the_chain_isolates_customers_with_equal_addresses(plane: LinuxPlane, places: Places) -> None:
    other = Chain(number=2, stag=101)
    plane.apply(Change(ensure=(*WHOLE, *other.pieces())))
    for number, count in ((1, 3), (2, 5)):
        wires.reach(places, f"here{number}", THERE)
        assert wires.echoes(places, f"here{number}", THERE, count) == count
        assert wires.echoes(places, f"there{number}", HERE, count) == count
    plane.apply(Change(remove=CHAIN.pieces()))
    assert missing(plane, (*shared(), *other.pieces())) == []
    wires.reach(places, "here2", THERE)
