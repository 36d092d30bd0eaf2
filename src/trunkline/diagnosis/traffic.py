"""What sentries, ports and the kernel's TCP have refused: growing counters become findings. Pure.

A counter that stands lower than before was begun anew. What has come together over a few looks counts as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trunkline.diagnosis.evidence import Counts, Finding, Place
from trunkline.model.event import EventKind

#: So long what came in several looks is added up; seconds.
WINDOW_S = 10.0
#: A customer's router goes on sending for a moment when its session has ended; seconds.
_UNSETTLED_S = 15.0


#: So many looks later is a change of ours known.
_LATER = 2


@dataclass(frozen=True, slots=True)
class Reason:
    """``least``: so many within the window are worth a word. ``calm``: only of a session that has stood for a while.
    ``ours``: a change of ours causes it too, and is known a moment later."""

    kind: EventKind
    least: int
    what: str
    calm: bool = False
    ours: bool = False


#: By the counters' own names (docs/handoff.md), and those of TCP in the kernel (Documentation/networking/snmp_counter).
REASONS: Mapping[str, Reason] = {
    "spoofed": Reason(EventKind.SPOOFED_SOURCE, 5, "packets from addresses that are not behind it", calm=True),
    "stranger": Reason(EventKind.STRANGER, 1, "packets for BGP or BFD from somebody who is not the peer"),
    "control-policed": Reason(EventKind.CONTROL_FLOOD, 20, "packets too many for the router itself"),
    "foreign": Reason(EventKind.FOREIGN_FRAMES, 50, "frames of protocols that are not spoken there"),
    "malformed": Reason(EventKind.FOREIGN_FRAMES, 10, "malformed frames"),
    "unknown-tag": Reason(EventKind.VLAN_HOP, 5, "frames with tags that nobody ordered there"),
    "untagged": Reason(EventKind.VLAN_HOP, 50, "frames without the tag that the order asks for"),
    "too-many-tags": Reason(EventKind.VLAN_HOP, 1, "frames with more than two tags"),
    "foreign-mac": Reason(EventKind.SPOOFED_SOURCE, 5, "frames with somebody else's MAC"),
    "arp-spoof": Reason(EventKind.SPOOFED_SOURCE, 5, "ARP frames for somebody else's address"),
    "nd-spoof": Reason(EventKind.SPOOFED_SOURCE, 5, "neighbour discovery for somebody else's address"),
    "advertisement": Reason(EventKind.SPOOFED_SOURCE, 5, "router advertisements or redirects"),
    "ethertype": Reason(EventKind.FOREIGN_FRAMES, 50, "frames of protocols that are not spoken on the LAN"),
    "multicast": Reason(EventKind.FOREIGN_FRAMES, 100, "frames to groups"),
    "TCPMD5NotFound": Reason(EventKind.MD5_FAILURE, 1, "segments without a signature", ours=True),
    "TCPMD5Unexpected": Reason(EventKind.MD5_FAILURE, 1, "segments with a signature that nobody asked for",
                               ours=True),
    "TCPMD5Failure": Reason(EventKind.MD5_FAILURE, 1, "segments with a wrong signature", ours=True),
    "TCPMinTTLDrop": Reason(EventKind.TTL_SPOOF, 1, "segments from farther away than the peer is", ours=True),
}


@dataclass(frozen=True, slots=True)
class Window:
    """The counts of recent looks, the oldest first. Immutable."""

    looks: tuple[tuple[float, Counts], ...] = ()

    def grown(self, now: float, counts: Counts) -> Window:
        """With one more look. The newest of those that are too old stays, to count from."""
        looks = self.looks if not self.looks or not _anew(self.looks[-1][1], counts) else ()
        old = [look for look in looks if now - look[0] > WINDOW_S]
        return Window((*old[-1:], *(look for look in looks if now - look[0] <= WINDOW_S), (now, counts)))

    def growth(self, reason: str) -> tuple[int, int]:
        """Within the window, and since the last look. A counter that was not there was zero; the first look of all
        tells nothing."""
        if len(self.looks) < 2:
            return 0, 0
        last = self.looks[-1][1].get(reason, 0)
        return last - self.looks[0][1].get(reason, 0), last - self.looks[-2][1].get(reason, 0)


def _anew(before: Counts, now: Counts) -> bool:
    return any(now.get(reason, 0) < count for reason, count in before.items())


def check_traffic(place: Place, window: Window, settled_s: float,
                  untouched_s: float = float("inf")) -> Iterator[Finding]:
    """``settled_s``: how long ago a session of the place was last lost, ``untouched_s``: its router was set up
    otherwise."""
    before = Window(window.looks[:-_LATER])
    for reason, meaning in REASONS.items():
        if meaning.ours and untouched_s < _UNSETTLED_S:
            continue
        total, fresh = (before if meaning.ours else window).growth(reason)
        if fresh <= 0 or total < meaning.least or (meaning.calm and settled_s < _UNSETTLED_S):
            continue
        yield Finding(
            meaning.kind, f"{meaning.kind}|{place.node}|{reason}",
            f"{total} {meaning.what} within {WINDOW_S:.0f} s", place,
            evidence={"node": place.node, "leg": place.leg, "reason": reason, "packets": total,
                      "counter": window.looks[-1][1].get(reason, 0),
                      "sessions": [session.name for session in place.sessions]})
