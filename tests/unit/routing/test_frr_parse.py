"""Answers of a real FRR 8.4.4, as captured, and what we read in them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from trunkline.intent.bgp import PERMIT_ALL, RibEntry, Session, SessionState
from trunkline.model.profile import Bfd
from trunkline.routing.frr.parse import parse_adj_rib, parse_detail, parse_routes, parse_session

UP = Session("up", "cloud", "b0", "10.0.0.2", "10.0.0.1", 65001, 12076, PERMIT_ALL, PERMIT_ALL, bfd=Bfd())

NEIGHBORS = json.loads("""{"10.0.0.1": {
  "remoteAs": 12076, "bgpState": "Established", "bgpTimerUpMsec": 20000, "bgpTimerUpEstablishedEpoch": 1795374584,
  "addressFamilyInfo": {"ipv4Unicast": {"acceptedPrefixCounter": 1, "sentPrefixCounter": 2, "prefixAllowedMax": 5}},
  "lastResetDueTo": "No AFI\\/SAFI activated for peer",
  "peerBfdInfo": {"type": "single hop", "detectMultiplier": 3, "status": "Up", "lastUpdate": "0:00:00:04"}}}""")
COUNTS = json.loads("""{"prefixCountsFor": "10.0.0.1", "pfxCounter": 1,
  "ribTableWalkCounters": {"Adj-in": 3, "Valid": 1, "All RIB": 1}}""")
TABLE = json.loads("""{"vrfId": 0, "localAS": 65001, "routes": {
 "10.1.0.0/16": [{"valid": true, "bestpath": true, "pathFrom": "external", "prefix": "10.1.0.0", "prefixLen": 16,
   "weight": 0, "peerId": "10.0.0.1", "path": "12076 65515", "origin": "IGP", "locPrf": 150,
   "nexthops": [{"ip": "10.0.0.1", "afi": "ipv4", "used": true}]}],
 "10.9.0.0/16": [{"valid": true, "bestpath": true, "metric": 0, "weight": 32768, "peerId": "(unspec)", "path": "",
   "origin": "incomplete", "nexthops": [{"ip": "0.0.0.0", "hostname": "ce", "afi": "ipv4", "used": true}]}]}}""")
ADVERTISED = json.loads("""{"bgpTableVersion": 2, "advertisedRoutes": {
  "10.9.0.0/16": {"addrPrefix": "10.9.0.0", "nextHop": "0.0.0.0", "metric": 7, "weight": 32768, "path": "",
                  "bgpOriginCode": "i"}}}""")


def test_an_established_session_has_its_start_and_counts() -> None:
    status = parse_session(UP, NEIGHBORS, COUNTS)
    assert status.state is SessionState.ESTABLISHED
    assert status.since == datetime.fromtimestamp(1795374584, UTC)
    assert (status.prefixes_received, status.prefixes_accepted, status.prefixes_sent) == (3, 1, 2)
    assert (status.bfd, status.last_error) == ("Up", "")


def test_a_session_that_is_not_established_tells_why() -> None:
    active = {"10.0.0.1": NEIGHBORS["10.0.0.1"] | {"bgpState": "Active", "lastResetDueTo": "Peer closed the session"}}
    status = parse_session(UP, active, {})
    assert (status.state, status.since, status.last_error) == (SessionState.ACTIVE, None, "Peer closed the session")


def test_states_outside_the_rfc_are_idle() -> None:
    clearing = {"10.0.0.1": {"bgpState": "Clearing"}}
    assert parse_session(UP, clearing, {}).state is SessionState.IDLE


def test_a_session_that_frr_lacks_is_idle() -> None:
    assert parse_session(replace(UP, peer_address="10.0.0.9"), NEIGHBORS, {}).state is SessionState.IDLE


def test_routes_are_named_by_session_and_own_ones_are_local() -> None:
    learned, own = parse_routes(TABLE, (UP,))
    assert learned == RibEntry("10.1.0.0/16", "10.0.0.1", "up", (12076, 65515), 150, 0, "IGP", best=True)
    assert own == RibEntry("10.9.0.0/16", "", "local", (), 100, 0, "INCOMPLETE", best=True)


def test_advertised_routes_carry_their_attributes() -> None:
    route, = parse_adj_rib(ADVERTISED, UP)
    assert (route.prefix, route.med, route.origin, route.session) == ("10.9.0.0/16", 7, "IGP", "up")


DETAIL = json.loads("""{"prefix": "10.1.0.0/24", "paths": [{
  "aspath": {"string": "65001 5 {4,65001}"}, "origin": "IGP", "metric": 7, "locPrf": 120,
  "bestpath": {"overall": true}, "community": {"string": "65000:1 no-export"}, "largeCommunity": {"string": "1:2:3"},
  "nexthops": [{"ip": "10.0.0.1", "used": true}], "peer": {"peerId": "10.0.0.1"}}]}""")


def test_a_prefix_in_full_tells_communities_and_sets() -> None:
    assert parse_detail(DETAIL, (UP,)) == (RibEntry(
        "10.1.0.0/24", "10.0.0.1", "up", (65001, 5, 4, 65001), 120, 7, best=True, as_sets=2,
        communities=((65000, 1), (65535, 65281), (1, 2, 3))),)


def test_a_notification_is_told_in_words() -> None:
    closed = {"10.0.0.1": NEIGHBORS["10.0.0.1"] | {
        "bgpState": "Idle", "lastErrorCodeSubcode": "0602", "lastShutdownDescription": "maintenance tonight",
        "lastResetDueTo": "BGP Notification received"}}
    assert parse_session(UP, closed, {}).last_error == "Received: Cease: Administrative Shutdown: maintenance tonight"


def test_an_established_session_tells_its_timers_and_what_the_peer_can() -> None:
    said = {"10.0.0.1": NEIGHBORS["10.0.0.1"] | {
        "bgpTimerHoldTimeMsecs": 30000, "bgpTimerKeepAliveIntervalMsecs": 10000, "remoteRouterId": "192.0.2.9",
        "neighborCapabilities": {"4byteAs": "advertisedAndReceived", "enhancedRouteRefresh": "advertised",
                                 "multiprotocolExtensions": {"ipv4Unicast": {"advertisedAndReceived": True}}}}}
    status = parse_session(UP, said, {})
    assert (status.hold_time_s, status.keepalive_time_s, status.peer_router_id) == (30, 10, "192.0.2.9")
    assert status.capabilities == ("4-octet AS numbers", "Multiprotocol (ipv4Unicast)")
