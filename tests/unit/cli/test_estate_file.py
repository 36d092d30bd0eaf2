"""Estate files: read with lines, checked strictly, planned in order. Nothing is sent here."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.cli.estate.document import FaultyFile, parse
from trunkline.cli.estate.plan import Consent, Group, Step, Wish, plan
from trunkline.cli.estate.sections import check

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
    (SITE + "  - name: paris\n    asn: 65011\n    prefixes: [10.11.0.0/16]\n    lan: 10.11.1.0/24\n"
     "    routers: [{name: ce1}]\n", 3, "site paris is declared more than once"),
], ids=["no group", "a list", "broken", "twice", "contains itself", "no leg", "no site", "leg", "no GatewaySubnet",
        "child without parent", "no list", "no mapping", "too small", "declared twice"])
def test_a_fault_says_where_and_why(text: str, line: int, says: str) -> None:
    found = faults(text)
    assert found[0][0] == line
    assert says in found[0][1]


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
