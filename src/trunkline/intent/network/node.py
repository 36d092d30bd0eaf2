"""Nodes, and what a plane knows everything by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a node is (design, section 1)."""

    SWITCH = "switch"  #: provider switch, one per provider, location and leg
    EDGE = "edge"  #: the cloud's edge router: its ports
    CORE = "core"  #: backbone router of an edge or region, where tunnels have their sockets
    VRF = "vrf"
    GATEWAY = "gateway"
    ROUTER = "router"  #: VNet router
    HUB = "hub"  #: instance of a Route Server
    VALIDATOR = "rpki"  #: where a cache of validated ROA payloads runs
    SERVICES = "services"  #: public services of a region
    VM = "vm"
    CE = "ce"
    LAN = "lan"
    HOST = "host"
    EXCHANGE = "ixp"  #: the shared LAN of an internet exchange
    ROUTE_SERVER = "rs"


#: Kind and name; unique in an estate.
Key = tuple[str, str]


#: The namespace in which Trunkline runs, where external hand-offs end.
OUTSIDE = ""


@dataclass(frozen=True, slots=True)
class Address:
    """``local`` with prefix length (``10.0.0.1/30``); with ``peer`` (no length) a point-to-point address."""

    local: str
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A network namespace.

    ``loopback``: addresses of ``lo`` beside 127.0.0.1, with length. ``bridge``: it holds a learning bridge ``br0``.
    ``sysctls`` beyond the plane's defaults (rp_filter 0, IPv6 off, no ICMP redirects): (name, value) under ``net.``.
    """

    name: str
    role: Role
    forwarding: bool = False
    bridge: bool = False
    loopback: tuple[str, ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()
    host: str = "local"

    @property
    def key(self) -> Key:
        return ("node", self.name)
