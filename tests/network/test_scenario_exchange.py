"""An internet exchange on real packets: a site with BIRD (RIPE), one with FRR (SURF), and somebody else's cloud behind
a hand-off (BELI), which says what it likes. One stage serves all tests; each takes back what it said."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

import estates
import wires
from clouds import ROUTE_SERVER_ASN, Cloud, Said, cloud
from probing import probing
from scenes import disturbed, footprint, is_up, lasting_stage, router_of
from speaking import unbroken
from stage import Stage
from trunkline.intent.bgp import Refusal, RibEntry, SessionStatus, Validity
from trunkline.intent.compile.draft import ce_node, host_node
from trunkline.intent.compile.exchange import lan_node, route_server_node
from trunkline.intent.compile.route_server_policy import REASONS
from trunkline.intent.exchange import EXCHANGE
from trunkline.intent.view import SITE
from trunkline.model.resource import ResourceId
from trunkline.reconcile.registry_files import KEPT
from waiting import until

pytestmark = pytest.mark.root

AMS = estates.rid(EXCHANGE, "ams")
LAN, RS1, RS2 = lan_node(AMS), route_server_node(AMS, 0), route_server_node(AMS, 1)
RIPE, SURF = (ce_node(estates.rid(SITE, name), "ce1") for name in ("ripe", "surf"))
RIPES, SURFS = (host_node(estates.rid(SITE, name), "h1") for name in ("ripe", "surf"))
RIPES_HOST, SURFS_HOST, BELIS_HOST, VICTIM = "193.0.1.10", "145.100.1.10", "193.190.1.10", "193.190.1.66"
INTERFACE = f"ix{secrets.token_hex(4)}"
OWN, OWN6 = Said("193.190.0.0/16"), Said("2001:6a8::/32")
BLACKHOLE = (65535, 666)


def beli(**changed: object) -> estates.Resource:
    return estates.exchange_member("beli", 3, asn=2611, handoff={"interface": INTERFACE}, shared_key="S3cret",
                                   **changed)


def realm() -> list[estates.Resource]:
    admissions = [{"asn": 3333, "prefixes": ["193.0.0.0/21"]},
                  {"asn": 1103, "prefixes": ["145.100.0.0/16", "185.1.0.0/16"]},
                  {"asn": 2611, "prefixes": ["193.190.0.0/16", "185.1.0.0/16", "2001:6a8::/32"],
                   "asSets": ["RIPE::AS-BELI"]}]
    return [*estates.met_at_exchange()[:2], *estates.exchange(*members(), beli(), admissions=admissions)]


def members() -> list[estates.Resource]:
    return estates.met_at_exchange()[3:]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with lasting_stage(tmp_path_factory.mktemp("exchange") / "home", *realm()) as stage:
        yield stage


@pytest.fixture(scope="module")
def other(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """BELI's router. In the end its interface goes with it, and so does the member."""
    with cloud(INTERFACE, tmp_path_factory.mktemp("beli"), 2611, ("80.249.208.6", "2001:7f8:1::6"), "S3cret",
               (f"{BELIS_HOST}/32", f"{VICTIM}/32")) as there:
        for node in (RS1, RS2):
            until(lambda node=node: not _down(stage, node), 20, f"all sessions of {node}")  # type: ignore[misc]
        there.say(OWN, OWN6)
        for node in (RS1, RS2):  # nothing is taken before the cache has answered
            until(lambda node=node: (entry := _heard(stage, node, OWN.prefix)) and not entry.refusal, 20,  # type: ignore[misc]
                  f"{node} to have validation data")
        yield there


@pytest.fixture(autouse=True)
def as_ever(other: Cloud) -> Iterator[None]:
    other.say(OWN, OWN6)
    yield
    other.say(OWN, OWN6)


def _down(stage: Stage, node: str) -> list[str]:
    return [one.name for one in stage.speaker.sessions(router_of(stage, node)) if not is_up(one)]


def session(stage: Stage, node: str, name: str) -> SessionStatus:
    router = router_of(stage, node)
    return next(one for one in stage.speaker.sessions(router) if one.name == name)


def knows(stage: Stage, node: str, prefix: str) -> list[RibEntry]:
    return [entry for entry in stage.speaker.routes(router_of(stage, node)) if entry.prefix == prefix]


def kept_out(stage: Stage, port: str = "m3") -> dict[str, int]:
    return {reason: counter.packets for reason, counter in stage.plane.kept_out(LAN).get(port, {}).items()}


def test_members_meet_on_the_lan_and_route_servers_see_no_packet(stage: Stage, other: Cloud) -> None:
    until(lambda: stage.pings(RIPES, SURFS_HOST), 20, "hosts of both sites to meet")
    until(lambda: stage.pings(RIPES, BELIS_HOST), 20, "the cloud's host to answer")
    assert "via 80.249.208.5 dev e1" in stage.run(RIPE, "ip", "route", "get", SURFS_HOST).stdout
    assert "via 80.249.208.4 dev e2" in stage.run(SURF, "ip", "route", "get", RIPES_HOST).stdout
    before = [_frames(stage, node) for node in (RS1, RS2)]
    with probing(stage, RIPES, SURFS, SURFS_HOST) as probe:
        until(lambda: _frames(stage, LAN, "m1") > 600, 10, "frames between the members")
    after = [_frames(stage, node) for node in (RS1, RS2)]
    assert probe.lost == 0
    assert probe.sent > 200
    assert max(now - was for now, was in zip(after, before, strict=True)) < 60


def test_a_route_server_that_dies_costs_no_packet(stage: Stage, other: Cloud) -> None:
    until(lambda: stage.pings(RIPES, SURFS_HOST), 20, "hosts of both sites to meet")
    kill = int((stage.places.run / "nodes" / RS1 / "bird.pid").read_text())
    before = session(stage, RIPE, "exchange_1_rs1").since
    with probing(stage, RIPES, SURFS, SURFS_HOST) as probe:
        until(lambda: _frames(stage, LAN, "m1") > 100, 10, "frames between the members")
        os.kill(kill, signal.SIGKILL)
        until(lambda: not _down(stage, RS1) and session(stage, RIPE, "exchange_1_rs1").since != before, 30,
              "the route server to speak again")
        assert other.hears("145.100.0.0/16") == "1103 via 80.249.208.5"
    assert probe.lost == 0
    assert probe.sent > 500


@pytest.mark.parametrize(("said", "why"), [
    (Said("193.190.0.0/25"), Refusal.TOO_SPECIFIC),
    (Said("192.0.0.0/7"), Refusal.TOO_COARSE),
    (Said("0.0.0.0/0"), Refusal.DEFAULT_ROUTE),
    (Said("10.0.0.0/16"), Refusal.MARTIAN),
    (Said("80.249.208.0/25"), Refusal.OWN_SPACE),
    (Said("145.100.0.0/16"), Refusal.NOT_REGISTERED),
    (Said("193.190.4.0/22", (15169,)), Refusal.WRONG_ORIGIN),
    (Said("193.190.4.0/22", (3356, 2611)), Refusal.TRANSIT_LEAK),
    (Said("193.190.4.0/22", (64512, 2611)), Refusal.BOGON_ASN),
    (Said("193.190.4.0/22", (2611,) * 32), Refusal.PATH_TOO_LONG),
    (Said("193.190.4.0/22", next_hop="80.249.208.4"), Refusal.FOREIGN_NEXT_HOP),
    (Said("145.100.1.10/32", communities=(BLACKHOLE,)), Refusal.BLACKHOLE_NOT_OWN),
    (Said("193.190.4.0/22", communities=(BLACKHOLE,)), Refusal.BLACKHOLE_NOT_OWN),
], ids=lambda value: value.value if isinstance(value, Refusal) else "")
def test_what_is_refused_stays_with_its_reason_and_reaches_nobody(
        stage: Stage, other: Cloud, said: Said, why: Refusal) -> None:
    other.say(OWN, said)
    prefix = str(ip_network(said.prefix, strict=False))
    for node in (RS1, RS2):
        found = until(lambda node=node: _refused(stage, node, prefix, why), 10,  # type: ignore[misc]
                      f"{prefix} at {node}, refused as {why}")
        assert (ROUTE_SERVER_ASN, 1101, REASONS[why]) in found.communities
        assert _heard(stage, node, OWN.prefix).refusal is None
    assert not [entry for entry in knows(stage, RIPE, prefix) if entry.as_path[:1] == (2611,)]
    shown = stage.ask(beli().id, "routes", view="received", prefix=prefix)["sessions"]  # type: ignore[index]
    assert {(one["router"], route["refusal"]) for one in shown for route in one["received"]["routes"]
            if route["prefix"] == prefix} == {(RS1, why.value), (RS2, why.value)}


def test_registries_say_what_else_a_member_may_announce(stage: Stage, other: Cloud) -> None:
    """By route objects of its AS and of those in its as-set, as soon as a file tells; without a reset."""
    cone, own = Said("145.101.0.0/16", (1104,)), Said("193.191.0.0/16")
    other.say(OWN, cone, own)
    for said in (cone, own):
        found = until(lambda said=said: _heard(stage, RS1, said.prefix), 10, said.prefix)  # type: ignore[misc]
        assert found.refusal is Refusal.NOT_REGISTERED
    since, file = session(stage, RS1, "member_3").since, stage.places.registries / "ripe.rpsl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("as-set: AS-BELI\nmembers: AS1104\nsource: RIPE\n\n"
                    + "".join(f"route: {prefix}\norigin: AS{asn}\nsource: RIPE\n\n" for prefix, asn in (
                        (own.prefix, 2611), (cone.prefix, 1104))))
    try:
        for said, path in ((own, (2611,)), (cone, (2611, 1104))):
            until(lambda said=said, path=path: _paths(stage, RIPE, said.prefix) == {path}, 10,  # type: ignore[misc]
                  f"{said.prefix} at RIPE")
        assert (ROUTE_SERVER_ASN, 1001, 1) in knows(stage, RS1, own.prefix)[0].communities
        assert unbroken(since, session(stage, RS1, "member_3").since)
    finally:
        for one in (file, file.parent / KEPT / file.name):
            one.unlink()
    until(lambda: not knows(stage, RIPE, own.prefix), 10, "nobody to vouch for it any more")


def test_what_a_roa_contradicts_is_refused_and_what_it_confirms_is_marked(stage: Stage, other: Cloud) -> None:
    """Over both families, by both route servers, from the caches of the exchange's location."""
    _authorise(stage, {OWN.prefix: ("AS2611", 16), "185.1.0.0/16": ("AS1103", 16), OWN6.prefix: ("AS2611", 32)})
    other.say(OWN, Said("193.190.4.0/22"), Said("185.1.0.0/16"), OWN6, Said("2001:6a8:4::/48"))
    try:
        for node in (RS1, RS2):
            until(lambda node=node: _refusal(stage, node, "193.190.4.0/22") is Refusal.RPKI_INVALID, 20,  # type: ignore[misc]
                  "a more specific than the ROA allows to be refused")
            until(lambda node=node: _refusal(stage, node, "185.1.0.0/16") is Refusal.RPKI_INVALID, 10,  # type: ignore[misc]
                  "another origin than the ROA's to be refused")
            until(lambda node=node: _refusal(stage, node, "2001:6a8:4::/48") is Refusal.RPKI_INVALID, 10,  # type: ignore[misc]
                  "an IPv6 prefix more specific than the ROA allows to be refused")
            assert {_heard(stage, node, one.prefix).validity for one in (OWN, OWN6)} == {Validity.VALID}
            assert (ROUTE_SERVER_ASN, 1000, 1) in _heard(stage, node, OWN.prefix).communities
            assert (ROUTE_SERVER_ASN, 1000, 1) in _heard(stage, node, OWN6.prefix).communities
    finally:
        _authorise(stage, {OWN.prefix: ("AS2611", 24)})
    until(lambda: _refusal(stage, RS1, "185.1.0.0/16") is None, 20, "nothing to be said against it")


def test_a_route_that_a_member_may_not_see_hides_no_other_from_it(stage: Stage, other: Cloud) -> None:
    """Two members announce one prefix, and the better path is not for RIPE: it gets the second (RFC 7947, 2.3.2)."""
    shared = "185.1.0.0/16"
    site = estates.public_site("surf", 12, 1103, ("145.100.0.0/16", shared), "145.100.1.0/24", "frr")
    stage.put(site, estates.exchange_member("surf", 2, "surf", communities=["65535:0"]))
    try:
        until(lambda: _paths(stage, RIPE, shared) == {(1103,)}, 20, "the only path")
        other.say(OWN, Said(shared))
        until(lambda: _paths(stage, RIPE, shared) == {(2611,)}, 20, "the better path of both")
        assert {entry.as_path for entry in knows(stage, RS1, shared) if entry.best} == {(2611,)}
        other.say(OWN, Said(shared, communities=((0, 3333),)))
        until(lambda: _paths(stage, RIPE, shared) == {(1103,)}, 20, "the second best path")
        assert {entry.as_path for entry in knows(stage, RS1, shared) if entry.best} == {(2611,)}
        assert other.hears("145.100.0.0/16") == "1103 via 80.249.208.5"
    finally:
        stage.put(*realm()[:2], *members())


@pytest.mark.parametrize(("communities", "ripe", "surf"), [
    (((0, 3333),), "", "2611"),
    (((0, ROUTE_SERVER_ASN), (ROUTE_SERVER_ASN, 3333)), "2611", ""),
    (((ROUTE_SERVER_ASN, 0, 0),), "", ""),
    (((ROUTE_SERVER_ASN, 102, 1103),), "2611", "2611 2611 2611"),
])
def test_control_communities_say_who_hears_what(
        stage: Stage, other: Cloud, communities: tuple[tuple[int, ...], ...], ripe: str, surf: str) -> None:
    said = Said("193.190.8.0/22", communities=communities)
    other.say(OWN, said)
    for node, expected in ((RIPE, ripe), (SURF, surf)):
        until(lambda node=node, expected=expected: _told(stage, node, said.prefix) == expected, 10,  # type: ignore[misc]
              f"{node} to hear '{expected}'")


def test_a_blackholed_address_gets_nothing_and_its_neighbours_everything(stage: Stage, other: Cloud) -> None:
    until(lambda: stage.pings(RIPES, VICTIM), 20, "the victim to answer")
    before = kept_out(stage, "m1").get("blackholed", 0)
    other.say(OWN, Said(f"{VICTIM}/32", communities=(BLACKHOLE,)))
    until(lambda: knows(stage, RIPE, f"{VICTIM}/32"), 10, "the blackhole at RIPE")
    assert {entry.next_hop for entry in knows(stage, RIPE, f"{VICTIM}/32")} == {"80.249.208.3"}
    assert {(65535, 65281), BLACKHOLE} <= set(knows(stage, RS1, f"{VICTIM}/32")[0].communities)
    until(lambda: "80.249.208.3" in stage.run(RIPE, "ip", "route", "get", VICTIM).stdout, 10, "the kernel to know")
    with other.wire() as wire:
        for _ in range(3):
            assert not stage.pings(RIPES, VICTIM)
        assert stage.pings(RIPES, BELIS_HOST)
        assert not [frame for frame in wires.received(wire, 0.2) if socket.inet_aton(VICTIM) in frame]
    assert kept_out(stage, "m1")["blackholed"] >= before + 3
    other.say(OWN, OWN6)
    until(lambda: stage.pings(RIPES, VICTIM), 20, "the victim to answer again")


def test_a_site_gives_up_an_address_of_its_own(stage: Stage, other: Cloud) -> None:
    stage.put(estates.exchange_member("ripe", 1, "ripe", bilateral=["surf"], blackholes=["193.0.1.99/32"]))
    until(lambda: other.hears("193.0.1.99/32") == "3333 via 80.249.208.3", 10, "the blackhole at BELI")
    before = kept_out(stage)["blackholed"]
    until(lambda: "80.249.208.3" in other.run("ip", "route", "get", "193.0.1.99").stdout, 10, "its kernel to know")
    assert not other.pings("193.0.1.99", BELIS_HOST)
    assert kept_out(stage)["blackholed"] > before
    assert other.pings(RIPES_HOST, BELIS_HOST)
    stage.put(estates.exchange_member("ripe", 1, "ripe", bilateral=["surf"]))
    until(lambda: not other.hears("193.0.1.99/32"), 10, "the blackhole to go")


def test_a_port_lets_in_its_members_frames_alone(stage: Stage, other: Cloud) -> None:
    own, theirs, ripe = other.mac, bytes.fromhex("460000000001"), wires.mac_of(stage.places, RIPE, "e1")
    lan = "80.249.208."
    forgeries = {
        "foreign-mac": [_ethernet(ripe, theirs, 0x0800, _packet(f"{lan}6", f"{lan}4"))],
        "ethertype": [_ethernet(b"\x01\x80\xc2\x00\x00\x0e", own, 0x88CC, bytes(46)),
                      _ethernet(b"\x01\x80\xc2\x00\x00\x00", own, 0x0026, bytes(46)),
                      _ethernet(ripe, own, 0x8100, b"\x00\x07\x08\x00" + _packet(f"{lan}6", f"{lan}4"))],
        "arp-spoof": [_ethernet(b"\xff" * 6, own, 0x0806, _arp(own, f"{lan}5", f"{lan}4")),
                      _ethernet(b"\xff" * 6, own, 0x0806, _arp(theirs, f"{lan}6", f"{lan}4"))],
        "advertisement": [_ethernet(b"\x33\x33\x00\x00\x00\x01", own, 0x86DD, _icmp6("fe80::1", "ff02::1", 134))],
        "nd-spoof": [_ethernet(ripe, own, 0x86DD, _icmp6("2001:7f8:1::6", "2001:7f8:1::4", 136, "2001:7f8:1::5"))],
        "multicast": [_ethernet(b"\x01\x00\x5e\x00\x00\x05", own, 0x0800, _packet(f"{lan}6", "224.0.0.5"))],
        "spoofed": [_ethernet(ripe, own, 0x0800, _packet(f"{lan}5", f"{lan}4")),
                    _ethernet(ripe, own, 0x0800, _packet("8.8.8.8", RIPES_HOST)),
                    _ethernet(ripe, own, 0x86DD, _icmp6("2001:db8::1", "2001:7f8:1::4", 128))],
    }
    before = kept_out(stage)
    with other.wire() as sender, wires.port_socket(stage.places, RIPE, "e1") as sees:
        for frames in forgeries.values():
            for frame in frames:
                sender.send(frame)
        sender.send(_ethernet(ripe, own, 0x0800, _packet(BELIS_HOST, RIPES_HOST, b"let in")))
        arrived = [frame for frame in wires.received(sees, 0.5) if frame[6:12] in (own, theirs)]
    assert [frame for frame in arrived if b"let in" in frame]
    assert not [frame for frame in arrived if frame in {one for frames in forgeries.values() for one in frames}]
    grown = {reason: count - before[reason] for reason, count in kept_out(stage).items()}
    assert not [reason for reason, frames in forgeries.items() if grown[reason] < len(frames)], grown


def test_members_that_name_each_other_speak_directly(stage: Stage, other: Cloud) -> None:
    """With a hop limit of 255 (RFC 5082); what a peer says itself is preferred over route servers."""
    stage.put(estates.exchange_member("ripe", 1, "ripe", bilateral=["surf"], ttlSecurity=True),
              estates.exchange_member("surf", 2, "surf", bilateral=["ripe"], ttlSecurity=True))
    until(lambda: is_up(session(stage, RIPE, "exchange_1_m2")), 20, "the bilateral session")
    until(lambda: next((e.session for e in knows(stage, RIPE, "145.100.0.0/16") if e.best), "") == "exchange_1_m2", 10,
          "the direct path to be best")
    stage.put(*members())
    until(lambda: next((e.session for e in knows(stage, RIPE, "145.100.0.0/16") if e.best), "") != "exchange_1_m2", 10,
          "the direct path to go")


def test_status_tells_members_sessions_and_what_ports_kept_out(stage: Stage, other: Cloud) -> None:
    told = stage.ask(ResourceId(estates.SUBSCRIPTION), "status")
    exchange, = told["exchanges"]  # type: ignore[index]
    found = {member["name"]: member for member in exchange["members"]}
    assert found["beli"]["asn"] == 2611
    assert {(one["routeServer"], one["family"], one["state"]) for one in found["beli"]["sessions"]} == {
        (server, family, "Established") for server in ("rs1", "rs2") for family in (4, 6)}
    assert found["beli"]["keptOut"].keys() == kept_out(stage).keys()
    assert all(node["present"] for node in told["nodes"])  # type: ignore[index]


def test_more_prefixes_than_the_limit_end_the_members_session_and_no_other(stage: Stage, other: Cloud) -> None:
    stage.put(beli(prefixLimit=2))
    before = session(stage, RS1, "member_1").since
    other.say(OWN, Said("193.190.4.0/22"), Said("193.190.8.0/22"))
    for node in (RS1, RS2):
        until(lambda node=node: "member_3" in _down(stage, node), 10, f"the session of {node} to close")  # type: ignore[misc]
    assert unbroken(before, session(stage, RS1, "member_1").since)
    stage.put(beli())
    other.say(OWN, OWN6)
    until(lambda: not _down(stage, RS1) and not _down(stage, RS2), 30, "the session to come back")


def test_both_families_are_carried(stage: Stage, other: Cloud) -> None:
    until(lambda: knows(stage, RIPE, OWN6.prefix), 10, "an IPv6 route of BELI at RIPE")
    entry = knows(stage, RIPE, OWN6.prefix)[0]
    assert (entry.as_path, entry.next_hop) == ((2611,), "2001:7f8:1::6")
    assert stage.run(RIPE, "ping", "-6", "-c", "1", "-W", "1", "2001:7f8:1::6").returncode == 0


def test_a_member_that_leaves_takes_its_routes_and_port_along(stage: Stage, other: Cloud) -> None:
    until(lambda: knows(stage, RIPE, OWN.prefix), 10, "a route of BELI")
    before = {what: was for what, was in footprint(stage).items() if not what[-1].startswith(("member_3", "m3"))}
    with probing(stage, RIPES, SURFS, SURFS_HOST) as probe:
        stage.delete(beli().id)
        until(lambda: not knows(stage, RIPE, OWN.prefix), 10, "its routes to go")
    assert probe.lost == 0
    assert "m3" not in {line.name for line in stage.plane.lines(LAN)}
    assert "m3" not in stage.plane.kept_out(LAN)
    assert not disturbed(before, footprint(stage))
    stage.delete(*(one.id for one in (*members(), realm()[2])))
    assert not {LAN, RS1, RS2} & stage.plane.nodes()


# ── what is asked, and frames ──────────────────────────────────────────────────────────────────────────────────────


def _frames(stage: Stage, node: str, interface: str = "lan") -> int:
    return next(line.received.packets for line in stage.plane.lines(node) if line.name == interface)


def _heard(stage: Stage, node: str, prefix: str) -> RibEntry | None:
    session = "member_3_v6" if ":" in prefix else "member_3"
    found = stage.speaker.received(router_of(stage, node), session)
    return next((entry for entry in found if entry.prefix == prefix), None)


def _refused(stage: Stage, node: str, prefix: str, why: Refusal) -> RibEntry | None:
    """What was said of the prefix before may be there for a moment."""
    found = _heard(stage, node, prefix)
    return found if found and found.refusal is why else None


def _authorise(stage: Stage, roas: dict[str, tuple[str, int]]) -> None:
    fresh = stage.places.home / "fresh"
    fresh.write_text(json.dumps({"roas": [{"prefix": prefix, "asn": asn, "maxLength": longest}
                                          for prefix, (asn, longest) in roas.items()]}))
    fresh.replace(stage.places.vrps)


def _refusal(stage: Stage, node: str, prefix: str) -> Refusal | None:
    found = until(lambda: _heard(stage, node, prefix), 10, f"{prefix} at {node}")
    return found.refusal


def _paths(stage: Stage, node: str, prefix: str) -> set[tuple[int, ...]]:
    return {entry.as_path for entry in knows(stage, node, prefix)}


def _told(stage: Stage, node: str, prefix: str) -> str:
    return next((" ".join(map(str, entry.as_path)) for entry in knows(stage, node, prefix)), "")


def _ethernet(target: bytes, source: bytes, ethertype: int, payload: bytes) -> bytes:
    return (target + source + struct.pack("!H", ethertype) + payload).ljust(60, b"\0")


def _packet(source: str, target: str, data: bytes = b"") -> bytes:
    """UDP to the discard port, without checksums of its own."""
    udp = struct.pack("!HHHH", 9, 9, 8 + len(data), 0) + data
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(source),
                       socket.inet_aton(target))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + struct.pack("!H", ~total & 0xFFFF) + head[12:] + udp


def _arp(mac: bytes, own: str, wanted: str) -> bytes:
    return struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mac, socket.inet_aton(own), bytes(6),
                       socket.inet_aton(wanted))


def _icmp6(source: str, target: str, kind: int, subject: str = "::") -> bytes:
    body = struct.pack("!BBHI", kind, 0, 0, 0) + socket.inet_pton(socket.AF_INET6, subject)
    return struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + socket.inet_pton(
        socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target) + body
