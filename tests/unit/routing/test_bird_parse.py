"""Answers of a real BIRD 2.0.12, as captured, and what we read in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from trunkline.intent.bgp import PERMIT_ALL, Refusal, RibEntry, Session, SessionState, Validity
from trunkline.intent.bgp.sent import as_sent
from trunkline.model.profile import Bfd
from trunkline.routing.bird.control import Line, parse_reply
from trunkline.routing.bird.parse import parse_bfd, parse_routes, parse_sessions

PRIMARY = Session("cust-1.x:primary", "customer", "a0", "10.0.0.1", "10.0.0.2", 12076, 65001, PERMIT_ALL, PERMIT_ALL,
                  bfd=Bfd())
SECONDARY = replace(PRIMARY, name="second", interface="a1", peer_address="10.0.0.6")

PROTOCOLS = """\
0001 BIRD 2.0.12 ready.
2002-Name       Proto      Table      State  Since         Info
1002-tl.device  Device     ---        up     2026-11-22 19:07:27.113\x20\x20
1006-
1002-tl.kernel4 Kernel     master4    up     2026-11-22 19:07:27.113\x20\x20
1006-  Channel ipv4
     State:          UP
     Routes:         0 imported, 4 exported, 0 preferred
\x20
1002-cust-1.x:primary BGP        ---        up     2026-11-22 19:07:28.841  Established\x20\x20\x20
1006-  Description:    x
   BGP state:          Established
     Neighbor address: 10.0.0.2%a0
     Neighbor AS:      65001
     Session:          external AS4
     Hold timer:       133.430/180
   Channel ipv4
     State:          UP
     Input filter:   (unnamed)
     Receive limit:  3
       Action:       restart
     Routes:         2 imported, 1 filtered, 5 exported, 2 preferred
     Route change stats:     received   rejected   filtered    ignored   accepted
       Import updates:              3          0          1          0          2
     BGP Next hop:   10.0.0.1
\x20
1002-second     BGP        ---        start  2026-11-22 19:07:30.002  Active        Socket: Connection refused
1006-  BGP state:          Active
     Neighbor address: 10.0.0.6%a1
     Connect delay:    0.711/1
     Last error:       Socket: Connection refused
   Channel ipv4
     State:          DOWN
     Input filter:   (unnamed)
\x20
0000\x20
"""

BFD = """\
0001 BIRD 2.0.12 ready.
1020-tl.bfd:
 IP address                Interface  State      Since         Interval  Timeout
 10.0.0.2                  a0         Up         2026-11-22 19:07:28.500    0.300    0.900
 10.0.0.6                  a1         Down       2026-11-22 19:07:28.500    1.000    0.000
0000\x20
"""

ROUTES = """\
0001 BIRD 2.0.12 ready.
1007-Table master4:
 10.1.0.0/16          unreachable [tl.origins4 2026-11-22 19:07:27.115] * (200)
1008-\tType: static univ
1012-\ttl_group: 1
1007-10.9.0.0/16          unicast [cust-1.x:primary 2026-11-22 19:07:28.900] * (100) [AS65002i]
 \tvia 10.0.0.2 on a0
1008-\tType: BGP univ
1012-\tBGP.origin: IGP
 \tBGP.as_path: 65001 65002
 \tBGP.next_hop: 10.0.0.2 fe80::1
 \tBGP.med: 7
 \tBGP.local_pref: 200
 \ttl_group: 7
1007-                     unicast [second 2026-11-22 19:07:29.900] (100) [AS65002?]
 \tvia 10.0.0.6 on a1
1008-\tType: BGP univ
1012-\tBGP.origin: Incomplete
 \tBGP.as_path: 65001 65001 65002
 \tBGP.next_hop: 10.0.0.6
 \tBGP.local_pref: 100
0000\x20
"""


def test_sessions_have_state_counts_and_the_last_error() -> None:
    first, second = parse_sessions(parse_reply(PROTOCOLS), parse_bfd(parse_reply(BFD)), (PRIMARY, SECONDARY))
    assert first.state is SessionState.ESTABLISHED
    assert first.since == datetime(2026, 11, 22, 19, 7, 28, 841000, UTC)
    assert (first.prefixes_received, first.prefixes_accepted, first.prefixes_sent) == (3, 2, 5)
    assert (first.bfd, second.bfd) == ("Up", "Down")
    assert second.state is SessionState.ACTIVE
    assert second.last_error == "Socket: Connection refused"


def test_a_session_that_bird_lacks_is_idle() -> None:
    missing = replace(PRIMARY, name="new", bfd=None)
    status, = parse_sessions(parse_reply(PROTOCOLS), {}, (missing,))
    assert (status.name, status.state, status.bfd) == ("new", SessionState.IDLE, "")


def test_a_stopped_protocol_is_idle() -> None:
    stopped = PROTOCOLS.replace("BGP state:          Active", "BGP state:          Down")
    _, second = parse_sessions(parse_reply(stopped), {}, (PRIMARY, SECONDARY))
    assert second.state is SessionState.IDLE


def test_routes_have_all_paths_and_the_best_is_marked() -> None:
    own, best, other = parse_routes(parse_reply(ROUTES), (PRIMARY, SECONDARY))
    assert own == RibEntry("10.1.0.0/16", "", "local", best=True)
    assert best == RibEntry("10.9.0.0/16", "10.0.0.2", "cust-1.x:primary", (65001, 65002), 200, 7, "IGP", best=True)
    assert other == RibEntry("10.9.0.0/16", "10.0.0.6", "second", (65001, 65001, 65002), 100, 0, "INCOMPLETE")


def test_a_route_as_sent_has_our_number_and_address() -> None:
    entry = RibEntry("10.9.0.0/16", "10.0.0.2", "second", (65002,))
    assert as_sent(entry, PRIMARY) == RibEntry(
        "10.9.0.0/16", "10.0.0.1", "cust-1.x:primary", (12076, 65002), best=True)


def test_a_route_inside_the_as_is_sent_as_it_is() -> None:
    inside = replace(PRIMARY, peer_asn=12076)
    sent = as_sent(RibEntry("10.9.0.0/16", "10.0.0.2", "second", (65002,)), inside)
    assert (sent.as_path, sent.next_hop) == ((65002,), "10.0.0.2")
    assert as_sent(RibEntry("10.9.0.0/16", "", "local"), inside).next_hop == "10.0.0.1"


def test_an_error_has_its_code() -> None:
    assert parse_reply("0001 BIRD 2.0.12 ready.\n0002-Reading configuration from /x\n8002 /x:1:2 syntax error\n") == (
        Line(2, "Reading configuration from /x"), Line(8002, "/x:1:2 syntax error"))


FILTERED = parse_reply("""0001 BIRD 2.0.12 ready.
1007-Table master4:
 10.2.0.0/24          unicast [cust-1.x:primary 2026-11-27 19:58:59.444] * (100) [i]
 \tvia 10.0.0.2 on a0
1012-\tBGP.as_path: 65001 5 {65001 4}
 \tBGP.next_hop: 10.0.0.2
 \tBGP.community: (65000,0) (65000,1)
 \t\t(65000,2)
 \tBGP.large_community: (1, 2, 3)
 \ttl_group: 2515274979
 \ttl_validity: 1
 \ttl_refusal: 16
1007-10.2.3.0/24          unicast [cust-1.x:primary 2026-11-27 19:58:59.444] * (100) [AS5i]
1012-\tBGP.as_path: 65002 5
1007-10.2.4.0/24          unicast [cust-1.x:primary 2026-11-27 19:58:59.444] * (100) [AS5i]
1012-\tBGP.as_path: 65001 5
 \ttl_group: 2515274979
""" + "0000 \n")


def test_a_filtered_route_tells_why_it_was_refused() -> None:
    with_reason, wrong_first, no_rule = parse_routes(FILTERED, (PRIMARY,), refused=True)
    assert [one.refusal for one in (with_reason, wrong_first, no_rule)] == [
        Refusal.AS_SET, Refusal.WRONG_FIRST_AS, Refusal.NO_RULE]
    assert (with_reason.validity, with_reason.best) == (Validity.INVALID, False)


def test_sets_and_long_lists_of_communities_are_whole() -> None:
    entry = parse_routes(FILTERED, (PRIMARY,), refused=True)[0]
    assert (entry.as_path, entry.as_sets) == ((65001, 5, 65001, 4), 2)
    assert entry.communities == ((65000, 0), (65000, 1), (65000, 2), (1, 2, 3))


STATUS = """0001 BIRD 2.0.12 ready.
2002-Name       Proto      Table      State  Since         Info
1002-cust-1.x:primary BGP        ---        {}  2026-11-27 19:58:59.444
1006-{}
"""


def test_a_session_tells_its_timers_and_what_the_peer_can() -> None:
    said = STATUS.format("up", """  BGP state:          Established
     Neighbor ID:      192.0.2.9
     Local capabilities
       Long-lived graceful restart
     Neighbor capabilities
       Multiprotocol
         AF announced: ipv4
       Route refresh
       Role: provider
     Session:          external AS4
     Hold timer:       21.633/30
     Keepalive timer:  7.397/10""")
    status, = parse_sessions(parse_reply(said + "0000 \n"), {}, (PRIMARY,))
    assert (status.hold_time_s, status.keepalive_time_s, status.peer_router_id) == (30, 10, "192.0.2.9")
    assert status.capabilities == ("Multiprotocol (AF announced: ipv4)", "Route refresh", "Role: provider")


def test_what_a_peer_said_when_it_closed_stands_beside_the_error() -> None:
    said = STATUS.format("start", """  Message:        maintenance tonight
   BGP state:          Active
     Last error:       Received: Administrative shutdown""")
    status, = parse_sessions(parse_reply(said + "0000 \n"), {}, (PRIMARY,))
    assert status.last_error == "Received: Administrative shutdown: maintenance tonight"
