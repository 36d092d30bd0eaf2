"""Microsoft peering on real packets, beside private peering of the same circuit: nothing without a route filter, with
it what it names, and only what is validated as the customer's."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

import estates
from asking import DNS, MARKED, MIRROR
from probing import both_legs_carry, probing
from rights import NOTHING, rights
from scenes import HOST, all_gone, connected, disturbed, footprint, is_up, missing, real_stage, router_of
from speaking import unbroken
from stage import Stage
from trunkline import settings
from trunkline.cli.drill.agent import Agent
from trunkline.drill import frames
from trunkline.drill.message import Route, announcement
from trunkline.intent.bgp import Refusal, Validity
from trunkline.intent.bgp.reasons import number_of
from trunkline.intent.compile.draft import attachment_name, ce_node, vrf_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.compile.services import services_node
from trunkline.intent.network import Direction
from trunkline.intent.peering import PREFIX_APPROVAL
from trunkline.intent.validation import validation_id
from trunkline.intent.view import CIRCUIT, PEERING, ROUTE_FILTER, ROUTE_FILTER_RULE, SITE
from trunkline.model.circuit import Leg
from trunkline.model.peering import PeeringType
from trunkline.model.public_service import of_community
from trunkline.model.resource import Json, Resource
from trunkline.settings import Places
from waiting import until
from wires import mac_of, port_socket

pytestmark = pytest.mark.root

ASN = 3333
PARIS, ER1 = estates.rid(SITE, "paris"), estates.rid(CIRCUIT, "er1")
CE = ce_node(PARIS, "ce1")
SERVICES = services_node("westeurope")
VRFS = {leg: vrf_node(ER1, leg, PeeringType.MICROSOFT) for leg in Leg}
MINE, MINE6 = "104.1.0.0/24", "2a01:111:f100::/48"
STORAGE, EAST_US, EXCHANGE, ENTRA = "12076:52002", "12076:52004", "12076:5010", "12076:5060"
ADDRESS, ADDRESS6 = "20.38.108.77", "2603:1020:207::77"
OWN, OWN6 = ("104.1.0.1", "104.1.0.2"), ("2a01:111:f100::1", "2a01:111:f100::2")
FILTER = estates.resource(estates.rid(ROUTE_FILTER, "rf1"), {})
ATTACHED = {"routeFilter": estates.link(ROUTE_FILTER, "rf1")}
SIX = {"primaryPeerAddressPrefix": "2a01:111:f000::/126", "secondaryPeerAddressPrefix": "2a01:111:f000::4/126",
       "microsoftPeeringConfig": {"advertisedPublicPrefixes": [MINE6]}}


def rule(*communities: str) -> Resource:
    return estates.resource(estates.rid(ROUTE_FILTER_RULE, "rf1", "r1"), {
        "access": "Allow", "routeFilterRuleType": "Community", "communities": list(communities)})


def peering(attached: bool = True, announced: tuple[str, ...] = (MINE,)) -> Resource:
    six = {**SIX, **(ATTACHED if attached else {})}
    return estates.microsoft(asn=ASN, ipv6PeeringConfig=six, **(ATTACHED if attached else {}), microsoftPeeringConfig={
        "advertisedPublicPrefixes": list(announced)})


#: Each object bears what its maintainer was told to write there.
IRR = f"""route: {MINE}
origin: AS{ASN}
source: RADB
remarks: {validation_id(peering(), MINE)}

route6: {MINE6}
origin: AS{ASN}
source: RIPE
remarks: {validation_id(peering(), MINE6)}
"""


def site(*further: str) -> Resource:
    """Whose routers translate."""
    routers = [{"name": f"ce{n + 1}", "publicAddress": OWN[n], "publicAddress6": OWN6[n]} for n in (0, 1)]
    plain = estates.site(**estates.SITE6)
    return replace(plain, properties={**plain.properties, "routers": routers,
                                      "advertisedPublicPrefixes": [MINE, MINE6, *further]})


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return settings.load({}, home=str(tmp_path_factory.mktemp("microsoft") / "home")).places


@pytest.fixture(scope="module", autouse=True)
def nothing_left_behind(places: Places) -> Iterator[None]:
    yield
    all_gone(places)


@pytest.fixture(scope="module")
def estate(places: Places) -> Iterator[Stage]:
    places.registries.mkdir(parents=True)
    (places.registries / "radb.rpsl").write_text(IRR)
    with real_stage(places) as stage:
        whole = [one for one in estates.whole() if one.id.key != PARIS.key]
        stage.put(*whole, site(), FILTER, rule(STORAGE), peering(attached=False))
        connected(stage)
        yield stage


@pytest.fixture
def stage(estate: Stage) -> Iterator[Stage]:
    """As it was, whatever a test has changed."""
    yield estate
    estate.put(rule(STORAGE), peering(), site())


def all_established(stage: Stage, leg: Leg) -> bool:
    return all(map(is_up, stage.speaker.sessions(router_of(stage, VRFS[leg]))))


def told(stage: Stage, node: str = CE) -> set[str]:
    """What a customer's router has been told on Microsoft peering."""
    return {entry.prefix for entry in stage.speaker.routes(router_of(stage, node))
            if entry.session.startswith("internet_")}


def of(*communities: str) -> set[str]:
    return {prefix for one in communities for service in of_community(one) for prefix in service.prefixes}


def bird(stage: Stage, node: str, question: str) -> str:
    control = stage.places.run / "nodes" / node / "bird.ctl"
    return subprocess.run(["birdc", "-s", str(control), question], capture_output=True, text=True, check=True).stdout


def refused(stage: Stage, leg: Leg = Leg.PRIMARY) -> dict[str, int]:
    """Prefixes that the VRF has refused, and the numbers of the reasons."""
    shown = bird(stage, VRFS[leg], "show route filtered all protocol 'customer'")
    rows = re.split(r"^(?=[0-9a-f.:]+/\d+ )", shown, flags=re.MULTILINE)[1:]
    return {row.split()[0]: int((re.search(r"tl_refusal: (\d+)", row) or [0, 0])[1]) for row in rows}


def get(stage: Stage, address: str, source: str = HOST) -> Json:
    target = f"[{address}]" if ":" in address else address
    found = stage.run(source, "curl", "-m", "3", "-s", f"http://{target}/")
    return json.loads(found.stdout) if found.returncode == 0 else {}


@contextmanager
def private_unharmed(stage: Stage) -> Iterator[None]:
    """What happens inside costs private peering no packet, session, daemon or interface."""
    before = footprint(stage)
    with probing(stage) as probe:
        both_legs_carry(stage)
        yield
        both_legs_carry(stage)
    of_microsoft = (SERVICES, *VRFS.values(), "internet_", "v1pm", "v1sm", "x1pm", "x1sm", "a1m")
    harmed = [what for what in disturbed(before, footprint(stage))
              if not any(word.startswith(of_microsoft) for word in what)]
    assert harmed == []
    assert probe.lost == 0, probe


def names(stage: Stage, address: str, kind: int) -> str:
    return stage.run(HOST, sys.executable, "-c", DNS, address, str(kind)).stdout


def test_without_a_filter_nothing_is_told(stage: Stage) -> None:
    for leg in Leg:
        until(lambda leg=leg: all_established(stage, leg), 20, f"{leg} Established")  # type: ignore[misc]
    assert told(stage) == set()
    assert SERVICES not in stage.plane.nodes()


def test_a_filter_lets_through_exactly_what_it_names_and_private_peering_feels_nothing(stage: Stage) -> None:
    connected(stage)
    with private_unharmed(stage):
        stage.put(peering())
        until(lambda: told(stage) == of(STORAGE), 20, "storage")
        stage.put(rule(STORAGE, ENTRA))
        until(lambda: told(stage) == of(STORAGE, ENTRA), 20, "storage and Entra ID")
        stage.put(peering(attached=False))
        until(lambda: told(stage) == set(), 20, "nothing without a filter")
        stage.put(peering())
        until(lambda: told(stage) == of(STORAGE, ENTRA), 20, "the same again")
    paths = {entry.as_path for entry in stage.speaker.routes(router_of(stage, CE)) if entry.prefix in of(STORAGE)
             and entry.session.startswith("internet_")}
    assert paths == {(12076,)}
    shown = bird(stage, CE, "show route for 20.38.108.0/23 all")
    assert "(12076,52002)" in shown
    assert not missing(stage)


def test_a_host_reaches_a_service_through_its_routers_translation(stage: Stage) -> None:
    for address, own in ((ADDRESS, OWN), (ADDRESS6, OWN6)):
        found = until(lambda address=address: get(stage, address), 20, f"HTTP from {address}")  # type: ignore[misc]
        assert (found["service"], found["region"], found["address"]) == (
            "AzureStorageWestEurope", "westeurope", address)
        assert found["you"] in own
        for kind in (2, 1):
            assert f"service=AzureStorageWestEurope region=westeurope address={address}" in names(stage, address, kind)


def test_other_regions_are_out_of_a_standard_circuits_reach_and_microsoft_365_needs_premium(stage: Stage) -> None:
    stage.put(rule(STORAGE, EAST_US, EXCHANGE))
    until(lambda: told(stage) == of(STORAGE), 20, "storage in West Europe alone")
    assert not get(stage, "20.60.0.9")
    circuit = estates.circuit()[0]
    premium = {"sku": {"name": "Premium_MeteredData", "tier": "Premium", "family": "MeteredData"}}
    stage.put(replace(circuit, envelope=premium))
    until(lambda: told(stage) == of(STORAGE, EAST_US, EXCHANGE), 20, "everything with Premium")
    address = next(iter(sorted(p for p in of(EAST_US) if ":" not in p))).partition("/")[0].rsplit(".", 1)[0] + ".9"
    assert until(lambda: get(stage, address), 20, "HTTP from East US")["region"] == "eastus"
    stage.put(circuit)
    until(lambda: told(stage) == of(STORAGE), 20, "Standard again")


def test_what_nobody_vouches_for_waits_for_the_operator(stage: Stage) -> None:
    stage.put(peering(announced=(MINE, "104.2.0.0/24")))
    sessions = lambda: {one.name: is_up(one) for one in stage.speaker.sessions(  # noqa: E731
        router_of(stage, VRFS[Leg.PRIMARY]))}
    until(lambda: sessions()["customer"] is False, 10, "the session closed")
    assert sessions()["customer_v6"]
    approval = estates.resource(estates.rid(PREFIX_APPROVAL, "loa1"), {
        "circuit": estates.link(CIRCUIT, "er1"), "prefix": "104.2.0.0/24", "asn": ASN, "evidence": "LOA 7"})
    stage.put(approval)
    until(lambda: sessions()["customer"], 20, "the session open")
    until(lambda: told(stage) >= {p for p in of(STORAGE) if ":" not in p}, 20, "routes")
    stage.delete(approval.id)
    until(lambda: sessions()["customer"] is False, 10, "the session closed again")


def test_a_registry_file_that_changes_is_read_and_a_broken_one_keeps_the_last_good(stage: Stage) -> None:
    file = stage.places.registries / "radb.rpsl"
    state = lambda: stage.speaker.sessions(router_of(stage, VRFS[Leg.PRIMARY]))[0]  # noqa: E731
    until(lambda: is_up(state()), 20, "Established")
    file.write_text("route: nonsense\n")
    def problems() -> list[str]:
        with_status: Any = stage.ask(ER1, "status", audience="operator")
        return [one["problem"] for one in with_status["registries"]]
    until(lambda: any(problems()), 10, "the problem told")
    assert is_up(state())
    file.write_text(IRR.replace(f"AS{ASN}", "AS3334", 1))
    until(lambda: not is_up(state()), 10, "closed when the registry says it is another's")
    file.write_text(re.sub("remarks: .*", "", IRR))
    registered = lambda: stage.ask(ER1, "status")["publicPrefixes"][0]  # noqa: E731
    until(lambda: validation_id(peering(), MINE) in registered()["by"], 10, "told what its remarks lack")
    assert not is_up(state())
    file.write_text(IRR)
    until(lambda: is_up(state()), 20, "open again")


def test_what_is_not_the_customers_is_refused_and_told_why(stage: Stage) -> None:
    with private_unharmed(stage):
        stage.put(site("104.9.0.0/24", "0.0.0.0/0", "10.66.0.0/16", "198.18.0.0/15", "104.1.0.128/25"))
        wanted = {"104.9.0.0/24": Refusal.NOT_REGISTERED, "0.0.0.0/0": Refusal.DEFAULT_ROUTE,
                  "10.66.0.0/16": Refusal.PRIVATE_SPACE, "198.18.0.0/15": Refusal.MARTIAN}
        until(lambda: refused(stage) == {prefix: number_of(reason) for prefix, reason in wanted.items()}, 20,
              "each refused with its reason")
    vrf = {entry.prefix for entry in stage.speaker.routes(router_of(stage, VRFS[Leg.PRIMARY]))
           if entry.session == "customer"}
    assert vrf == {MINE, "104.1.0.128/25", f"{OWN[0]}/32"}


#: By prefix: what a customer's router may say of it on Microsoft peering, and what becomes of it.
PATHS = {
    "104.1.0.1/32": ((ASN,) * 12, (), None), "104.1.0.2/32": ((ASN, 64_600, 4_200_000_001), (), None),
    "104.1.0.3/32": ((ASN, 64_496), (), Refusal.BOGON_ASN), "104.1.0.4/32": ((ASN, 64_511), (), Refusal.BOGON_ASN),
    "104.1.0.5/32": ((ASN, 65_535), (), Refusal.BOGON_ASN), "104.1.0.6/32": ((ASN,), (ASN, 3334), Refusal.AS_SET),
    "104.1.0.7/32": ((ASN,) * 33, (), Refusal.PATH_TOO_LONG),
    "104.1.0.8/32": ((ASN, 3356, 3334), (), Refusal.TRANSIT_LEAK),
    "104.1.0.9/32": ((ASN, 174), (), Refusal.TRANSIT_LEAK),
    "104.1.0.10/32": ((3334, ASN), (), Refusal.NO_RULE)}


@contextmanager
def somebody_at_the_router(stage: Stage) -> Iterator[Agent]:
    """Whoever has the router's port, address and key says what it likes; the router itself is silent meanwhile."""
    own = next(one for one in router_of(stage, CE).sessions if one.interface == "v1pm" and ":" not in one.peer_address)
    bird(stage, CE, f"disable '{own.name}'")
    agent = Agent(stage.places.namespace_prefix + CE)
    try:
        key = own.password.get_secret_value() if own.password else ""
        until(lambda: agent.open("it", 2, local=own.local_address, peer=own.peer_address, asn=ASN, families=[4],
                                 router_id="192.0.2.66", key=key).established, 20, "Established")
        yield agent
    finally:
        agent.end()
        bird(stage, CE, f"enable '{own.name}'")


def test_paths_that_no_customer_can_have_are_refused_and_prepending_is_welcome(stage: Stage) -> None:
    with somebody_at_the_router(stage) as agent:
        for prefix, (path, as_set, _) in PATHS.items():
            agent.say("it", announcement(Route((prefix,), path, "104.0.0.1", as_set=as_set)))
        wanted = {prefix: number_of(why) if why is not Refusal.NO_RULE else 0
                  for prefix, (_, _, why) in PATHS.items() if why}
        until(lambda: refused(stage) == wanted, 10, "each refused with its reason")
        taken = {entry.prefix: entry.as_path for entry in stage.speaker.routes(router_of(stage, VRFS[Leg.PRIMARY]))
                 if entry.session == "customer"}
        assert taken == {"104.1.0.1/32": (ASN,) * 12, "104.1.0.2/32": (ASN,)}, "private numbers are taken out"
    until(lambda: all_established(stage, Leg.PRIMARY), 20, "the router again")


def test_too_many_prefixes_close_the_session_until_they_are_fewer(stage: Stage) -> None:
    state = lambda: stage.speaker.sessions(router_of(stage, VRFS[Leg.PRIMARY]))[0]  # noqa: E731
    until(lambda: is_up(state()), 20, "Established")
    stage.put(site(*(f"104.1.0.{n}/32" for n in range(3, 210))))
    until(lambda: not is_up(state()), 20, "closed beyond 200")
    stage.put(site())
    until(lambda: is_up(state()), 30, "open again")


def spoofed(stage: Stage, reason: str = "spoofed") -> int:
    counters = stage.plane.counters(edge_node("Amsterdam", Leg.PRIMARY))
    where = attachment_name(1, Leg.PRIMARY, PeeringType.MICROSOFT), Direction.IN
    found = counters.drops.get(where, {}).get(reason)
    return found.packets if found else 0


def test_a_source_that_was_not_announced_is_dropped_and_counted(stage: Stage) -> None:
    until(lambda: get(stage, ADDRESS), 20, "a way")
    stage.run(CE, "ip", "addr", "add", "104.9.9.9/32", "dev", "lo")
    try:
        before = spoofed(stage)
        sent = stage.run(CE, "curl", "-m", "1", "-s", "--interface", "104.9.9.9", f"http://{ADDRESS}/")
        assert sent.returncode
        assert spoofed(stage) > before
    finally:
        stage.run(CE, "ip", "addr", "del", "104.9.9.9/32", "dev", "lo")


@pytest.mark.parametrize(("source", "target", "reason"), [
    ("104.1.0.77", "104.0.0.2", "stranger"), ("104.0.0.5", "104.0.0.2", "spoofed"),
    ("172.16.0.1", "104.0.0.2", "spoofed"),
    ("2a01:111:f100::77", "2a01:111:f000::2", "stranger"), ("2a01:111:f000::5", "2a01:111:f000::2", "spoofed")])
def test_bgp_is_opened_by_the_peer_alone_not_by_a_stranger_nor_from_the_other_leg_or_peering(
        stage: Stage, source: str, target: str, reason: str) -> None:
    until(lambda: all_established(stage, Leg.PRIMARY) and {MINE, MINE6} <= {
        route.prefix for route in stage.plane.routes(VRFS[Leg.PRIMARY])}, 20, "both families announced")
    frame = frames.ip(mac_of(stage.places, VRFS[Leg.PRIMARY], "customer"), frames.tcp(source, target, frames.BGP),
                      mac_of(stage.places, CE, "v1pm"))
    vrf = router_of(stage, VRFS[Leg.PRIMARY])
    before, since = spoofed(stage, reason), [one.since for one in stage.speaker.sessions(vrf)]
    with port_socket(stage.places, CE, "v1pm") as wire:
        for _ in range(5):
            wire.send(frame)
    until(lambda: spoofed(stage, reason) >= before + 5, 5, f"counted as {reason}")
    assert all(map(unbroken, since, [one.since for one in stage.speaker.sessions(vrf)]))


def of_origin(places: Places, asn: int, *prefixes: str) -> None:
    """What the operator's validator says."""
    fresh = places.home / "vrps.new"
    fresh.write_text(json.dumps({"roas": [
        {"prefix": one, "maxLength": int(one.rpartition("/")[2]), "asn": asn} for one in prefixes]}))
    fresh.replace(places.vrps)


def test_origins_are_validated_from_the_operators_file_and_a_killed_cache_comes_back(stage: Stage) -> None:
    """Of single hosts: a ROA against a whole advertised prefix closes the session, see below."""
    vrf, hosts = router_of(stage, VRFS[Leg.PRIMARY]), (f"{OWN[0]}/32", f"{OWN6[0]}/128")

    def verdicts() -> list[tuple[Validity | None, Refusal | None]]:
        return [(one.validity, one.refusal) for session in ("customer", "customer_v6")
                for one in stage.speaker.received(vrf, session) if one.prefix in hosts]
    until(lambda: verdicts() == [(Validity.NOT_FOUND, None)] * 2, 20, "both accepted, of which no VRP is known")
    of_origin(stage.places, ASN + 1, *hosts)
    until(lambda: verdicts() == [(Validity.INVALID, Refusal.RPKI_INVALID)] * 2, 10, "both refused")
    pids = {int(path.read_text()) for path in (stage.places.run / "rpki").glob("*/stayrtr.pid")}
    assert len(pids) == len(Leg)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    of_origin(stage.places, ASN, *hosts)
    until(lambda: verdicts() == [(Validity.VALID, None)] * 2, 20, "the news, from a cache that started anew")
    told = stage.ask(ER1, "status", audience="operator")["originValidation"]  # type: ignore[index]
    assert [(row["leg"], row["state"], row["vrps"]) for row in told] == [
        ("primary", "Good", 2), ("secondary", "Good", 2)]


def test_a_roa_for_another_takes_an_advertised_prefix_and_its_session_from_the_customer(stage: Stage) -> None:
    vrf = router_of(stage, VRFS[Leg.PRIMARY])

    def is_open(session: str) -> bool:
        return next(is_up(one) for one in stage.speaker.sessions(vrf) if one.name == session)
    until(lambda: is_open("customer"), 20, "the session open")
    of_origin(stage.places, ASN + 1, MINE)
    until(lambda: not is_open("customer"), 10, "the session closed")
    assert is_open("customer_v6")
    assert not [one for one in stage.speaker.received(vrf, "customer") if one.refusal is None]
    of_origin(stage.places, ASN, f"{OWN[0]}/32")
    until(lambda: is_open("customer"), 10, "the session open again")


@contextmanager
def mirroring(stage: Stage, address: str) -> Iterator[None]:
    """A service that says with which mark it was reached, and answers with the mark that it is told."""
    command = stage.command(SERVICES, sys.executable, "-c", MIRROR, address)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline()
            yield
        finally:
            process.terminate()


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS6])
def test_marks_of_teams_pass_both_ways_and_others_become_0(stage: Stage, address: str) -> None:
    until(lambda: get(stage, address), 20, "a way")
    marks = (46, 34, 18, 10, 0, 26, 48, 8)
    with mirroring(stage, address):
        shown = stage.run(HOST, sys.executable, "-c", MARKED, address, *map(str, marks)).stdout
    found = [tuple(map(int, line.split())) for line in shown.splitlines()]
    assert found == [(mark, kept, kept) for mark in marks for kept in (mark if mark in (46, 34, 18, 10) else 0,)]


def test_each_peering_answers_for_itself(stage: Stage) -> None:
    asked = estates.rid(PEERING, "er1", "MicrosoftPeering")
    rows: Any = stage.ask(asked, "routeTables", devicePath="primary")
    assert {row["network"] for row in rows["value"]} >= {MINE, "20.38.108.0/23"}
    arp: Any = stage.ask(asked, "arpTables", devicePath="primary")
    assert [row["ipAddress"] for row in arp["value"]][:2] == ["104.0.0.1", "104.0.0.2"]
    private: Any = stage.ask(estates.rid(PEERING, "er1", "AzurePrivatePeering"), "routeTables", devicePath="primary")
    assert {row["network"] for row in private["value"]} == {"10.10.0.0/16", "10.1.0.0/16"}


def test_a_drained_leg_is_the_last_choice_of_services_and_of_the_customer(stage: Stage) -> None:
    """Inside AS 12076 local preference says it; the customer hears a longer path and GRACEFUL_SHUTDOWN."""
    def chosen() -> set[str]:
        """Next hops over which the region's services answer the customer."""
        shown = stage.run(SERVICES, "ip", "-j", "route", "show", MINE).stdout
        return {hop["gateway"] for route in json.loads(shown or "[]") for hop in route.get("nexthops", [route])}

    def paths() -> set[tuple[int, ...]]:
        return {entry.as_path for entry in stage.speaker.routes(router_of(stage, CE))
                if entry.session.startswith("internet_") and ":" not in entry.prefix}

    both = until(lambda: len(found := chosen()) == 2 and found, 20, "both legs to carry answers")
    policy = estates.session_policy("primary", gracefulShutdown=True, peering=estates.link(
        PEERING, "er1", "MicrosoftPeering"))
    stage.put(policy)
    until(lambda: len(chosen()) == 1, 10, "services to leave the leg")
    until(lambda: paths() == {(12076,) * 9}, 10, "a longer path at the customer")
    assert is_up(stage.speaker.sessions(router_of(stage, VRFS[Leg.PRIMARY]))[0])
    stage.delete(policy.id)
    until(lambda: chosen() == both and paths() == {(12076,)}, 10, "both legs again")


def test_services_forward_nothing_and_tell_nobody_what_a_customer_said(stage: Stage) -> None:
    until(lambda: get(stage, ADDRESS), 20, "a way")
    for name in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
        assert stage.run(SERVICES, "sysctl", "-n", name).stdout.strip() == "0"
    for leg in Leg:
        told_by_services = {entry.prefix for entry in stage.speaker.routes(router_of(stage, VRFS[leg]))
                            if entry.session.startswith("services_")}
        assert told_by_services == of(STORAGE)


def test_a_killed_responder_comes_back_and_one_that_runs_is_left_alone(stage: Stage) -> None:
    until(lambda: get(stage, ADDRESS), 20, "a way")
    mark = stage.places.run / "services" / SERVICES / "responder.pid"
    before = mark.read_text()
    assert rights(int(before)) == NOTHING
    stage.look_at_everything()
    until(lambda: not stage.reconciler.busy, 20, "everything looked at")
    assert mark.read_text() == before
    os.kill(int(before), signal.SIGKILL)
    until(lambda: not get(stage, ADDRESS), 10, "nobody to answer")
    stage.look_at_everything()
    assert until(lambda: get(stage, ADDRESS), 20, "an answer")["service"] == "AzureStorageWestEurope"
    assert mark.read_text() != before
