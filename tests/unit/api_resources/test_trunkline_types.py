"""Trunkline's own types: sites, virtual cross connects and rehearsed faults."""

from __future__ import annotations

import re

import pytest

from trunkline.intent.view import EXCHANGE_ORDER, FAULT, SITE
from trunkline.settings import load
from unit.api_resources.desk import ER1, OTHER, STANDARD, Desk, an_order, codes, rid

PARIS, VXC, BREAK = rid(SITE, "paris"), rid(EXCHANGE_ORDER, "vxc1"), rid(FAULT, "cut")


def a_site(**changed: object) -> dict:
    return {"asn": 65010, "prefixes": ["10.10.0.0/16"], "lan": "10.10.1.0/24",
            "routers": [{"name": "ce1"}, {"name": "ce2", "daemon": "frr"}],
            "hosts": [{"name": "h1", "address": "10.10.1.10"}], **changed}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.put(ER1, an_order(), sku=STANDARD)
    desk.put(PARIS, a_site())
    return desk


def key_of(desk: Desk) -> str:
    circuit = desk.get(ER1)
    assert circuit
    return str(circuit.system["serviceKey"])


def both_legs(desk: Desk, **changed: object) -> dict:
    return {"serviceKey": key_of(desk), "site": {"id": str(PARIS)}, "primary": {"router": "ce1"},
            "secondary": {"router": "ce2"}, **changed}


#: A site's IPv6.
SIX = {"prefixes": ["10.10.0.0/16", "fd00:10::/48"], "lan6": "fd00:10::/64"}


@pytest.mark.parametrize(("changed", "code", "words"), [
    ({"asn": 12076}, "ReservedAsn", "cloud's own"),
    ({"prefixes": []}, "InvalidAddressPrefixFormat", "1 entries at least"),
    ({"prefixes": ["10.10.0.0/16", "10.10.1.0/24"]}, "AddressPrefixesOverlap", "10.10.0.0/16 and 10.10.1.0/24"),
    ({"prefixes": ["10.10.0.0/16", "fe80::/48"]}, "AddressPrefixReserved", "link-local"),
    ({"prefixes": ["10.10.0.0/16", "fd00::/48", "fd00:0:0:1::/64"]}, "AddressPrefixesOverlap", "fd00::/48 and"),
    ({"lan6": "fd00:10::/64"}, "LanNotAnnounced", "lan6 fd00:10::/64 is in none of prefixes"),
    ({**SIX, "lan6": "fd00:10::/126"}, "LanTooSmall", "lan6 .* /124 or larger"),
    ({"lan6": "10.10.2.0/24"}, "InvalidPropertyValue", "lan6: '10.10.2.0/24' is not IPv6"),
    ({**SIX, "hosts": [{"name": "h1", "address": "10.10.1.9", "address6": "fd00:10::2"}]}, "HostAddressInUse",
     "fd00:10::2 .* belongs to router 'ce2'"),
    ({**SIX, "hosts": [{"name": "h1", "address": "10.10.1.9", "address6": "fd00:11::9"}]}, "InvalidPropertyValue",
     "not in lan6 fd00:10::/64"),
    ({"hosts": [{"name": "h1", "address": "10.10.1.9", "address6": "fd00:10::9"}]}, "InvalidPropertyValue",
     "needs a lan6"),
    ({"lan": "10.11.0.0/24", "hosts": []}, "LanNotAnnounced", "add it to prefixes"),
    ({"lan": "10.10.1.0/30", "hosts": []}, "LanTooSmall", "/29 or larger"),
    ({"lan": "fd00::/64", "hosts": []}, "InvalidPropertyValue", "lan: 'fd00::/64' is not IPv4"),
    ({"hosts": [{"name": "h1", "address": "10.10.1.2"}]}, "HostAddressInUse", "belongs to router 'ce2'"),
    ({"hosts": [{"name": "h1", "address": "10.10.1.0"}]}, "HostAddressInUse", "the network"),
    ({"hosts": [{"name": "h1", "address": "10.10.1.9"}, {"name": "h2", "address": "10.10.1.9"}]}, "HostAddressInUse",
     "belongs to host 'h1'"),
    ({"hosts": [{"name": "h1", "address": "10.99.1.9"}]}, "InvalidPropertyValue", "not in the LAN"),
    ({"hosts": [{"name": "h1", "address": "10.10.1.9/24"}]}, "InvalidIPAddressFormat", "without prefix length"),
    ({"routers": [{"name": "ce1"}, {"name": "ce1"}]}, "InvalidPropertyValue", "'ce1' stands twice"),
    ({"routers": []}, "InvalidPropertyValue", "1 entries at least"),
    ({"prefixes": [f"10.{n // 256}.{n % 256}.0/24" for n in range(1001)]}, "InvalidAddressPrefixFormat",
     "1000 entries"),
    ({"hosts": [{"name": f"h{n}", "address": "10.10.1.10"} for n in range(251)]}, "InvalidPropertyValue",
     "250 entries"),
    ({"routers": [{"name": "Not A Label"}]}, "InvalidPropertyValue", "pattern"),
])
def test_a_site_that_could_not_be_built_is_refused(changed: dict, code: str, words: str) -> None:
    fault, *_ = Desk().refusal(PARIS, a_site(**changed))
    assert fault.code == code
    assert re.search(words, str(fault))


def test_a_site_may_have_both_families() -> None:
    assert not Desk().refusal(PARIS, a_site(**SIX, hosts=[
        {"name": "h1", "address": "10.10.1.9", "address6": "fd00:10::9"}, {"name": "h2", "address": "10.10.1.10"}]))


def test_a_site_may_announce_the_default_route() -> None:
    assert not Desk().refusal(PARIS, a_site(prefixes=["0.0.0.0/0", "10.10.0.0/16"]))


def test_a_cross_connect_finds_its_circuit_by_the_service_key(desk: Desk) -> None:
    made = desk.put(VXC, both_legs(desk, serviceKey=key_of(desk).upper()))
    assert made.system["circuit"] == {"id": str(ER1)}
    assert desk.shown(VXC)["expressRouteCircuit"] == {"id": str(ER1)}


@pytest.mark.parametrize(("changed", "code", "words"), [
    ({"serviceKey": "none"}, "ServiceKeyUnknown", "'none' belongs to no circuit"),
    ({"site": None}, "SiteRequired", "give site.id"),
    ({"site": {"id": str(ER1)}}, "InvalidResourceReference", "sites that exists"),
    ({"primary": {"router": "ce7"}}, "RouterNotInSite", "'ce7'.*ce1, ce2"),
    ({"primary": None, "secondary": None}, "LegRequired", "one leg at least"),
    ({"primary": {}}, "InvalidPropertyValue", "either router"),
    ({"primary": {"router": "ce1", "handoff": {"interface": "out0"}}}, "InvalidPropertyValue", "not both"),
    ({"primary": {"handoff": {"interface": "../etc"}}}, "InvalidPropertyValue", "1 to 15 letters"),
    ({"primary": {"handoff": {"interface": "out0"}}, "secondary": {"handoff": {"interface": "out0"}}},
     "HandoffInterfaceInUse", "it is used by the other side of"),
    ({"primary": {"router": "ce1", "vlanId": 5000}}, "InvalidPropertyValue", "4094"),
])
def test_a_cross_connect_that_leads_nowhere_is_refused(desk: Desk, changed: dict, code: str, words: str) -> None:
    fault, *_ = desk.refusal(VXC, both_legs(desk, **changed))
    assert fault.code == code
    assert re.search(words, str(fault))


def test_a_leg_is_ordered_once(desk: Desk) -> None:
    desk.put(VXC, both_legs(desk, secondary=None))
    other = rid(EXCHANGE_ORDER, "vxc2")
    fault, = desk.refusal(other, both_legs(desk))
    assert (fault.code, fault.target) == ("LegAlreadyOrdered", "primary")
    assert not desk.refusal(other, both_legs(desk, primary=None))
    assert not desk.refusal(VXC, both_legs(desk))


def test_hand_offs_share_no_interface_among_customers(desk: Desk) -> None:
    desk.put(VXC, both_legs(desk, site=None, primary={"handoff": {"interface": "out0"}}, secondary=None))
    wish = both_legs(desk, site=None, primary=None, secondary={"handoff": {"interface": "out0"}})
    found = desk.refusal(rid(EXCHANGE_ORDER, "theirs", subscription=OTHER), wish)
    assert codes(found) == ["HandoffInterfaceInUse"]
    assert str(VXC) not in str(found[0])


def test_a_cross_connect_uses_a_site_of_its_own_subscription(desk: Desk) -> None:
    found = desk.refusal(rid(EXCHANGE_ORDER, "theirs", subscription=OTHER), both_legs(desk))
    assert codes(found) == ["InvalidResourceReference"]


def test_a_cross_connect_stays_with_its_circuit(desk: Desk) -> None:
    desk.put(VXC, both_legs(desk))
    other = desk.put(rid(ER1.type, "er2"), an_order(), sku=STANDARD)
    moved = both_legs(desk, serviceKey=other.system["serviceKey"])
    assert codes(desk.refusal(VXC, moved)) == ["PropertyChangeNotAllowed"]


def test_the_keys_of_both_legs_are_kept_apart(desk: Desk) -> None:
    made = desk.put(VXC, both_legs(desk, primary={"router": "ce1", "sharedKey": "abc1"},
                                   secondary={"router": "ce2", "sharedKey": "abc2"}))
    assert made.secrets == {"primary.sharedKey": "abc1", "secondary.sharedKey": "abc2"}
    assert "sharedKey" not in str({**made.properties, **desk.shown(VXC)})


def test_site_and_circuit_stay_while_they_are_cross_connected(desk: Desk) -> None:
    desk.put(VXC, both_legs(desk))
    assert codes(desk.in_use(PARIS)) == ["InUseSiteCannotBeDeleted"]
    assert codes(desk.in_use(ER1)) == ["InUseExpressRouteCircuitCannotBeDeleted"]
    assert codes(desk.refusal(PARIS, a_site(routers=[{"name": "ce1"}]))) == ["RouterInUse"]
    desk.remove(VXC)
    assert not [*desk.in_use(PARIS), *desk.in_use(ER1)]


def test_a_cross_connect_stays_with_its_site(desk: Desk) -> None:
    desk.put(VXC, both_legs(desk))
    lyon = desk.put(rid(SITE, "lyon"), a_site(prefixes=["10.20.0.0/16"], lan="10.20.1.0/24", hosts=[]))
    legs = {"primary": {"handoff": {"interface": "out0"}}, "secondary": None}
    for changed in ({"site": {"id": str(lyon.id)}}, {"site": None, **legs}):
        fault, = desk.refusal(VXC, both_legs(desk, **changed))
        assert (fault.code, fault.target) == ("PropertyChangeNotAllowed", "site")
        assert "order another" in str(fault)
    assert not desk.refusal(VXC, both_legs(desk, site={"id": str(PARIS).upper()}))


def test_a_name_that_is_too_long_for_an_interface_is_refused_in_words(desk: Desk) -> None:
    refused, = desk.refusal(VXC, both_legs(desk, primary={"handoff": {"interface": "a-very-long-name"}}))
    assert (refused.code, refused.target) == ("InvalidPropertyValue", "properties.primary.handoff.interface")
    assert "'a-very-long-name' is not valid: a name of an interface has 1 to 15 letters" in str(refused)


@pytest.mark.parametrize(("site", "says"), [
    ("paris", "with value 'paris' is not valid: it must be a link to a resource; write {\"id\""),
    ({"id": None}, "with value 'null' is not valid")])
def test_what_is_no_link_is_refused_in_words(site: object, says: str, desk: Desk) -> None:
    refused, = desk.refusal(VXC, both_legs(desk, site=site))
    assert says in str(refused)


def test_a_hand_off_takes_only_interfaces_of_the_machine_that_the_operator_offers() -> None:
    offered = load({"TRUNKLINE_HANDOFF_INTERFACES": "eth7, eth8"}).limits.handoff_interfaces
    desk = Desk(interfaces=offered)
    desk.put(ER1, an_order(), sku=STANDARD)
    wish = {"serviceKey": key_of(desk), "primary": {"handoff": {"interface": "eth0", "create": False}}}
    fault, = desk.refusal(VXC, wish)
    assert (fault.code, fault.target) == ("HandoffInterfaceNotOffered", "primary.handoff.interface")
    assert "TRUNKLINE_HANDOFF_INTERFACES" in str(fault)
    assert not desk.refusal(VXC, {**wish, "primary": {"handoff": {"interface": "eth8", "create": False}}})
    assert not desk.refusal(VXC, {**wish, "primary": {"handoff": {"interface": "eth0"}}})
