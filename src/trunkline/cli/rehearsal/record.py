"""What came of a drill becomes a certificate: signed, and kept under the instance's home."""

from __future__ import annotations

import getpass
import platform
import re
import shutil
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from trunkline import __version__
from trunkline.cli.certificate import keys, shelf
from trunkline.cli.client import Json
from trunkline.cli.rehearsal.drain import Drain
from trunkline.cli.rehearsal.lease import Lease
from trunkline.cli.rehearsal.play import Played
from trunkline.cli.rehearsal.preflight import Plan
from trunkline.diagnosis.drill.certificate import PREFLIGHT, Certificate, Failed, Routes, Unprotected, rendered
from trunkline.diagnosis.drill.judge import Evidence, judge
from trunkline.diagnosis.drill.measure import measures
from trunkline.settings import Places

#: Programs whose versions matter, and how each tells its own.
_DAEMONS = {"bird": ("bird", "--version"), "frr": ("/usr/lib/frr/bgpd", "--version")}


def begun(plan: Plan, lease: Lease, drained: Drain | None) -> Json:
    """What is known of a drill before it ends; by ``faultId`` and ``drained`` whoever comes later finds what it made.
    """
    return {"id": str(uuid4()), "beganAt": datetime.now(UTC).isoformat(), "target": plan.target.said,
            "mode": plan.wish.mode, "fault": lease.fault, "faultId": lease.path,
            "drained": list(drained.legs) if drained else []}


def certificate(plan: Plan, played: Played, lease: Lease, places: Places, identity: str) -> Certificate:
    counted = tuple(span for span in played.spans if span.name != PREFLIGHT)
    found = measures(played.flows, counted, played.interval_ms)
    unprotected = tuple(
        Unprotected(pair=one.pair.label, prefixes=(one.pair.here.prefix, one.pair.there.prefix), reason=one.reason)
        for one in plan.expectations if not one.protected)
    evidence = Evidence(found, {one.pair: one.reason for one in unprotected}, plan.bounds, played.restored,
                        played.aborted, played.interrupted, plan.wish.drain)
    return Certificate(
        id=identity, instance=places.instance, host=socket.gethostname(), operator=getpass.getuser(),
        versions=_versions(), began_at=played.began_at, ended_at=datetime.now(UTC).isoformat(),
        failed=Failed(target=plan.target.said, mode=plan.wish.mode, lease_s=lease.seconds,
                      fault=lease.fault, ways=tuple(sorted({way.label for one in plan.expectations
                                                            for way in one.falling}))),
        interval_ms=played.interval_ms, bounds=plan.bounds, timers=plan.timers, phases=tuple(played.phases),
        measures=found, unprotected=unprotected, unmeasured=plan.unmeasured,
        routes=Routes(before=plan.routes, during=played.during, after=played.after), restored=played.restored,
        verdict=judge(evidence))


def kept(made: Certificate, places: Places) -> tuple[Json, Path]:
    """The signed document and its file; raises OSError."""
    document = keys.signed(rendered(made), keys.signing_key(places))
    return document, shelf.keep(places, document)


def _versions() -> dict[str, str]:
    found = {"trunkline": __version__, "python": platform.python_version(), "kernel": platform.release()}
    for name, (program, option) in _DAEMONS.items():
        if path := shutil.which(program):
            said = subprocess.run([path, option], capture_output=True, text=True, check=False, timeout=10)
            if version := re.search(r"\d+(\.\d+)+", said.stdout + said.stderr):
                found[name] = version[0]
    return found
