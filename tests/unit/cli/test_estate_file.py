"""Estate files: read with lines, checked strictly, planned in order. Nothing is sent here."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.cli.commands.estate import _read
from trunkline.cli.estate.document import FaultyFile, parse
from trunkline.cli.estate.plan import Consent, Group, Step, Wish, plan
from trunkline.cli.estate.sections import check
from trunkline.cli.failure import Failed

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))
SITE = """\
resourceGroup: rg1
sites:
  - name: paris
    asn: 65010
    prefixes: [10.10.0.0/16]
    lan: 10.10.1.0/24
    routers: [{name: ce1}]
"""


def steps(text: str) -> tuple[Step, ...]:
    document = parse(text)
    return plan(check(document), document, "sub")


def faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(FaultyFile) as caught:
        steps(text)
    return [(fault.line, str(fault)) for fault in caught.value.faults]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_right(path: Path) -> None:
    assert steps(path.read_text())


def test_a_whole_estate_comes_in_the_order_in_which_it_can_be_granted() -> None:
    whole = next(path for path in EXAMPLES if path.name == "estate.yaml")
    assert [step.label for step in steps(whole.read_text())] == [
        "resource group rg1", "site paris", "circuit er1", "provider's consent to er1", "cross connect er1",
        "private peering of er1", "network hub", "machine vm1", "gateway gw1", "connection gw1-er1",
        "networkInterfaces vm2"]


def test_a_direct_port_comes_with_its_cable_before_the_circuits_on_it() -> None:
    direct = next(path for path in EXAMPLES if path.name == "direct.yaml")
    wishes = [step for step in steps(direct.read_text()) if isinstance(step, Wish)]
    assert [wish.label for wish in wishes] == [
        "site lyon", "port port1", "cable port1", "circuit direct1", "private peering of direct1"]
    _, port, cable, circuit, _ = wishes
    assert [link["properties"]["adminState"] for link in port.body["properties"]["links"]] == ["Enabled", "Enabled"]
    assert cable.body["properties"]["port"] == circuit.body["properties"]["expressRoutePort"] == {"id": port.path}
    assert cable.body["properties"]["link2"] == {"router": "ce2"}
    assert circuit.body["properties"]["bandwidthInGbps"] == 1.0


def test_all_faults_are_told_together_with_their_lines() -> None:
    wrong = SITE.replace("65010", "12076").replace("1.0/24", "1.0/33").replace("[{", "[{deamon: x, ")
    found = faults(wrong)
    assert [line for line, _ in found] == [4, 6, 7]
    assert found[0][1].startswith("sites[0].asn: ")
    assert "12076" in found[0][1]
    assert "sites[0].routers[0].deamon: this word is not known here" in found[2][1]


@pytest.mark.parametrize(("text", "line", "says"), [
    ("sites: []", 1, "resourceGroup: this is required"),
    ("- a\n- b", 1, "is a mapping"),
    ("resourceGroup: rg1\nsites: [", 2, "this is not YAML"),
    ("resourceGroup: rg1\nresourceGroup: rg2", 2, "'resourceGroup' stands twice"),
    ("resourceGroup: rg1\nresources: &a\n  - properties: {x: *a}", 3, "nested too deeply"),
    ("resourceGroup: rg1\ncrossConnects:\n  - circuit: er1", 3, "give primary, secondary or both"),
    ("resourceGroup: rg1\ncrossConnects:\n  - {circuit: er1, primary: {router: ce1}}", 3, "needs the site"),
    ("resourceGroup: rg1\nfaults:\n  - {circuit: er1, leg: third}", 3, "primary"),
    ("resourceGroup: rg1\nnetworks:\n  - {name: v, addressSpace: [10.0.0.0/8], gateway: {name: g}}", 3,
     "needs a subnet called GatewaySubnet"),
    ("resourceGroup: rg1\nresources:\n  - {type: virtualNetworks/subnets, name: hub}", 3, "one name for each type"),
    ("resourceGroup: rg1\nsites:\n  name: paris", 2, "sites: this must be a list"),
    ("resourceGroup: rg1\nnetworks: [3]", 2, "networks[0]: this must be a mapping"),
    ("resourceGroup: rg1\nfaults: [{circuit: er1, leg: primary, seconds: 0}]", 2, "seconds: it must be 1 or more"),
    ("resourceGroup: rg1\ncircuits:\n  - {name: c, bandwidth: 1000}", 3, "or port (a Direct port) alone"),
    ("resourceGroup: rg1\ncircuits:\n  - {name: c, bandwidth: 1000, port: p, provider: Equinix}", 3, "alone"),
    ("resourceGroup: rg1\nports:\n  - {name: p, peeringLocation: x, bandwidth: 10, link1: {router: ce1}}", 3,
     "needs the site of that router"),
    ("resourceGroup: rg1\nports:\n  - {name: p, peeringLocation: x, bandwidth: 25}", 3, "bandwidth: "),
    ("resourceGroup: rg1\ncircuits:\n  - {name: c, bandwidth: 50, provider: Equinix, location: Amsterdam, microsoft: "
     "{asn: 3333, vlan: 2, primary: 104.0.0.0/30, secondary: 104.0.0.4/30, advertised: [0.0.0.0/1]}}", 3,
     "0.0.0.0/1 is wider"),
    (SITE + "  - name: paris\n    asn: 65011\n    prefixes: [10.11.0.0/16]\n    lan: 10.11.1.0/24\n"
     "    routers: [{name: ce1}]\n", 3, "site paris is declared more than once"),
], ids=["no group", "a list", "broken", "twice", "contains itself", "no leg", "no site", "leg", "no GatewaySubnet",
        "child without parent", "no list", "no mapping", "too small", "no way in", "two ways in", "no site of a port",
        "no size", "half of the internet", "declared twice"])
def test_a_fault_says_where_and_why(text: str, line: int, says: str) -> None:
    found = faults(text)
    assert found[0][0] == line
    assert says in found[0][1]


@pytest.mark.parametrize(("below", "line", "says"), [
    ("  - name paris\n    asn: 65010\n", 3, "a key without ':'"),
    ("  - name: paris\n    asn\n    lan: 10.0.0.0/24\n", 4, "a key without ':'"),
    ("  - name: paris\n    lan: a: b\n", 4, "text with ': ' in it that is not in quotes"),
    ("  - {name: paris,\n     asn: 65010\nfaults: []\n", 3, "what begins with '{' here is not closed"),
    ("  - name: paris\n    prefixes: [10.0.0.0/8\nfaults: []\n", 4, "what begins with '[' here is not closed"),
    ("  - name: \"paris\n    asn: 65010\n", 3, "this quote is not closed"),
    ("  - name: paris\n   asn: 65010\n", 4, "indent it like the lines around it"),
    ("\t- name: paris\n", 3, "a tab; indent with spaces"),
    ("  - name: paris\n    asn: \x01\n", 4, "U+0001 may not stand in it")])
def test_what_is_not_yaml_is_told_with_the_line_of_the_mistake_and_in_words(below: str, line: int, says: str) -> None:
    (told, message), = faults(f"resourceGroup: rg1\nsites:\n{below}")
    assert (told, says in message) == (line, True), message


def test_names_become_ids_in_the_files_group() -> None:
    order = next(step for step in steps(
        "resourceGroup: rg1\ncrossConnects: [{circuit: other/er9, site: paris, primary: {router: ce1}}]")
        if isinstance(step, Wish))
    root = "/subscriptions/sub/resourceGroups"
    assert order.key_of == f"{root}/other/providers/Microsoft.Network/expressRouteCircuits/er9"
    assert order.body["properties"]["site"]["id"] == f"{root}/rg1/providers/Trunkline.Site/sites/paris"
    assert order.path == f"{root}/rg1/providers/Trunkline.Exchange/virtualCrossConnects/er9"


def test_a_ref_becomes_a_reference_at_any_depth() -> None:
    made = steps("resourceGroup: rg1\nresources:\n  - type: connections\n    name: c\n"
                 "    properties: {peer: {ref: expressRouteCircuits/er1}, more: [{ref: Trunkline.Site/sites/a}]}")[-1]
    assert isinstance(made, Wish)
    providers = "/subscriptions/sub/resourceGroups/rg1/providers"
    assert made.body["properties"] == {
        "peer": {"id": f"{providers}/Microsoft.Network/expressRouteCircuits/er1"},
        "more": [{"id": f"{providers}/Trunkline.Site/sites/a"}]}


def test_faults_are_the_operators_to_make() -> None:
    made = steps("resourceGroup: rg1\nfaults: [{circuit: er1, leg: primary, seconds: 60}]")[-1]
    assert isinstance(made, Wish)
    assert made.account == "operator"
    assert made.body["properties"]["expiresInSeconds"] == 60


def test_a_shared_key_makes_a_wish_secret_and_stays_out_of_its_repr() -> None:
    made = [step for step in steps(
        "resourceGroup: rg1\ncircuits: [{name: er1, provider: Equinix, peeringLocation: Amsterdam, bandwidth: 50,\n"
        "  peering: {asn: 65010, vlan: 100, primary: 172.16.0.0/30, secondary: 172.16.0.4/30, sharedKey: hush}}]")
        if isinstance(step, Wish) and step.secret]
    assert [step.label for step in made] == ["private peering of er1"]
    assert "hush" not in repr(made)


def test_both_families_are_written_as_lists_and_beside_each_other() -> None:
    dual = next(path for path in EXAMPLES if path.name == "dual-stack.yaml")
    bodies = {step.label: step.body["properties"] for step in steps(dual.read_text()) if isinstance(step, Wish)}
    assert bodies["private peering of er1"]["ipv6PeeringConfig"] == {
        "primaryPeerAddressPrefix": "fd00:ac::/126", "secondaryPeerAddressPrefix": "fd00:ac::4/126"}
    assert bodies["network hub"]["subnets"][0]["properties"] == {"addressPrefixes": ["10.1.0.0/24", "fd00:1::/64"]}
    assert [row["properties"].get("privateIPAddressVersion") for row in bodies["machine vm1"]["ipConfigurations"]] == [
        None, "IPv6"]


@pytest.mark.parametrize(("text", "says"), [
    ("circuits: [{name: er1, provider: Equinix, peeringLocation: Amsterdam, bandwidth: 50,\n"
     "  peering: {asn: 65010, vlan: 100, primary: 172.16.0.0/30}}]", "give primary and secondary"),
    ("networks: [{name: v, addressSpace: [10.0.0.0/8], subnets: {default: 10.0.0.0/24},\n"
     "  machines: [{name: vm1, address6: 'fd00::4'}]}]", "has no IPv6 prefix")])
def test_half_a_family_is_a_fault(text: str, says: str) -> None:
    assert says in faults(f"resourceGroup: rg1\n{text}")[0][1]


def test_every_group_of_a_file_is_made_once() -> None:
    made = steps("resourceGroup: rg1\nnetworks:\n  - {name: a, addressSpace: [10.0.0.0/16]}\n"
                 "  - {name: b, addressSpace: [10.1.0.0/16], resourceGroup: RG2}\n")
    assert [step.label for step in made if isinstance(step, Group)] == ["resource group rg1", "resource group RG2"]


def test_consent_follows_the_order_it_is_for() -> None:
    made = steps("resourceGroup: rg1\ncrossConnects:\n"
                 "  - {circuit: er1, primary: {handoff: {interface: eth1}}, provision: true}")
    assert isinstance(made[-1], Consent)
    assert made[-1].circuit.endswith("/expressRouteCircuits/er1")


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(FaultyFile):
        steps(text)


ORDER = SITE + "crossConnects:\n  - {circuit: er1, site: paris, primary: {router: ce1}, throttle: %s}\n"


def test_a_provider_may_throttle_what_is_ordered() -> None:
    *_, order, throttle = (step for step in steps(ORDER % 200) if isinstance(step, Wish))
    assert "bandwidthInMbps" not in order.body["properties"]
    circuit = throttle.body["properties"].pop("circuit")["id"]
    assert circuit.endswith("/resourceGroups/rg1/providers/Microsoft.Network/expressRouteCircuits/er1")
    assert (throttle.account, throttle.body["properties"]) == ("operator", {"bandwidthInMbps": 200})
    assert throttle.path.endswith("/resourceGroups/rg1/providers/Trunkline.Plant/throttles/er1")


def test_an_exchange_is_the_operators_and_a_member_its_customers() -> None:
    path = "/subscriptions/sub/resourceGroups/rg1/providers/Trunkline.Exchange/exchanges/ams"
    exchange, member, other, edge = (step for step in steps(
        "resourceGroup: rg1\nexchanges:\n  - {name: ams, peeringLocation: Amsterdam, asn: 6777, lan: 80.249.208.0/24, "
        "policy: {longestPath: 40},\n     members: [{name: ripe, site: paris, router: ce1}, "
        "{name: own, asn: 1, sharedKey: abc, handoff: {interface: x0}}, "
        "{name: az, edge: primary}]}") if isinstance(step, Wish))
    assert (exchange.account, exchange.path) == ("operator", path)
    assert exchange.body["properties"]["policy"] == {"longestPath": 40}
    assert (member.account, member.path, member.secret) == ("customer", f"{path}/members/ripe", False)
    assert member.body["properties"]["site"]["id"].endswith("/rg1/providers/Trunkline.Site/sites/paris")
    assert other.secret
    assert (edge.account, edge.body["properties"]) == ("operator", {"edge": "primary"})


@pytest.mark.parametrize(("wrong", "rule"), [
    ("polcy: {}", "exchanges[0].polcy: this word is not known here"),
    ("policy: {longest: 3}", "exchanges[0].policy.longest: this word is not known here"),
    ("admissions: [{as: 3}]", "exchanges[0].admissions[0].as: this word is not known here"),
    ("members: [{name: x, router: ce1}]", "give either site with router, or handoff"),
])
def test_an_exchange_that_is_misspelt_is_refused(wrong: str, rule: str) -> None:
    found = faults("resourceGroup: rg1\nexchanges:\n  - {name: ams, peeringLocation: Amsterdam, asn: 1, "
                   f"lan: 80.249.208.0/24, {wrong}}}")
    assert any(rule in text for _, text in found), found


@pytest.mark.parametrize(("wrong", "rule"), [
    ("0", "1 or more"), ("400001", "400000 or less"), ("fast", "whole number")])
def test_a_throttle_that_is_no_bandwidth_is_refused(wrong: str, rule: str) -> None:
    (_, said), = faults(ORDER % wrong)
    assert rule in said
    assert "throttle" in said


def test_a_file_that_is_not_utf_8_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "estate.yaml").write_bytes(b"resourceGroup: \xe9")
    with pytest.raises(Failed, match="byte 16 of it is not UTF-8; save it as UTF-8"):
        _read(tmp_path / "estate.yaml")


def test_a_hub_comes_before_what_is_connected_to_it_and_its_gateway_with_the_first_circuit() -> None:
    wan = next(path for path in EXAMPLES if path.name == "virtual-wan.yaml")
    found = [one for one in steps(wan.read_text()) if isinstance(one, Wish)]
    labels = [one.label for one in found]
    assert labels[labels.index("Virtual WAN wan1"):] == [
        "Virtual WAN wan1", "hub hub1", "route table isolated", "route map mark-paris", "hub connection spoke1",
        "hub connection spoke2", "hub gateway hub1-er", "hub connection er1"]
    routing = found[-1].body["properties"]["routingConfiguration"]
    assert [one["id"].rpartition("/")[2] for one in routing["propagatedRouteTables"]["ids"]] == [
        "defaultRouteTable", "isolated"]
    assert routing["inboundRouteMap"]["id"].endswith("/virtualHubs/hub1/routeMaps/mark-paris")
    two = "hubs: [{name: a, prefix: 10.50.0.0/24}, {name: b, prefix: 10.51.0.0/24}]"
    assert len(steps(f"resourceGroup: rg1\n{two}")) == 4, "the group, one Virtual WAN and both hubs"
