"""A customer's own premises: a namespace that Trunkline knows nothing of, with a router that it does not run.

    host 10.10.1.10 and router in one, AS 65010, an interface for each leg's hand-off
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from trunkline.fabric import namespace
from waiting import until
from wires import ETH_P_ALL

SOL_PACKET, PACKET_AUXDATA = 263, 8

HOST_ADDRESS, ASN, EDGES = "10.10.1.10", 65010, {"172.16.0.1": "172.16.0.2", "172.16.0.5": "172.16.0.6"}
EDGES6 = {"fd00:ac::1": "fd00:ac::2", "fd00:ac::5": "fd00:ac::6"}
KEY = "S3cret"


@dataclass(frozen=True)
class Speaks:
    """How a router of the customer's is configured: which edges it peers with from which address, as whom, with which
    key. ``restarting``: it was up a moment ago and its routes are still forwarded (RFC 4724)."""

    edges: Mapping[str, str] = field(default_factory=lambda: EDGES)
    asn: int = ASN
    key: str = KEY
    restarting: bool = False


RIGHT = Speaks()


@dataclass(frozen=True)
class Premises:
    namespace: str
    directory: Path

    def command(self, *words: str) -> list[str]:
        return namespace.argv(self.namespace, list(words))

    def run(self, *words: str) -> str:
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def take(self, interface: str, *addresses: str) -> None:
        """Move an interface of this machine in here."""
        subprocess.run(["ip", "link", "set", interface, "netns", self.namespace], check=True)
        self.run("ip", "link", "set", interface, "up")
        for address in addresses:
            if ":" in address:
                self.run("sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=0")
            self.run("ip", "address", "add", address, "dev", interface, *(["nodad"] if ":" in address else []))

    def pings(self, address: str, source: str = HOST_ADDRESS) -> bool:
        words = self.command("ping", "-c", "1", "-W", "0.5", "-I", source, address)
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    def route(self, prefix: str, *next_hops: str) -> None:
        self.run("ip", "route", "replace", prefix, *(word for hop in next_hops for word in ("nexthop", "via", hop)))

    def port_socket(self, interface: str) -> socket.socket:
        descriptor = namespace.descriptor(self.namespace)
        try:
            with namespace.entered(descriptor):
                wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        finally:
            os.close(descriptor)
        wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        wire.bind((interface, 0))
        return wire


@contextmanager
def premises(directory: Path, mark: str) -> Iterator[Premises]:
    found = Premises(f"premises-{mark}", directory)
    subprocess.run(["ip", "netns", "add", found.namespace], check=True)
    try:
        for setting in ("ipv6.conf.all.disable_ipv6", "ipv6.conf.default.disable_ipv6"):
            found.run("sysctl", "-qw", f"net.{setting}=1")
        found.run("ip", "link", "set", "lo", "up")
        found.run("ip", "address", "add", f"{HOST_ADDRESS}/32", "dev", "lo")
        yield found
    finally:
        subprocess.run(["ip", "netns", "del", found.namespace], check=True)


@contextmanager
def spare_port(name: str) -> Iterator[str]:
    """An interface of this machine, and the name of what it is plugged into."""
    far = f"{name}x"
    subprocess.run(["ip", "link", "add", name, "type", "veth", "peer", "name", far], check=True)
    try:
        yield far
    finally:
        subprocess.run(["ip", "link", "del", name], check=False, capture_output=True)


@contextmanager
def _running(there: Premises, *words: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with (there.directory / "router.log").open("w") as log, subprocess.Popen(
            there.command(*words), stdout=log, stderr=log, env={**os.environ, **environment}) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(10)


# ── GoBGP ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def gobgp(there: Premises, *prefixes: str, speaks: Speaks = RIGHT) -> Iterator[subprocess.Popen[bytes]]:
    """Announces ``prefixes``; what it learns stays in its own table."""
    configuration = there.directory / "gobgpd.toml"
    configuration.write_text(_gobgp_configuration(speaks))
    again = ["-r"] if speaks.restarting else []
    with _running(there, "gobgpd", "-f", str(configuration), "--api-hosts", "127.0.0.1:50051", *again) as process:
        until(lambda: _asks(there, "global"), 10, "gobgpd to answer")
        for prefix in prefixes:
            there.run("gobgp", "global", "rib", "add", "-a", "ipv6" if ":" in prefix else "ipv4", prefix)
        yield process


def _gobgp_configuration(speaks: Speaks) -> str:
    neighbors = "".join(f"""
[[neighbors]]
  [neighbors.config]
    neighbor-address = "{edge}"
    peer-as = 12076
    auth-password = "{speaks.key}"
  [neighbors.graceful-restart.config]
    enabled = true
    restart-time = 30
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "{"ipv6" if ":" in own else "ipv4"}-unicast"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
  [neighbors.transport.config]
    local-address = "{own}"
""" for own, edge in speaks.edges.items())
    return f'[global.config]\n  as = {speaks.asn}\n  router-id = "192.0.2.1"\n{neighbors}'


def _asks(there: Premises, *words: str) -> bool:
    return subprocess.run(there.command("gobgp", *words), capture_output=True, check=False).returncode == 0


def gobgp_learned(there: Premises, family: int = 4) -> dict[str, dict[str, list[int]]]:
    """AS path by next hop by prefix, of what came from the cloud."""
    found: dict[str, dict[str, list[int]]] = {}
    for prefix, paths in json.loads(there.run("gobgp", "global", "rib", "-a", f"ipv{family}", "-j") or "{}").items():
        for path in paths:
            attributes = {one["type"]: one for one in path["attrs"]}
            segments = attributes.get(2, {}).get("as_paths", [])
            if segments:
                asns = [asn for segment in segments for asn in segment["asns"]]
                hop = attributes[3] if 3 in attributes else attributes[14]
                found.setdefault(prefix, {})[hop["nexthop"]] = asns
    return found


# ── ExaBGP ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_NOTES = """
import sys
with open(sys.argv[1], "a") as notes:
    for line in sys.stdin:
        notes.write(line)
        notes.flush()
"""


@contextmanager
def exabgp(there: Premises, *routes: str, speaks: Speaks = RIGHT) -> Iterator[subprocess.Popen[bytes]]:
    """Announces ``routes`` (a prefix, and perhaps more in ExaBGP's words); what it learns goes to a file."""
    (there.directory / "notes.py").write_text(_NOTES)
    configuration = there.directory / "exabgp.conf"
    configuration.write_text(_exabgp_configuration(there, routes, speaks))
    with _running(there, "exabgp", str(configuration), **{
            "exabgp.daemon.user": "root", "exabgp.api.cli": "false", "exabgp.api.ack": "false"}) as process:
        yield process


def _exabgp_configuration(there: Premises, routes: tuple[str, ...], speaks: Speaks) -> str:
    neighbors = "".join(f"""
neighbor {edge} {{
  router-id 192.0.2.1; local-address {own}; local-as {speaks.asn}; peer-as 12076; md5-password "{speaks.key}";
  family {{ {"ipv6" if ":" in own else "ipv4"} unicast; }}
  capability {{ graceful-restart 30; }}
  api {{ processes [ notes ]; receive {{ parsed; update; }} }}
  static {{ {_static(routes, ":" in own)} }}
}}
""" for own, edge in speaks.edges.items())
    program = f"{sys.executable} {there.directory}/notes.py {there.directory}/updates"
    return f"process notes {{ run {program}; encoder json; }}\n{neighbors}"


def _static(routes: tuple[str, ...], six: bool) -> str:
    """Of one family, each to the speaker itself."""
    own = (route.partition(" ") for route in routes if (":" in route.partition(" ")[0]) == six)
    return " ".join(f"route {prefix} next-hop self {rest};" for prefix, _, rest in own)


def exabgp_learned(there: Premises, family: int = 4) -> dict[str, dict[str, list[int]]]:
    """AS path by next hop by prefix, as last announced. ExaBGP lists the link-local next hop (RFC 2545) as one more."""
    found: dict[str, dict[str, list[int]]] = {}
    notes = there.directory / "updates"
    for line in notes.read_text().splitlines() if notes.exists() else ():
        update = json.loads(line).get("neighbor", {}).get("message", {}).get("update", {})
        path = update.get("attribute", {}).get("as-path", [])
        for next_hop, rows in update.get("announce", {}).get(f"ipv{family} unicast", {}).items():
            for row in rows if not next_hop.startswith("fe80:") else ():
                found.setdefault(row["nlri"], {})[next_hop] = path
    return found
