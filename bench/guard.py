"""What the guard program costs a packet, by BPF_PROG_TEST_RUN, in a VRF with 4,000 prefixes.

    python bench/guard.py [REPEAT]        runs of the program per round, default 300,000

Baseline in the same run: an empty program, whose nanoseconds are those of the test run itself and are taken off. The
least of some rounds counts, because whatever else the machine does only adds. The VRF is a namespace whose loopback
stands for the attachment: test runs come in there.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping

from stand import frames, report
from trunkline.fabric import system
from trunkline.fabric.bpf import build, guard_records, libbpf
from trunkline.intent.network import Sentry
from xconnect import empty

_ROUNDS, _LOOPBACK, _PREFIXES = 5, 1, 4_000
_SENTRY = Sentry("bench", "lo", _LOOPBACK, "edge", "bench", ("172.16.0.2", "fd00:ac::2"), ("172.16.0.1", "fd00:ac::1"))
_HOST, _CLOUD, _HOST6, _CLOUD6 = "10.10.1.10", "10.200.0.4", "fd00:10::10", "fd00:1::4"
_MAC = bytes.fromhex("020000000002")
FRAMES = {
    "forwarded, from the peer": frames.ip(_MAC, frames.udp("172.16.0.1", _CLOUD)),
    "forwarded, from a learned prefix": frames.ip(_MAC, frames.udp(_HOST, _CLOUD)),
    "forwarded, from a learned prefix, IPv6": frames.ip(_MAC, frames.udp(_HOST6, _CLOUD6)),
    "refused, a forged source": frames.ip(_MAC, frames.udp("192.0.2.1", _CLOUD)),
    "refused, an ARP storm": frames.arp("172.16.0.1", "172.16.0.2"),
    "refused, a BFD storm": frames.ip(_MAC, frames.udp("172.16.0.1", "172.16.0.2", frames.BFD)),
}


def lay_vrf() -> None:
    """The customer's prefixes lead to the loopback, the cloud's elsewhere."""
    system.unshare()
    learned = [f"route add 10.{n // 256}.{n % 256}.0/24 dev lo" for n in range(_PREFIXES)]
    commands = ["link set lo up", "link add cloud type veth peer name far", "link set cloud up", "link set far up",
                *learned, "route add 172.16.0.0/30 dev lo", "route add 10.200.0.0/16 dev cloud",
                "route add fd00:10::/48 dev lo", "route add fd00:1::/48 dev cloud"]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=True)
    subprocess.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"], check=True)


def measure(repeat: int) -> None:
    lay_vrf()
    with empty() as nothing, libbpf.loaded(build.required("guard")) as loaded:
        parts = libbpf.descriptors(loaded)
        row = guard_records.compile_sentry(_SENTRY) + guard_records.UNUSED
        libbpf.update(parts["sentries"], guard_records.KEY.pack(_LOOPBACK), row)
        for name, frame in FRAMES.items():
            told = [_tried(parts, nothing, frame, repeat) for _ in range(_ROUNDS)]
            report("guard", {"frame": name, "ns": min(ns for _, ns in told), "passes": told[0][0] != _SHOT})


_SHOT = 2  #: TC_ACT_SHOT


def _tried(parts: Mapping[str, int], nothing: int, frame: bytes, repeat: int) -> tuple[int, int]:
    answer, ns = libbpf.tried(parts["guard"], frame, repeat)
    return answer, ns - libbpf.tried(nothing, frame, repeat)[1]


if __name__ == "__main__":
    worker = threading.Thread(target=measure, args=(int(sys.argv[1]) if sys.argv[1:] else 300_000,))
    worker.start()
    worker.join()
