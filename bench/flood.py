"""What one customer's flood costs another on the same port and edge: frames sent, probes lost, sessions that closed.

    python bench/flood.py [SECONDS]        of each flood, default 5

The flood comes from the customer's router over its trunk, as fast as one core sends (sendmmsg on a packet socket); the
probe is 1,000 datagrams a second through the other customer's circuit, each answered. The first row is without a flood.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from stand import Leg, Stage, estates, frames, probing, report, scenes, stage
from trunkline.intent.compile.draft import ce_node, vrf_node
from trunkline.intent.view import CIRCUIT, SITE
from wires import mac_of

_FLOOD = Path(__file__).resolve().parents[1] / "tests" / "flood.py"
_CE, _VRF = ce_node(estates.rid(SITE, "paris", group="rg2"), "ce1"), \
    vrf_node(estates.rid(CIRCUIT, "er1", group="rg2"), Leg.PRIMARY)
_HOST, _VM, _PEER, _OWN = "10.10.1.10", "10.1.0.4", "172.16.0.1", "172.16.0.2"


def floods(found: Stage) -> dict[str, list[bytes]]:
    target, own = mac_of(found.places, _VRF, "customer"), mac_of(found.places, _CE, "v2p")

    def dressed(packets: list[bytes], vlan: int = 100) -> list[bytes]:
        return [frames.tagged(frames.ip(target, packet, own), ((0x8100, vlan),)) for packet in packets]

    return {
        "nothing": [],
        "small packets, 64 flows": dressed([frames.udp(_HOST, _VM, 1000 + flow) for flow in range(64)]),
        "forged sources": dressed([frames.udp("8.8.8.8", _VM)]),
        "ARP": [frames.tagged(frames.arp(_PEER, _OWN, own), ((0x8100, 100),))],
        "BGP connections": dressed([frames.tcp(_PEER, _OWN, frames.BGP, own_port=1024 + port) for port in range(64)]),
        "unknown tags": [frame for vlan in range(200, 264) for frame in dressed([frames.udp(_HOST, _VM)], vlan)]}


def measure(seconds: float) -> None:
    with stage() as found:
        found.put(*estates.whole(), *estates.whole(2, "rg2"), within_s=60)
        scenes.all_up(found)
        scenes.connected(found)
        for name, flood in floods(found).items():
            before = {what: since for what, since in scenes.sessions(found).items() if not {_VRF, _CE} & set(what)}
            with probing.probing(found) as probe:
                sent = _flooded(found, flood, seconds)
            closed = scenes.disturbed(before, scenes.sessions(found))
            report("flood", {"flood": name, "frames_per_s": round(sent / seconds), "probes": probe.sent,
                             "lost": probe.lost, "sessions_closed": len(closed)})


def _flooded(found: Stage, flood: list[bytes], seconds: float) -> int:
    if not flood:
        time.sleep(seconds)
        return 0
    command = found.command(_CE, sys.executable, str(_FLOOD), "w2p", str(seconds))
    told = subprocess.run(command, input="\n".join(frame.hex() for frame in flood), capture_output=True, text=True,
                          check=True)
    return int(told.stdout)


if __name__ == "__main__":
    measure(float(sys.argv[1]) if sys.argv[1:] else 5.0)
