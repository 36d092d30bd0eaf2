"""Network security groups, on real packets: between machines of a virtual network, and from a site on premises.

One stage serves all tests: vm1 and vm2 in subnet ``default``, vm3 in ``app``; each test takes back what it put.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import estates
from flows import connects, listening, receiving, says, socket_in
from probing import probing
from scenes import HOST, IN_CLOUD, VM, all_gone, all_up, connected, missing, real_stage
from stage import Stage
from trunkline import settings
from trunkline.intent.compile.draft import vnet_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.view import NIC, SECURITY_GROUP, VNET
from waiting import until

pytestmark = pytest.mark.root

ROUTER = vnet_node(estates.rid(VNET, "hub"))
VM2, VM3 = (vm_node(estates.rid(NIC, name)) for name in ("vm2", "vm3"))
ADDRESS2, ADDRESS3 = "10.1.0.5", "10.1.1.4"
WEB = estates.link(SECURITY_GROUP, "web")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("nsg") / "home")).places
    with real_stage(places) as stage:
        stage.put(*estates.whole(), estates.nic("vm2", 2, address=ADDRESS2), estates.subnet("app", "10.1.1.0/24"),
                  estates.nic("vm3", 3, address=ADDRESS3, subnet="app"))
        all_up(stage)
        connected(stage)
        yield stage
    all_gone(places)


@contextmanager
def protected(stage: Stage, *rules: estates.Resource, nic: estates.Resource | None = None,
              subnet: estates.Resource | None = None) -> Iterator[None]:
    """With a group ``web`` at vm1, or at what is given instead."""
    guarded = subnet or nic or estates.nic(networkSecurityGroup=WEB)
    stage.put(estates.security_group(), *rules, guarded)
    yield
    stage.put(estates.nic(), estates.subnet(), estates.nic("vm2", 2, address=ADDRESS2),
              estates.nic("vm3", 3, address=ADDRESS3, subnet="app"))
    stage.delete(*(rule.id for rule in rules), estates.security_group().id)


def denied(stage: Stage, counter: str) -> int:
    return next(found.packets for name, found in stage.plane.filtered(ROUTER).items() if name.endswith(counter))


def test_without_rules_of_its_own_a_group_lets_the_virtual_network_and_learned_sites_in(stage: Stage) -> None:
    with protected(stage), listening(stage, VM, 80):
        assert connects(stage, VM2, IN_CLOUD, 80)
        assert connects(stage, HOST, IN_CLOUD, 80)
        assert stage.pings(HOST, IN_CLOUD)
        assert stage.pings(VM3, IN_CLOUD)


def test_a_rule_allows_what_the_next_one_denies(stage: Stage) -> None:
    rules = (estates.security_rule("https", 100, protocol="Tcp", destinationPortRanges=["443", "8000-8010"],
                                   destinationPortRange=None, sourceAddressPrefix="10.10.0.0/16"),
             estates.security_rule("nothing", 4096, "Deny"))
    with protected(stage, *rules), listening(stage, VM, 443), listening(stage, VM, 8005), listening(stage, VM, 80):
        assert connects(stage, HOST, IN_CLOUD, 443)
        assert connects(stage, HOST, IN_CLOUD, 8005)
        assert not connects(stage, HOST, IN_CLOUD, 80)
        assert not connects(stage, VM2, IN_CLOUD, 443)
        assert not stage.pings(HOST, IN_CLOUD)
        assert denied(stage, "-in-4096") >= 3
    assert stage.pings(HOST, IN_CLOUD)


def test_answers_pass_a_group_that_lets_nothing_in(stage: Stage) -> None:
    with protected(stage, estates.security_rule("nothing", 100, "Deny")), listening(stage, VM2, 80), \
            receiving(stage, VM2, 53) as server:
        assert connects(stage, VM, ADDRESS2, 80)
        assert says(stage, VM, ADDRESS2, 53, server)
        assert stage.pings(VM, ADDRESS2)
        assert not stage.pings(VM2, IN_CLOUD)


@pytest.mark.parametrize(("protocol", "tcp", "udp", "icmp"), [
    ("Tcp", False, True, True), ("Udp", True, False, True), ("Icmp", True, True, False), ("*", False, False, False)])
def test_a_rule_judges_its_protocol_alone(stage: Stage, protocol: str, tcp: bool, udp: bool, icmp: bool) -> None:
    with protected(stage, estates.security_rule("one", 100, "Deny", protocol=protocol)), listening(stage, VM, 80), \
            receiving(stage, VM, 53) as server:
        assert connects(stage, VM2, IN_CLOUD, 80) is tcp
        assert says(stage, VM2, IN_CLOUD, 53, server) is udp
        assert stage.pings(VM2, IN_CLOUD) is icmp


def test_outwards_a_group_holds_back_what_the_site_would_take(stage: Stage) -> None:
    rule = estates.security_rule("no-site", 100, "Deny", "Outbound", destinationAddressPrefix="10.10.1.0/24")
    with protected(stage, rule):
        assert not stage.pings(VM, "10.10.1.10")
        assert stage.pings(VM, ADDRESS2)
        assert stage.pings(HOST, IN_CLOUD)


def test_a_subnets_group_stands_between_machines_of_that_subnet_too(stage: Stage) -> None:
    rule = estates.security_rule("no-neighbours", 100, "Deny", sourceAddressPrefix="10.1.0.0/24", protocol="Icmp")
    with protected(stage, rule, subnet=estates.subnet(networkSecurityGroup=WEB)):
        assert not stage.pings(VM2, IN_CLOUD)
        assert not stage.pings(VM, ADDRESS2)
        assert stage.pings(VM3, IN_CLOUD)


def test_a_flow_must_pass_the_groups_of_subnet_and_nic(stage: Stage) -> None:
    own = (estates.security_group("own"), estates.security_rule("no-web", 100, "Deny", destinationPortRange="80",
                                                                  protocol="Tcp", group="own"))
    stage.put(*own, estates.nic(networkSecurityGroup=estates.link(SECURITY_GROUP, "own")))
    with protected(stage, estates.security_rule("no-ssh", 100, "Deny", destinationPortRange="22", protocol="Tcp"),
                   subnet=estates.subnet(networkSecurityGroup=WEB)), \
            listening(stage, VM, 80), listening(stage, VM, 22), listening(stage, VM, 443):
        assert not connects(stage, VM3, IN_CLOUD, 80)
        assert not connects(stage, VM3, IN_CLOUD, 22)
        assert connects(stage, VM3, IN_CLOUD, 443)
    stage.delete(*(one.id for one in reversed(own)))


def test_an_application_group_means_the_machines_that_are_in_it(stage: Stage) -> None:
    asg = [estates.link(estates.APPLICATION_GROUP, "clients")]
    rules = (estates.security_rule("clients", 100, sourceAddressPrefix=None, sourceApplicationSecurityGroups=asg),
             estates.security_rule("nobody-else", 200, "Deny"))
    with protected(stage, *rules):
        assert not stage.pings(VM2, IN_CLOUD)
        stage.put(estates.nic("vm2", 2, address=ADDRESS2, groups=("clients",)))
        assert stage.pings(VM2, IN_CLOUD)
        assert not stage.pings(VM3, IN_CLOUD)


def test_the_tag_virtual_network_means_what_has_been_learned_and_internet_the_rest(stage: Stage) -> None:
    with protected(stage, estates.security_rule("inside", 100, "Deny", sourceAddressPrefix="VirtualNetwork")):
        assert not stage.pings(HOST, IN_CLOUD)
        assert not stage.pings(VM2, IN_CLOUD)
    with protected(stage, estates.security_rule("outside", 100, "Deny", sourceAddressPrefix="Internet")):
        assert stage.pings(HOST, IN_CLOUD)
        assert stage.pings(VM2, IN_CLOUD)


def test_a_change_of_rules_costs_no_packet_and_judges_only_new_flows(stage: Stage) -> None:
    with protected(stage), listening(stage, VM, 80) as server, socket_in(stage, VM2, server.type) as client:
        client.connect((IN_CLOUD, 80))
        with probing(stage) as probe:
            for priority in (100, 200, 300):
                stage.put(estates.security_rule("later", priority, destinationPortRange="1"))
            stage.put(estates.security_rule("nothing", 4000, "Deny"))
            assert not stage.pings(VM2, IN_CLOUD)
            client.send(b"still here")
            with server.accept()[0] as held:
                assert held.recv(100) == b"still here"
        assert (probe.lost, probe.sent > 0) == (0, True)
        stage.delete(estates.security_rule("nothing", 4000).id, estates.security_rule("later", 300).id)
        assert stage.pings(VM2, IN_CLOUD)


def test_what_somebody_changes_by_hand_is_seen_and_mended(stage: Stage) -> None:
    with protected(stage, estates.security_rule("nothing", 100, "Deny")):
        before = denied(stage, "-in-100")
        stage.pings(VM2, IN_CLOUD)
        stage.run(ROUTER, "nft", "insert", "rule", "inet", "trunkline", "forward", "accept")
        assert missing(stage) == {("filter", ROUTER)}
        assert stage.pings(VM2, IN_CLOUD)
        stage.look_at_everything()
        until(lambda: not missing(stage), 10, "the filter to be mended")
        assert not stage.pings(VM2, IN_CLOUD)
        assert denied(stage, "-in-100") >= before + 2, "counters outlive the mending"


def test_a_machine_sends_only_from_its_own_addresses(stage: Stage) -> None:
    stage.run(VM2, "ip", "address", "add", "10.1.0.77/32", "dev", "lo")
    stage.run(VM, "ip", "route", "add", "10.1.0.77/32", "via", "10.1.0.1")
    with receiving(stage, VM, 53) as server:
        assert says(stage, VM2, IN_CLOUD, 53, server)
        with socket_in(stage, VM2, server.type) as client:
            client.bind(("10.1.0.77", 0))
            client.sendto(b"forged", (IN_CLOUD, 53))
            with pytest.raises(TimeoutError):
                server.recv(100)
    stage.look_at_everything()


def test_effective_rules_are_told_with_what_their_words_stand_for(stage: Stage) -> None:
    asg = [estates.link(estates.APPLICATION_GROUP, "clients")]
    rule = estates.security_rule("clients", 100, protocol="Tcp", destinationPortRange="443", sourceAddressPrefix=None,
                                 sourceApplicationSecurityGroups=asg)
    assert stage.ask(estates.rid(NIC, "vm1"), "effectiveNetworkSecurityGroups") == {"value": []}
    with protected(stage, rule):
        stage.put(estates.nic("vm2", 2, address=ADDRESS2, groups=("clients",)))
        answer = stage.ask(estates.rid(NIC, "vm1"), "effectiveNetworkSecurityGroups")
        assert isinstance(answer, dict)
        found, = answer["value"]
        assert found["networkSecurityGroup"] == WEB
        assert found["association"] == {"networkInterface": estates.link(NIC, "vm1")}
        own, vnet, *_ = found["effectiveSecurityRules"]
        assert own == {
            "name": "securityRules/clients", "protocol": "Tcp", "sourcePortRange": "0-65535",
            "sourcePortRanges": ["0-65535"], "destinationPortRange": "443-443", "destinationPortRanges": ["443-443"],
            "sourceAddressPrefix": f"{ADDRESS2}/32", "sourceAddressPrefixes": [f"{ADDRESS2}/32"],
            "destinationAddressPrefix": "0.0.0.0/0", "destinationAddressPrefixes": ["0.0.0.0/0"], "access": "Allow",
            "priority": 100, "direction": "Inbound"}
        assert vnet["name"] == "defaultSecurityRules/AllowVnetInBound"
        assert vnet["expandedSourceAddressPrefix"] == ["10.1.0.0/16", "10.10.0.0/16"]
        assert found["tagMap"]["AzureLoadBalancer"] == ["168.63.129.16/32"]


def test_effective_rules_that_are_not_installed_are_not_told(stage: Stage) -> None:
    with protected(stage):
        stage.run(ROUTER, "nft", "flush", "chain", "inet", "trunkline", "forward")
        operation = stage.begin_question(estates.rid(NIC, "vm1"), "effectiveNetworkSecurityGroups")
        error = stage.ended(operation).error
        assert error
        assert error["code"] == "NetworkSecurityGroupsNotApplied"
        stage.look_at_everything()
        until(lambda: not missing(stage), 10, "the filter to be mended")
