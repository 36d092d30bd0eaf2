"""The relay: a process that holds the frames of one impaired line for their time. ``python -m trunkline.fabric.relay``.

The impair program sends frames out of their path into the relay's TAP; what the relay writes back goes on where it
left. ``relays`` starts it with everything open that it needs, so it knows neither netlink nor namespaces. It reads its
rule from the program's map, so a change of the rule needs no new relay. It leaves by itself, in order, when the rule is
over or gone, or when it is told to (SIGTERM): it gives back all that it holds, takes its TAP out of the path, and gives
back what came meanwhile. If it is killed, what it holds is lost, the kernel takes the TAP out of the path, and frames
pass without delay.
"""

from __future__ import annotations

import fcntl
import gc
import os
import random
import select
import signal
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from trunkline.fabric.bpf import impair_records as records
from trunkline.fabric.bpf import libbpf
from trunkline.fabric.bpf.impair_records import CERTAIN, Rule, boottime_ns

TUNSETOFFLOAD = 0x400454D0
#: Checksums and segmentation of TCP and UDP may be left to the reader.
OFFLOADS = 0x01 | 0x02 | 0x04 | 0x08 | 0x20 | 0x40
VNET_HEADER = 10  #: struct virtio_net_hdr without the word about merged buffers

_FRAME_BYTES = VNET_HEADER + 65_550
_BATCH = 64  #: frames taken before those that are due are given back
_HOUSE_NS = 50_000_000  #: how often the rule is read and the counters are written
_LINGER_NS = 20_000_000  #: a frame that met the rule before the TAP left the path is here by then
_MOST_BYTES = 128 << 20  #: held at once
_RING = 10_000  #: frames that can wait in the TAP
_URGENCY = -10  #: who is late here delays others' frames
_ETHERNET, _TAG = 14, 4
_TAGS = (0x8100, 0x88A8)
_IPV4, _IPV6 = 0x0800, 0x86DD


@dataclass(slots=True)
class Tally:
    """``struct im_relayed``."""

    returned: int = 0
    corrupted: int = 0
    reordered: int = 0
    overflowed: int = 0

    def __bytes__(self) -> bytes:
        return records.RELAYED.pack(self.returned, self.corrupted, self.reordered, self.overflowed)


@dataclass(frozen=True, slots=True)
class Place:
    """The open TAP, the maps, and the key of the rule."""

    tap: int
    rules: int
    taps: int
    relayed: int
    key: bytes

    def rule(self) -> Rule | None:
        value = libbpf.lookup(self.rules, self.key, records.RULE.size)
        return Rule.parse(value) if value else None


class Relay:
    """Two queues, each in order: ``_line``, and those held back to be overtaken."""

    def __init__(self, place: Place, rule: Rule) -> None:
        self._place, self._rule = place, rule
        self._line: deque[tuple[int, bytes]] = deque()
        self._back: deque[tuple[int, bytes]] = deque()
        self._held_bytes = 0
        self._last_ns = 0
        self._told = self._look = False
        self._bell, self._rung = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        told = libbpf.lookup(place.relayed, place.key, records.RELAYED.size)
        self.tally = Tally(*records.RELAYED.unpack(told)) if told else Tally()
        self._frame_by_frame: bool | None = None
        self._fit_tap()

    def listen(self) -> None:
        """SIGTERM: leave. SIGHUP: the rule is another one. A signal alone would not end a ``select`` (PEP 475)."""
        signal.set_wakeup_fd(self._rung, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._tell_to_leave)
        signal.signal(signal.SIGHUP, self._tell_to_look)

    def _tell_to_leave(self, *_: object) -> None:
        self._told = self._look = True

    def _tell_to_look(self, *_: object) -> None:
        self._look = True

    def run(self) -> None:
        house_ns = 0
        while True:
            now = boottime_ns()
            if now >= house_ns or self._look:
                house_ns, self._look = now + _HOUSE_NS, False
                if not self._keep_house(now):
                    break
            self._wait(min(house_ns, self._next_ns()) - now)
            self._take(_BATCH)
            self._give(boottime_ns())
        self._leave()

    def _next_ns(self) -> int:
        line = self._line[0][0] if self._line else sys.maxsize
        return min(line, self._back[0][0]) if self._back else line

    def _wait(self, pause_ns: int) -> None:
        """``select`` takes microseconds, ``epoll`` would round up to milliseconds."""
        ready, _, _ = select.select([self._place.tap, self._bell], [], [], max(0, pause_ns) / 1e9)
        if self._bell in ready:
            os.read(self._bell, 64)

    def _take(self, most: int) -> int:
        """Answers how many there were."""
        tap, rule = self._place.tap, self._rule
        for count in range(most):
            try:
                frame = os.read(tap, _FRAME_BYTES)
            except BlockingIOError:
                return count
            if self._held_bytes > _MOST_BYTES:
                self.tally.overflowed += 1
                continue
            self._held_bytes += len(frame)
            if rule.corrupt and random.randrange(CERTAIN) < rule.corrupt:  # noqa: S311
                frame = self._corrupted(frame)
            self._hold(frame, boottime_ns())
        return most

    def _hold(self, frame: bytes, now: int) -> None:
        rule = self._rule
        due = now + rule.delay_ns
        if rule.jitter_ns:
            due += random.randint(-rule.jitter_ns, rule.jitter_ns)  # noqa: S311
        if rule.reorder and random.randrange(CERTAIN) < rule.reorder:  # noqa: S311
            self.tally.reordered += 1
            self._back.append((due + rule.hold_ns, frame))
            return
        self._last_ns = max(due, self._last_ns)
        self._line.append((self._last_ns, frame))

    def _give(self, until_ns: int) -> None:
        line, back = self._line, self._back
        while line and line[0][0] <= until_ns:
            self._return(line.popleft()[1])
        while back and back[0][0] <= until_ns:
            self._return(back.popleft()[1])

    def _return(self, frame: bytes) -> None:
        self._held_bytes -= len(frame)
        with suppress(OSError):
            os.write(self._place.tap, frame)
            self.tally.returned += 1

    def _corrupted(self, frame: bytes) -> bytes:
        """Frames without a checksum of their own (ARP) stay whole: on a wire the FCS would have caught them."""
        changed = corrupt(frame)
        if changed is None:
            return frame
        self.tally.corrupted += 1
        return changed

    # ── rule and counters ──────────────────────────────────────────────────────────────────────────────────────────

    def _keep_house(self, now: int) -> bool:
        """False when it is time to leave."""
        libbpf.update(self._place.relayed, self._place.key, bytes(self.tally))
        rule = self._place.rule()
        if self._told or rule is None or not rule.detour or now >= rule.until_ns:
            return False
        self._rule = rule
        self._fit_tap()
        return True

    def _fit_tap(self) -> None:
        """Without offloads the kernel cuts GSO frames and completes checksums before it hands frames over."""
        if self._frame_by_frame != self._rule.frame_by_frame:
            self._frame_by_frame = self._rule.frame_by_frame
            fcntl.ioctl(self._place.tap, TUNSETOFFLOAD, 0 if self._frame_by_frame else OFFLOADS)

    def _leave(self) -> None:
        """What came first goes first: whatever is here, before the TAP leaves the path, then what was on its way."""
        self._take(_RING)
        self._give(sys.maxsize)
        libbpf.delete(self._place.taps, records.TAP.pack(self._rule.tap))
        end_ns = boottime_ns() + _LINGER_NS
        while (now := boottime_ns()) < end_ns:
            self._wait(end_ns - now)
            self._take(_BATCH)
            self._give(sys.maxsize)
        libbpf.update(self._place.relayed, self._place.key, bytes(self.tally))


def corrupt(frame: bytes) -> bytes | None:
    """One bit of the transport part of an IP packet flipped, which its checksum covers; None for other frames."""
    start, ethertype = _network(frame)
    if ethertype == _IPV4 and len(frame) >= start + 20:
        first, end = start + (frame[start] & 0x0F) * 4, start + int.from_bytes(frame[start + 2 : start + 4], "big")
    elif ethertype == _IPV6 and len(frame) >= start + 40:
        first, end = start + 40, start + 40 + int.from_bytes(frame[start + 4 : start + 6], "big")
    else:
        return None
    end = min(end, len(frame))
    if first >= end:
        return None
    changed = bytearray(frame)
    changed[random.randrange(first, end)] ^= 1 << random.randrange(8)  # noqa: S311
    return bytes(changed)


def _network(frame: bytes) -> tuple[int, int]:
    """Where the network header is, and the Ethernet type."""
    at = VNET_HEADER + _ETHERNET
    ethertype = int.from_bytes(frame[at - 2 : at], "big")
    while ethertype in _TAGS:
        at += _TAG
        ethertype = int.from_bytes(frame[at - 2 : at], "big")
    return at, ethertype


def _low(descriptor: int) -> int:
    """Another number for it: ``select`` knows none above 1,023, and who started us may have thousands open."""
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)


def main(words: list[str]) -> None:
    """``MARK TAP RULES TAPS RELAYED KEY``: the pid file, whose path marks the process as ours; four descriptors; the
    rule's key in hex. It becomes a daemon when it is ready; then the process that was started ends."""
    mark, tap, rules, taps, relayed, key = words
    place = Place(_low(int(tap)), int(rules), int(taps), int(relayed), bytes.fromhex(key))
    rule = place.rule()
    if rule is None:
        raise SystemExit("there is no such rule")
    os.set_blocking(place.tap, False)
    relay = Relay(place, rule)
    relay.listen()
    daemon = os.fork()
    if daemon:
        Path(mark).write_text(str(daemon), "ascii")
        return
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    with suppress(OSError):
        os.nice(_URGENCY)
    gc.disable()
    relay.run()
    Path(mark).unlink(missing_ok=True)


if __name__ == "__main__":
    main(sys.argv[1:])
