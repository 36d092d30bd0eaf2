"""Growing counters and daemons' remarks become findings with their numbers."""

from __future__ import annotations

import pytest

from looks import PLACE
from trunkline.diagnosis.evidence import Counts, Finding
from trunkline.diagnosis.remarks import check_remarks
from trunkline.diagnosis.traffic import REASONS, Window, check_traffic
from trunkline.intent.bgp import Remark
from trunkline.model.event import EventKind, Severity


def found(*looks: Counts, settled_s: float = 100, untouched_s: float = 100) -> list[Finding]:
    """Of the last of several looks, a second apart."""
    window = Window()
    for second, counts in enumerate(looks):
        window = window.grown(second, counts)
    return list(check_traffic(PLACE, window, settled_s, untouched_s))


@pytest.mark.parametrize(("reason", "packets", "kind"), [
    ("stranger", 1, EventKind.STRANGER), ("spoofed", 5, EventKind.SPOOFED_SOURCE),
    ("control-policed", 20, EventKind.CONTROL_FLOOD), ("TCPMD5Failure", 1, EventKind.MD5_FAILURE),
    ("TCPMD5NotFound", 1, EventKind.MD5_FAILURE), ("TCPMinTTLDrop", 1, EventKind.TTL_SPOOF),
    ("unknown-tag", 5, EventKind.VLAN_HOP), ("malformed", 10, EventKind.FOREIGN_FRAMES),
    ("arp-spoof", 5, EventKind.SPOOFED_SOURCE), ("nd-spoof", 5, EventKind.SPOOFED_SOURCE),
    ("foreign-mac", 5, EventKind.SPOOFED_SOURCE), ("advertisement", 5, EventKind.SPOOFED_SOURCE),
    ("ethertype", 50, EventKind.FOREIGN_FRAMES),
])
def test_what_was_refused_is_told_from_its_threshold_on(reason: str, packets: int, kind: EventKind) -> None:
    later = [{reason: packets}] * (2 if REASONS[reason].ours else 0)
    finding = found({}, {reason: packets}, *later)[0]
    assert (finding.kind, finding.evidence["packets"], finding.evidence["counter"]) == (kind, packets, packets)
    assert found({}, {reason: packets - 1}) == []


def test_what_stood_there_at_the_first_look_is_old() -> None:
    assert found({"stranger": 100}) == []
    assert found({"stranger": 100}, {"stranger": 100}) == []


def test_a_few_in_each_look_add_up() -> None:
    assert found({}, {"spoofed": 2}, {"spoofed": 4}) == []
    assert found({}, {"spoofed": 2}, {"spoofed": 4}, {"spoofed": 6})[0].evidence["packets"] == 6


def test_a_counter_that_began_anew_is_not_negative_and_not_news() -> None:
    assert found({"stranger": 100}, {"stranger": 3}) == []


def test_a_router_that_goes_on_sending_when_its_session_ends_is_no_spoofer() -> None:
    assert found({}, {"spoofed": 500}, settled_s=3) == []


@pytest.mark.parametrize("reason", ["TCPMD5Unexpected", "TCPMD5NotFound", "TCPMinTTLDrop"])
def test_what_a_change_of_ours_causes_is_nobodys_attack(reason: str) -> None:
    looks: list[Counts] = [{}, {reason: 5}, {reason: 5}, {reason: 5}]
    assert found(*looks, untouched_s=1) == []
    assert len(found(*looks)) == 1
    assert found(*looks[:2]) == [], "whether it is ours is known a moment later"


def test_what_ordinary_traffic_drops_is_no_finding() -> None:
    assert found({}, {"policed": 10_000, "mtu": 50, "fault": 900, "failed": 3, "blackholed": 500}) == []


@pytest.mark.parametrize("text", [
    "Malformed AS_PATH attribute - invalid segment", "Error: Malformed AS_PATH: 5003",
    "Invalid NEXT_HOP attribute - zero address", "Missing mandatory ORIGIN attribute"])
def test_an_update_that_breaks_the_rules_is_told_in_the_daemons_words(text: str) -> None:
    finding = next(check_remarks(PLACE, [Remark("customer", text)]))
    assert (finding.kind, finding.evidence["daemon"]) == (EventKind.MALFORMED_UPDATE, [text])


@pytest.mark.parametrize("text", ["Received: Administrative shutdown", "Error: Hold timer expired",
                                  "Connection lost", "Socket: Connection closed"])
def test_the_end_of_a_session_is_no_malformed_update(text: str) -> None:
    assert list(check_remarks(PLACE, [Remark("customer", text)])) == []


def test_who_connects_and_is_no_peer_is_told() -> None:
    text = "BGP: Unexpected connect from unknown address 172.16.0.9 (port 40000)"
    finding = next(check_remarks(PLACE, [Remark("", text)]))
    assert (finding.kind, finding.evidence["from"]) == (EventKind.STRANGER, ["172.16.0.9"])


@pytest.mark.parametrize("remark", [
    Remark("customer", "Received: Administrative shutdown: BGP: Unexpected connect from unknown address 203.0.113.7 "
           "(port 1)"),
    Remark("", "gone: Received: BGP: Unexpected connect from unknown address 203.0.113.7 (port 1)"),
    Remark("customer", 'Received: Administrative shutdown: "Malformed AS_PATH attribute"'),
    Remark("customer", "Received: Administrative shutdown: x - withdrawing y")])
def test_what_the_peers_operator_writes_is_no_word_of_the_daemons(remark: Remark) -> None:
    assert list(check_remarks(PLACE, [remark])) == []


def test_however_many_strangers_come_it_is_one_finding() -> None:
    texts = [f"BGP: Unexpected connect from unknown address 203.0.113.{n} (port 1)" for n in range(200)]
    findings = list(check_remarks(PLACE, [Remark("", text) for text in texts]))
    assert [len(one.evidence["from"]) for one in findings] == [20]
    assert "and 197 more" in findings[0].summary


@pytest.mark.parametrize(("text", "kind", "severity"), [
    ("Route leak detected - OTC attribute from downstream", EventKind.ROUTE_LEAK, Severity.MEDIUM),
    ("Route leak detected - OTC attribute with mismatched ASN (3356)", EventKind.ROUTE_LEAK, Severity.MEDIUM),
    ("Invalid NEXT_HOP attribute - address 10.9.9.9 not directly reachable", EventKind.NEXT_HOP_THEFT, Severity.MEDIUM),
    ("Invalid NEXT_HOP attribute - address 172.16.0.2 is local", EventKind.NEXT_HOP_THEFT, Severity.MEDIUM),
    ("Error: Bad peer AS: 64667", EventKind.WRONG_AS, None)])
def test_what_the_daemon_refuses_before_any_policy_is_told_as_what_it_is(
        text: str, kind: EventKind, severity: Severity | None) -> None:
    finding, = check_remarks(PLACE, [Remark("customer", text), Remark("customer", text)])
    assert (finding.kind, finding.severity, finding.session) == (kind, severity, "customer")
    assert (finding.evidence["times"], finding.evidence["daemon"]) == (2, [text, text])


def test_a_peer_that_refuses_our_as_is_no_attack() -> None:
    assert list(check_remarks(PLACE, [Remark("customer", "Received: Bad peer AS")])) == []


def test_remarks_of_other_sessions_are_not_this_ones() -> None:
    assert list(check_remarks(PLACE, [Remark("gateway_1_0", "Error: Bad peer AS: 64667")])) == []
