"""Virtual appliances (NVAs): machines of a virtual network that forward, with a host behind and their own daemon."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from stage import Stage
from trunkline.model.resource import Resource

#: Addresses of the Route Server in ``estates.route_server``.
INSTANCES = ("10.1.254.4", "10.1.254.5")
ANNOUNCED, BEHIND = "10.99.0.0/16", "10.99.0.10"


def forwarding(one: Resource) -> Resource:
    return replace(one, properties={**one.properties, "enableIPForwarding": True})


@contextmanager
def host_behind(stage: Stage, node: str, address: str = BEHIND) -> Iterator[str]:
    """A namespace with ``address`` on a wire to a VM that forwards; its name."""
    name, prefix = f"behind-{secrets.token_hex(4)}", address.rpartition(".")[0]
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        ip = ("ip", "-n", name)
        subprocess.run([*ip, "link", "add", "eth0", "type", "veth", "peer", "name", "lan",
                        "netns", stage.namespace(node)], check=True)
        subprocess.run([*ip, "address", "add", f"{address}/24", "dev", "eth0"], check=True)
        subprocess.run([*ip, "link", "set", "eth0", "up"], check=True)
        for words in (("ip", "address", "add", f"{prefix}.1/24", "dev", "lan"), ("ip", "link", "set", "lan", "up"),
                      ("sysctl", "-qw", "net.ipv4.ip_forward=1")):
            assert stage.run(node, *words).returncode == 0
        subprocess.run([*ip, "route", "add", "default", "via", f"{prefix}.1"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


@contextmanager
def bird(stage: Stage, directory: Path, node: str, own: str, asn: int, prefix: str = ANNOUNCED,
         marked: str = "") -> Iterator[int]:
    """The user's own daemon inside a VM, in the foreground; its pid. ``marked``: a prefix announced NO_ADVERTISE."""
    home = directory / node
    home.mkdir(exist_ok=True)
    sessions = "".join(f"""
protocol bgp rs{number} {{
  local {own} as {asn}; neighbor {instance} as 65515; multihop; connect retry time 1; connect delay time 0;
  ipv4 {{ import all; export filter {{
    {f"if net = {marked} then bgp_community.add((65535, 65282));" if marked else ""}
    if source = RTS_STATIC then accept; reject; }}; }};
}}""" for number, instance in enumerate(INSTANCES))
    (home / "bird.conf").write_text(f"""router id {own};
protocol device {{}}
protocol static {{ ipv4; route {prefix} unreachable; {f"route {marked} unreachable;" if marked else ""} }}
{sessions}
""")
    command = stage.command(node, "bird", "-f", "-c", str(home / "bird.conf"), "-s", str(home / "ctl"))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def told(stage: Stage, directory: Path, node: str) -> dict[str, str]:
    """AS path by prefix of what an NVA has learned."""
    shown = subprocess.run(["birdc", "-s", str(directory / node / "ctl"), "show", "route", "all"],
                           capture_output=True, text=True, check=False).stdout
    found, prefix = {}, ""
    for line in shown.splitlines():
        if line[:1].isdigit():
            prefix = line.split()[0]
        elif "BGP.as_path:" in line:
            found[prefix] = line.partition(":")[2].strip()
    return found
