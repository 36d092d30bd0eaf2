"""Direct ports, the circuits on them, and what is plugged in: which wishes are refused, and what the refusal says."""

from __future__ import annotations

import pytest

from trunkline.intent.direct import CABLE, PORT
from trunkline.intent.view import CIRCUIT, PEERING, SITE
from trunkline.model.port import VLAN_IDS
from trunkline.model.resource import Json
from unit.api_resources.desk import OTHER, PREMIUM, STANDARD, Desk, a_peering, codes, rid
from unit.api_resources.test_trunkline_types import a_site

PORT1, PORT2, LAID, PARIS = rid(PORT, "port1"), rid(PORT, "port2"), rid(CABLE, "laid"), rid(SITE, "paris")
D1 = rid(CIRCUIT, "d1")


def a_port(encapsulation: str = "QinQ", gbps: int = 10) -> Json:
    return {"peeringLocation": "Equinix-Amsterdam-AM5", "bandwidthInGbps": gbps, "encapsulation": encapsulation}


def on_port(gbps: float = 1, port: object = PORT1) -> Json:
    return {"expressRoutePort": {"id": str(port)}, "bandwidthInGbps": gbps}


def plug(interface: str, kind: str = "Veth") -> Json:
    return {"handoff": {"interface": interface, "kind": kind}}


def cable(port: object = PORT1, **ends: Json) -> Json:
    return {"port": {"id": str(port)}, **ends}


@pytest.fixture
def desk() -> Desk:
    desk = Desk(circuit_quota=10_000, interfaces=frozenset({"eth7"}))
    desk.put(PORT1, a_port())
    desk.put(PORT2, a_port("Dot1Q"))
    desk.put(PARIS, a_site())
    return desk


def test_each_circuit_has_an_s_tag_of_its_own_that_stays(desk: Desk) -> None:
    stags = [desk.put(rid(CIRCUIT, name), on_port(), sku=STANDARD).system["stag"] for name in ("d1", "d2")]
    assert stags == [1, 2]
    assert desk.put(D1, on_port(2), sku=PREMIUM).system["stag"] == 1
    assert "stag" not in desk.put(rid(CIRCUIT, "d3"), on_port(port=PORT2), sku=STANDARD).system


def test_an_exhausted_port_says_which_tags_are_gone(desk: Desk) -> None:
    for number in range(VLAN_IDS):
        desk.allocate(f"stag:{PORT1.key}", f"taken{number}")
    fault, = desk.refusal(D1, on_port(), sku=STANDARD)
    assert fault.code == "ExpressRoutePortTagsExhausted"
    assert "All 4094 S-tags of port" in str(fault)


def test_a_c_tag_may_repeat_under_another_s_tag_but_not_alone_on_the_wire(desk: Desk) -> None:
    for port, refused in ((PORT1, []), (PORT2, ["VlanIdInUse"])):
        first, second = rid(CIRCUIT, f"{port.name}a"), rid(CIRCUIT, f"{port.name}b")
        for circuit in (first, second):
            desk.put(circuit, on_port(port=port), sku=STANDARD)
        desk.put(rid(PEERING, first.name, "AzurePrivatePeering"), a_peering())
        assert codes(desk.refusal(rid(PEERING, second.name, "AzurePrivatePeering"), a_peering())) == refused


@pytest.mark.parametrize(("gbps", "code", "words"), [
    (3, "BandwidthNotOffered", "It offers: 1, 2, 5, 10"),
    (20, "BandwidthNotOffered", "It offers: 1, 2, 5, 10"),
    (10, "ExpressRoutePortBandwidthExceeded", "its circuits take 11 Gbps, and a port of 10 Gbps carries"),
])
def test_bandwidth_that_is_no_step_or_beyond_twice_the_port_is_refused(
        desk: Desk, gbps: int, code: str, words: str) -> None:
    for name, size in (("d2", 10), ("d3", 1)):
        desk.put(rid(CIRCUIT, name), on_port(size), sku=STANDARD)
    faults = desk.refusal(D1, on_port(gbps), sku=STANDARD)
    assert faults[0].code == code
    assert words in str(faults[0])


@pytest.mark.parametrize(("wish", "code", "words"), [
    (cable(), "LinkRequired", "give one link at least"),
    (cable(rid(PORT, "none"), link1=plug("w")), "InvalidResourceReference", "none"),
    (cable(link1={"router": "ce1"}), "SiteRequired", "link1.router 'ce1'"),
    ({**cable(link1={"router": "ce9"}), "site": {"id": str(PARIS)}}, "RouterNotInSite", "which has ce1, ce2"),
    (cable(link1={"router": "ce1", **plug("w")}), "InvalidPropertyValue", "not both"),
    (cable(link1={**plug("w"), "circuits": []}), "InvalidPropertyValue", "belongs to a router"),
    (cable(link1=plug("eth9", "Existing")), "HandoffInterfaceNotOffered", "TRUNKLINE_HANDOFF_INTERFACES"),
    (cable(link1=plug("too-long-for-linux")), "InvalidPropertyValue", "interface"),
    *((cable(link1=plug(name, "Tap")), "InvalidPropertyValue", f"interface '{name}' is no name for a TAP")
      for name in ("d1", "u1", "a1", "lo", "wan0", "tap", "tapWan0", "tap-1", "tap.1", "tap12345678901")),
    (cable(link1=plug("w"), link2=plug("w")), "HandoffInterfaceInUse", "the other side of"),
    ({**cable(link1={"router": "ce1", "circuits": [{"id": str(rid(CIRCUIT, "e"))}]}), "site": {"id": str(PARIS)}},
     "CircuitNotOnPort", "not on port"),
])
def test_a_cable_that_leads_nowhere_is_refused(desk: Desk, wish: Json, code: str, words: str) -> None:
    desk.put(rid(CIRCUIT, "e"), on_port(port=PORT2), sku=STANDARD)
    faults = desk.refusal(LAID, wish)
    assert code in codes(faults)
    assert words in " ".join(map(str, faults))


def test_two_ports_at_one_interface_are_refused_with_both_names(desk: Desk) -> None:
    desk.put(LAID, cable(link1=plug("eth7", "Existing")))
    second = rid(CABLE, "second")
    fault, = desk.refusal(second, cable(PORT2, link1=plug("eth7", "Existing")))
    assert fault.code == "HandoffInterfaceInUse"
    assert str(LAID) in str(fault)
    assert str(second) in str(fault)
    stranger = rid(CABLE, "second", subscription=OTHER)
    assert str(LAID) not in str(desk.refusal(stranger, cable(PORT2, link1=plug("eth7", "Existing")))[0])


def test_a_link_has_one_cable(desk: Desk) -> None:
    desk.put(LAID, cable(link1=plug("wan0")))
    fault, = desk.refusal(rid(CABLE, "second"), cable(link1=plug("wan1"), link2=plug("wan2")))
    assert fault.code == "LinkAlreadyCabled"
    assert str(LAID) in str(fault)
    desk.put(rid(CABLE, "second"), cable(link2=plug("wan2")))


def test_nothing_goes_from_under_what_hangs_on_it(desk: Desk) -> None:
    desk.put(D1, on_port(), sku=STANDARD)
    named = {"router": "ce1", "circuits": [{"id": str(D1)}]}
    desk.put(LAID, {**cable(link1=named), "site": {"id": str(PARIS)}})
    for resource, code in ((PORT1, "InUseExpressRoutePortCannotBeDeleted"), (PARIS, "InUseSiteCannotBeDeleted"),
                           (D1, "InUseExpressRouteCircuitCannotBeDeleted")):
        faults = desk.in_use(resource)
        assert set(codes(faults)) == {code}
        assert str(LAID) in " ".join(map(str, faults))
    assert codes(desk.refusal(PARIS, a_site(routers=[{"name": "ce2"}]))) == ["RouterInUse"]
