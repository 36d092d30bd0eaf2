"""Routers, sessions and namespaces for tests of BGP speakers.

The estate is always the same: ``mid`` (AS 12076, the subject) between ``left`` (AS 65001, a customer) and ``right``
(AS 65515, a gateway).
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trunkline.intent.bgp import PERMIT_ALL, Origin, Router, Session, SessionState, SessionStatus
from trunkline.intent.drivers import Speaker
from trunkline.model.profile import Bfd
from trunkline.model.resource import Secret
from trunkline.model.site import Daemon
from trunkline.routing import BirdSpeaker, Daemons, FrrSpeaker
from trunkline.settings import Places
from waiting import until

EDGE_ASN, CUSTOMER_ASN, GATEWAY_ASN = 12076, 65001, 65515
KEY = Secret("correctHorseBattery1")

#: name → (group, interface, local address, peer address, local AS, peer AS)
TO_LEFT = Session("customer", "customer", "left0", "10.0.1.2", "10.0.1.1", EDGE_ASN, CUSTOMER_ASN,
                  PERMIT_ALL, PERMIT_ALL, password=KEY, bfd=Bfd(100, 3))
TO_RIGHT = Session("gateway-0", "gateway", "right0", "100.64.0.2", "100.64.0.1", EDGE_ASN, GATEWAY_ASN,
                   PERMIT_ALL, PERMIT_ALL)


def mirrored(session: Session, name: str, interface: str) -> Session:
    """The other end of a session, permitting everything."""
    return replace(
        session, name=name, group=name, interface=interface, local_address=session.peer_address,
        peer_address=session.local_address, local_asn=session.peer_asn, peer_asn=session.local_asn,
        import_policy=PERMIT_ALL, export_policy=PERMIT_ALL, prefix_limit=None)


def router(node: str, *sessions: Session, origins: Sequence[str] = (), daemon: Daemon = Daemon.BIRD,
           router_id: str = "192.0.2.1", asn: int = 0) -> Router:
    return Router(node, daemon, asn or sessions[0].local_asn, router_id, sessions,
                  tuple(Origin(prefix) for prefix in origins))


LEFT = router("left", mirrored(TO_LEFT, "edge", "mid0"), origins=("10.1.0.0/16",), router_id="192.0.2.2")
RIGHT = router("right", mirrored(TO_RIGHT, "edge", "mid0"), origins=("10.50.0.0/16",), router_id="192.0.2.3")


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Estate:
    """The three nodes wired, nothing running yet."""

    places: Places
    daemons: Daemons

    def start(self, *routers: Router) -> None:
        for one in routers:
            self.daemons.apply(one)


@contextmanager
def estate(places: Places) -> Iterator[Estate]:
    """``mid`` meets ``left`` over a /30 and ``right`` over point-to-point addresses, as in the design."""
    daemons = Daemons(BirdSpeaker(places), FrrSpeaker(places))
    with namespaces(places, "left", "mid", "right"):
        link(places, ("mid", "left0", "10.0.1.2/30"), ("left", "mid0", "10.0.1.1/30"))
        link(places, ("mid", "right0", "100.64.0.2 peer 100.64.0.1"), ("right", "mid0", "100.64.0.1 peer 100.64.0.2"))
        try:
            yield Estate(places, daemons)
        finally:
            daemons.sweep()
            shutil.rmtree(places.run, ignore_errors=True)


@contextmanager
def namespaces(places: Places, *nodes: str) -> Iterator[None]:
    for node in nodes:
        ip("netns", "add", f"{places.namespace_prefix}{node}")
        ip("-n", f"{places.namespace_prefix}{node}", "link", "set", "lo", "up")
    try:
        yield
    finally:
        for node in nodes:
            ip("netns", "del", f"{places.namespace_prefix}{node}")


def link(places: Places, one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    """A veth pair between (node, interface, address) and another; a point-to-point address is ``local peer remote``."""
    prefix = places.namespace_prefix
    ip("-n", f"{prefix}{one[0]}", "link", "add", one[1], "type", "veth", "peer", "name", other[1],
       "netns", f"{prefix}{other[0]}")
    for node, interface, address in (one, other):
        ip("-n", f"{prefix}{node}", "addr", "add", *address.split(), "dev", interface)
        ip("-n", f"{prefix}{node}", "link", "set", interface, "up")


def kernel_routes(places: Places, node: str) -> str:
    return ip("-n", f"{places.namespace_prefix}{node}", "route")


def status(speaker: Speaker, wanted: Router, session: str) -> SessionStatus:
    return next(one for one in speaker.sessions(wanted) if one.name == session)


def unbroken(before: datetime | None, now: datetime | None) -> bool:
    """Whether a session that came up ``before`` is still the same. The moment is computed from an age and so jitters by
    milliseconds; a session that closed needs longer than this to come again."""
    return before is not None and now is not None and abs(now - before) < timedelta(seconds=0.5)


def established(speaker: Speaker, wanted: Router, *sessions: str) -> bool:
    return all(status(speaker, wanted, name).state is SessionState.ESTABLISHED for name in sessions)


def wait_established(speaker: Speaker, wanted: Router, *sessions: str) -> None:
    until(lambda: established(speaker, wanted, *sessions), 15, f"{', '.join(sessions)} of {wanted.node} Established")


def prefixes(speaker: Speaker, wanted: Router, session: str = "") -> set[str]:
    """Prefixes in a router's Loc-RIB, of all sessions or one."""
    return {entry.prefix for entry in speaker.routes(wanted) if session in ("", entry.session)}
