"""The kernel's counters of TCP, read from its own file."""

from __future__ import annotations

from trunkline.fabric import tcp

TEXT = """TcpExt: SyncookiesSent TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure TCPMinTTLDrop Other
TcpExt: 1 2 3 4 5 6
IpExt: InNoRoutes TCPMD5Failure
IpExt: 7 8
"""


def test_what_tcp_refused_is_found_by_name() -> None:
    assert tcp.parse(TEXT) == {"TCPMD5NotFound": 2, "TCPMD5Unexpected": 3, "TCPMD5Failure": 4, "TCPMinTTLDrop": 5}


def test_a_kernel_without_a_counter_tells_the_others() -> None:
    assert tcp.parse("TcpExt: TCPMD5Failure\nTcpExt: 4\n") == {"TCPMD5Failure": 4}
    assert tcp.parse("") == {}


def test_this_kernel_has_them() -> None:
    assert set(tcp.read()) == set(tcp.REASONS)
