"""What ``trunkline status`` is told of Direct ports and the circuits on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import estates
from trunkline import settings
from trunkline.cli.status.names import told_apart
from trunkline.cli.status.rows import circuit_row, degraded, leg_rows, port_row
from trunkline.intent.compile import compile
from trunkline.intent.compile.plant import TO_EDGE, edge_node, port_interface, switch_node
from trunkline.intent.direct import PORT
from trunkline.intent.drivers import Change
from trunkline.intent.network import Counter, Port, PortCounters
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json, Resource, now
from trunkline.reconcile.authorities import Authorities
from trunkline.reconcile.conditions import with_far_ends
from trunkline.reconcile.origins import Origins
from trunkline.reconcile.overview import Look, overview
from trunkline.reconcile.registrar import Registrar
from trunkline.reconcile.troubles import Troubles
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from trunkline.store import Store


def told(tmp_path: Path, *resources: Resource, plane: SimulatedPlane | None = None, wrong: str = "") -> Json:
    """``wrong``: with the first link of the port."""
    troubles, store = Troubles(), Store(f"sqlite:///{tmp_path}/store.db")
    troubles.put(LINK1, wrong)
    return shown(store, troubles, plane or SimulatedPlane(), *resources)


def shown(store: Store, troubles: Troubles, plane: SimulatedPlane, *resources: Resource,
          operator: bool = False) -> Json:
    with store.writing() as writer:
        for one in resources:
            writer.put(one)
    with store.reading() as reader:
        look = Look(reader, plane, SimulatedSpeaker(plane), AZURE, troubles)
        return overview(estates.SUBSCRIPTION, look, operator)


LINK1 = Scope(ScopeKind.DIRECT, estates.rid(PORT, "port1").key, Leg.PRIMARY)


def test_a_circuit_whose_port_is_missing_is_shown_with_nothing_crossing_it(tmp_path: Path) -> None:
    circuit, = told(tmp_path, estates.on_port())["circuits"]
    assert circuit_row(circuit)[:5] == ("er1", "Direct port", "-", 1000, "-")
    assert [row[3:] for row in leg_rows(circuit, now())] == [("NotConfigured", "-", "-", "-", "0 B / 0 B", "-")] * 2


def test_two_circuits_of_one_name_are_kept_apart_and_shown_with_their_groups(tmp_path: Path) -> None:
    found = told(tmp_path, *estates.whole(1), *estates.whole(2, "rg2"), estates.fault())
    failing = {(circuit["id"].split("/")[4], leg) for circuit in found["circuits"]
               for leg, row in circuit["legs"].items() if row["fault"]}
    assert failing == {("rg1", "primary")}
    assert [row["circuit"] for row in found["faults"][0]["legs"]] == ["rg1/er1"]
    apart = told_apart(found)
    assert {one["name"] for one in apart["circuits"]} == {"rg1/er1", "rg2/er1"}
    assert {one["circuit"] for one in apart["connections"]} == {"rg1/er1", "rg2/er1"}


def test_a_link_is_told_as_it_is_and_a_missing_interface_is_named(tmp_path: Path) -> None:
    plug = estates.cable(site_name=None, link2=None, link1={"handoff": {"interface": "eth9", "kind": "Existing"}})
    estate = (estates.port(admin=("Enabled", "Disabled")), estates.on_port(stag=7), plug)
    plane = SimulatedPlane()
    for leg in Leg:
        for kind, key in ((ScopeKind.EDGE, "amsterdam"), (ScopeKind.DIRECT, LINK1.key)):
            made = compile(Scope(kind, key, leg), estates.snapshot(*estate), AZURE)
            plane.apply(Change(ensure=tuple(piece for piece in made.pieces if not isinstance(piece, Port))))
    found = told(tmp_path, *estate, plane=plane)
    circuit, = found["circuits"]
    assert circuit_row(circuit)[:5] == ("er1", "Direct port", "Amsterdam", 1000, 7)
    one, two = map(port_row, found["directPorts"])
    assert one == ("port1", "link1", "Amsterdam", "Enabled", "Down", "existing eth9", "no optic", "er1", "0 B / 0 B")
    assert two[3:6] == ("Disabled", "Down", "nothing")
    assert [row[8] for row in leg_rows(circuit, now())] == ["-", "port1 link2 disabled"]
    assert [link["degraded"] for link in found["directPorts"]] == [
        "the edge has no interface d1 for existing eth9", ""]


class Dropping(SimulatedPlane):
    """``dropped``: packets without a way, by node and interface."""

    def __init__(self, dropped: dict[tuple[str, str], int]) -> None:
        super().__init__()
        self._dropped = dropped

    def counters(self, node: str) -> PortCounters:
        ports = {name: {"unknown-tag": Counter(packets, 60 * packets)}
                 for (at, name), packets in self._dropped.items() if at == node}
        return replace(super().counters(node), ports=ports)


def test_what_a_port_dropped_is_told_with_whose_port_it_is(tmp_path: Path) -> None:
    edge, switch = edge_node("Amsterdam", Leg.PRIMARY), switch_node("Equinix", "Amsterdam", Leg.PRIMARY)
    plane = Dropping({(switch, "c3"): 1, (switch, TO_EDGE): 2, (edge, port_interface("Equinix")): 3, (edge, "a3"): 4,
                      (edge, "p-other"): 5})
    found = told(tmp_path, *estates.circuit(number=3), estates.peering(), plane=plane)
    assert [(row["node"], row["of"], row["drops"]["unknown-tag"]) for row in found["ports"]] == [
        (edge, "circuit er1", 4), (edge, "", 5), (edge, "provider Equinix", 3),
        (switch, "circuit er1", 1), (switch, "trunk to the edge", 2)]
    rows = found["circuits"][0]["legs"]["primary"]["counters"]
    assert [(row["direction"], row["port"]["interface"], row["port"]["drops"]["unknown-tag"]) for row in rows] == [
        ("in", "c3", {"packets": 1, "bytes": 60}), ("out", "a3", {"packets": 4, "bytes": 240})]


def test_a_link_without_circuits_tells_what_came_in_there(tmp_path: Path) -> None:
    edge = edge_node("Amsterdam", Leg.SECONDARY)
    row, = told(tmp_path, estates.port(), plane=Dropping({(edge, "d1"): 7}))["ports"]
    assert row == {"node": edge, "interface": "d1", "of": "port1 link2", "location": "Amsterdam", "leg": "secondary",
                   "resource": str(estates.rid(PORT, "port1")), "drops": {"unknown-tag": 7}}


def test_what_keeps_routes_back_is_told_by_peering_and_way(tmp_path: Path) -> None:
    lists = estates.session_policy("secondary", advertise={"deny": [{"prefix": "10.66.0.0/16"}]},
                                   accept={"localPreference": 50})
    found = told(tmp_path, *estates.whole(), lists)
    assert {leg: row["withheld"] for leg, row in found["circuits"][0]["legs"].items()} == {"primary": [], "secondary": [
        {"peering": "AzurePrivatePeering", "way": "out", "by": "a session policy's prefix lists"}]}


def test_what_a_far_leg_is_not_told_a_near_one_lacks() -> None:
    def row(name: str, other: str, primary: str) -> Json:
        legs = {leg: {"bgp": bgp, "withheld": []} for leg, bgp in (("primary", primary), ("secondary", "Established"))}
        return {"id": f"/{name}", "globalReach": [{"other": other, "otherId": f"/{other.upper()}"}], "legs": legs}

    found = with_far_ends([row("er1", "er2", "Established"), row("er2", "er1", "Idle"), row("er3", "theirs", "Idle")])
    told_of = {(one["id"], leg): [each["by"] for each in seen["withheld"]]
               for one in found for leg, seen in one["legs"].items() if seen["withheld"]}
    assert told_of == {("/er1", "primary"): ["primary of er2, over Global Reach, is Idle"]}


def test_what_a_pass_found_wrong_is_told_with_its_scope(tmp_path: Path) -> None:
    found = told(tmp_path, estates.port(), wrong="this machine has no interface eth9")
    assert found["directPorts"][0]["degraded"] == "this machine has no interface eth9"
    assert found["degraded"] == [{"scope": str(LINK1), "resource": str(estates.rid(PORT, "port1")),
                                  "reason": "this machine has no interface eth9"}]
    leg = Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, Leg.PRIMARY)
    assert list(degraded({"degraded": [{"scope": str(leg), "reason": "why"}]})) == [("leg er1 primary", "why")]


def test_where_the_operators_data_come_from_is_the_operators_to_know(tmp_path: Path) -> None:
    places = settings.load({"TRUNKLINE_RUN": str(tmp_path / "run")}, home=str(tmp_path)).places
    places.registries.mkdir()
    (places.registries / "secret-name.rpsl").write_text("route: what is quoted\n")
    store = Store(places.database_url)
    registrar, origins = Registrar(store, places), Origins(places, dict)
    registrar.refresh()
    for feed in origins.feeds:
        feed.beat()
    troubles = Troubles(Authorities(origins, registrar))
    for_operator, for_tenant = (shown(store, troubles, SimulatedPlane(), operator=one) for one in (True, False))
    assert [one["file"] for one in for_operator["registries"]] == ["secret-name.rpsl"]
    assert str(places.home) in str(for_operator["originValidation"])
    assert [set(one) for one in for_tenant["originValidation"]] == [{"leg", "state", "alarm"}] * 2
    assert not any(word in str(for_tenant) for word in ("secret-name", "quoted", str(places.home)))
