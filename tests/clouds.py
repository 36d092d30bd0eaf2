"""Somebody else's cloud at an internet exchange: a namespace that Trunkline knows nothing of, with a router (BIRD) that
says whatever it is told to say."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trunkline.fabric import namespace
from waiting import until

ROUTE_SERVERS = {4: ("80.249.208.1", "80.249.208.2"), 6: ("2001:7f8:1::1", "2001:7f8:1::2")}
ROUTE_SERVER_ASN = 6777


@dataclass(frozen=True)
class Said:
    """A route as the cloud tells it. ``path``: what stands behind its own number."""

    prefix: str
    path: tuple[int, ...] = ()
    communities: tuple[tuple[int, ...], ...] = ()
    next_hop: str = ""

    @property
    def statement(self) -> str:
        texts = [f"bgp_path.prepend({asn});" for asn in reversed(self.path)]
        texts += [f"bgp_{'large_' if len(one) == 3 else ''}community.add(({', '.join(map(str, one))}));"
                  for one in self.communities]
        texts += [f"bgp_next_hop = {self.next_hop};"] if self.next_hop else []
        return f"if net = {self.prefix} then {{ {' '.join(texts)} accept; }}"


@dataclass(frozen=True)
class Cloud:
    """``own``: its addresses on the LAN."""

    name: str
    interface: str
    directory: Path
    asn: int
    own: tuple[str, str]
    key: str

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(namespace.argv(self.name, list(words)), capture_output=True, text=True, check=False,
                              timeout=10)

    def pings(self, address: str, source: str = "") -> bool:
        return self.run("ping", "-c", "1", "-W", "0.5", *(("-I", source) if source else ()), address).returncode == 0

    @property
    def mac(self) -> bytes:
        told = json.loads(self.run("ip", "-j", "link", "show", self.interface).stdout)
        return bytes.fromhex(told[0]["address"].replace(":", ""))

    def wire(self) -> socket.socket:
        """Sends and sees whole frames."""
        descriptor = namespace.descriptor(self.name)
        with namespace.entered(descriptor):
            made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        made.bind((self.interface, 0))
        return made

    def say(self, *routes: Said) -> None:
        """This, and nothing else, from now on."""
        self.write(routes)
        done = self.ask("configure")
        assert "Reconfigur" in done, done

    def ask(self, *words: str) -> str:
        return subprocess.run(["birdc", "-s", str(self.directory / "ctl"), *words], capture_output=True, text=True,
                              check=False).stdout

    def hears(self, prefix: str) -> str:
        """The AS path and next hop by which it knows a prefix; empty if it does not."""
        told = self.ask("show", "route", prefix, "all")
        facts = [line.partition(":")[2].strip() for line in told.splitlines()
                 if "BGP.as_path" in line or "BGP.next_hop" in line]
        return " via ".join(facts[:2])

    def write(self, routes: Sequence[Said]) -> None:
        sessions = "".join(self._session(family, number, peer, routes)
                           for family, peers in ROUTE_SERVERS.items() for number, peer in enumerate(peers, 1))
        statics = "".join(
            f"protocol static {{ ipv{family}; "
            f"{' '.join(f'route {one.prefix} unreachable;' for one in routes if _family(one.prefix) == family)} }}\n"
            for family in (4, 6))
        (self.directory / "bird.conf").write_text(
            f"router id {self.own[0]};\nprotocol device {{}}\n"
            + "".join(f"protocol kernel {{ ipv{f} {{ export where source = RTS_BGP; }}; }}\n" for f in (4, 6))
            + statics + sessions)

    def _session(self, family: int, number: int, peer: str, routes: Sequence[Said]) -> str:
        said = "\n".join(one.statement for one in routes if _family(one.prefix) == family)
        own = self.own[0 if family == 4 else 1]
        return (f"protocol bgp rs{number}_{family} {{ local {own} as {self.asn}; neighbor {peer} as "
                f"{ROUTE_SERVER_ASN}; password \"{self.key}\"; connect retry time 1; connect delay time 0;\n"
                f"error wait time 1, 2; ipv{family} {{ import all; export filter {{\n{said}\nreject; }}; }}; }}\n")


def _family(prefix: str) -> int:
    return 6 if ":" in prefix else 4


@contextmanager
def cloud(interface: str, directory: Path, asn: int, own: tuple[str, str], key: str,
          hosts: Sequence[str] = ()) -> Iterator[Cloud]:
    """``interface``: the end of the hand-off, which is moved there. ``hosts``: addresses that answer."""
    name = f"cloud-{secrets.token_hex(4)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    here = Cloud(name, interface, directory, asn, own, key)
    try:
        subprocess.run(["ip", "link", "set", interface, "netns", name], check=True)
        # By default Linux asks with whatever address a packet has; a port takes ARP of the LAN's own address alone.
        assert here.run("sysctl", "-qw", "net.ipv4.conf.all.arp_announce=2").returncode == 0
        for address in (f"{own[0]}/24", f"{own[1]}/64"):
            assert here.run("ip", "address", "add", address, "dev", interface, "nodad").returncode == 0
        for link in ("lo", interface):
            assert here.run("ip", "link", "set", link, "up").returncode == 0
        for host in hosts:
            assert here.run("ip", "address", "add", host, "dev", "lo").returncode == 0
        here.write(())
        command = namespace.argv(name, ["bird", "-f", "-c", str(directory / "bird.conf"), "-s", str(directory / "ctl")])
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                until(lambda: "ready" in here.ask("show", "status").lower() or "up and running" in here.ask(
                    "show", "status").lower(), 10, "the cloud's daemon")
                yield here
            finally:
                process.kill()
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)
