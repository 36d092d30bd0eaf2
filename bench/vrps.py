"""Half a million VRPs: what they cost the control plane, StayRTR and BIRD, in time and memory. As root:

    python bench/vrps.py [COUNT]
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from trunkline import settings
from trunkline.fabric import cache
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.bgp import Router
from trunkline.intent.compile import compile
from trunkline.intent.compile.validation import validated
from trunkline.intent.drivers import Change
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import Cache, Node, Role
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.site import Daemon
from trunkline.reconcile.origins import Feed
from trunkline.routing import BirdSpeaker
from trunkline.routing.bird import control
from trunkline.routing.files import NodeFiles

FOUND = validated("vrf", "Amsterdam", Leg.PRIMARY)


def main(count: int) -> None:
    places = settings.load({}, home=tempfile.mkdtemp(prefix="vrps-")).places
    plane, speaker = LinuxPlane(places), BirdSpeaker(places)
    try:
        _measure(places, plane, speaker, count)
    finally:
        speaker.sweep()
        plane.sweep()


def _measure(places: settings.Places, plane: LinuxPlane, speaker: BirdSpeaker, count: int) -> None:
    roas = [{"prefix": f"{16 + number // 65536}.{number // 256 % 256}.{number % 256}.0/24", "maxLength": 24,
             "asn": 64500 + number % 1000} for number in range(count)]
    places.vrps.write_text(json.dumps({"roas": roas}))
    feed, plant = Feed(Leg.PRIMARY, places, lambda: ()), compile(FOUND.scope, Snapshot(), AZURE)
    taken_s = _timed(feed.beat)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{count:,} VRPs believed and written in {taken_s:.1f} s; a look at an unchanged file "
          f"{_timed(feed.beat) * 1e6:.0f} µs; the control plane's peak {peak} MB")
    up_s = _timed(lambda: plane.apply(Change(ensure=(*plant.pieces, Node("vrf", Role.VRF), FOUND.link))))
    home = cache.directory(places) / next(piece.node for piece in plant.pieces if isinstance(piece, Cache))
    print(f"StayRTR listens after {up_s:.1f} s, {_memory(int((home / 'stayrtr.pid').read_text()))} MB")
    speaker.apply(Router("vrf", Daemon.BIRD, 12076, "192.0.2.1", validation=(FOUND.source,)))
    files = NodeFiles.of(places, "vrf")
    loaded_s = _timed(lambda: _until_loaded(files, count))
    print(f"BIRD has them {loaded_s:.1f} s after its start, {_memory(int(files.read('bird.pid')))} MB")
    places.vrps.write_text(json.dumps({"roas": roas[1:]}))
    print(f"one VRP less: {_timed(feed.beat):.1f} s in the control plane (whole file read, compared, written)")


def _timed(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _until_loaded(files: NodeFiles, count: int) -> None:
    while f"{count + 1} of {count + 1} routes" not in " ".join(
            line.text for line in control.ask(files, "show route count table 'tl.roa4'")):
        time.sleep(0.1)


def _memory(pid: int) -> int:
    rows = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return next(int(row[1]) // 1024 for row in rows if row[0] == "VmRSS:")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500_000)
