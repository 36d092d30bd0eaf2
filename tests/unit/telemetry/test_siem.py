"""Events as a SIEM gets them: CEF, JSON, RFC 5424, over UDP, TCP, a Unix socket and into a file; nobody waits."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import pytest

from trunkline.errors import Unsupported
from trunkline.model.event import Event, EventKind, Severity
from trunkline.settings import load
from trunkline.telemetry.siem.formats import Form, line, syslog
from trunkline.telemetry.siem.outlet import Datagrams, Outlet, file_outlet, syslog_outlet
from waiting import until

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ER2 = "/subscriptions/s/resourceGroups/rg1/providers/Microsoft.Network/expressRouteCircuits/er2"
EVENT = Event("e1", EventKind.PREFIX_HIJACK, Severity.CRITICAL, "prefixHijack|x", "er2 took it", ER2, NOON, NOON,
              node="vrf-er2-p", session="customer", leg="primary", prefixes=("10.10.0.0/16",),
              evidence={"peer": "172.16.0.1", "peerAsn": 65020}, action="trunkline contain rg1/er2 primary --shut")
EVIL = replace(EVENT, summary='a|b\\c=d]e"f\ng\x1b[31m\u2028h', evidence={"daemon": ["x=y\r\nCEF:0|forged|"]})


def parsed(text: str) -> tuple[list[str], dict[str, str]]:
    """As a receiver reads CEF: seven headers up to an unescaped pipe, then name=value."""
    *heads, rest = re.split(r"(?<!\\)(?:\\\\)*\|", text, maxsplit=7)
    pairs = re.findall(r"(\w+)=((?:\\.|[^\\=])*?)(?=\s\w+=|$)", rest)
    return heads, {name: re.sub(r"\\(.)", r"\1", value) for name, value in pairs}


def test_cef_has_its_seven_headers_and_fields() -> None:
    heads, fields = parsed(line(EVENT, Form.CEF))
    assert heads[:3] == ["CEF:0", "Trunkline", "Trunkline"]
    assert heads[4:] == ["prefixHijack", "er2 took it", "10"]
    assert fields["rt"] == str(int(NOON.timestamp() * 1000))
    assert (fields["externalId"], fields["src"], fields["suser"]) == ("e1", "172.16.0.1", "AS65020")
    assert (fields["cs1"], fields["cs3"]) == (ER2, "10.10.0.0/16")


def test_what_a_peer_wrote_ends_no_line_and_begins_no_field() -> None:
    for form in Form:
        assert not re.search(r"[\x00-\x1f\x7f\u2028]", line(EVIL, form))
    heads, fields = parsed(line(EVIL, Form.CEF))
    assert len(heads) == 7
    assert fields["msg"] == 'a|b\\c=d]e"f g [31m h'
    assert json.loads(fields["cs5"]) == {"daemon": ["x=y\r\nCEF:0|forged|"]}


def test_json_is_one_object_a_line() -> None:
    told = json.loads(line(EVIL, Form.JSON))
    assert (told["summary"], told["kind"], told["evidence"]) == (EVIL.summary, "prefixHijack", EVIL.evidence)


@pytest.mark.parametrize(("severity", "priority"), [(Severity.CRITICAL, 82), (Severity.HIGH, 83), (Severity.LOW, 85)])
def test_a_syslog_message_is_as_rfc_5424_says(severity: Severity, priority: int) -> None:
    found = re.fullmatch(
        rb'<(\d+)>1 2026-01-01T12:00:00\.000Z edge\.example trunkline - prefixHijack '
        rb'(\[event@32473(?: \w+="(?:\\.|[^"\\\]])*")+\]) (\{.*\})',
        syslog(replace(EVENT, severity=severity), Form.JSON, "edge.example"))
    assert found
    assert int(found[1]) == priority


def test_structured_data_are_escaped() -> None:
    told = syslog(replace(EVENT, source='x"]\\y'), Form.JSON, "a b").decode()
    assert 'resource="x\\"\\]\\\\y"]' in told
    assert " ab trunkline " in told


# ── on the wire ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        yield server


@pytest.fixture
def many_open() -> Iterator[None]:
    """A reconciler has a descriptor for each daemon."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1024)]
    yield
    for descriptor in held:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("form", Form)
def test_each_event_is_one_datagram(receiver: socket.socket, form: Form) -> None:
    outlet = syslog_outlet(f"udp://127.0.0.1:{receiver.getsockname()[1]}", form)
    outlet.tell(EVENT)
    assert receiver.recv(65536).endswith(line(EVENT, form).encode())
    outlet.close()


def test_over_tcp_messages_are_counted_octets_and_a_broken_connection_is_made_again(many_open: None) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(10)
        outlet = syslog_outlet(f"tcp://127.0.0.1:{server.getsockname()[1]}", Form.CEF)
        for _ in range(2):
            outlet.tell(EVENT)
            connection, _ = server.accept()
            connection.settimeout(10)
            with closing(connection):
                told = connection.recv(65536)
                length, _, message = told.partition(b" ")
                assert int(length) == len(message)
                assert message.endswith(line(EVENT, Form.CEF).encode())
        outlet.close()


def test_a_unix_socket_and_a_file_get_them_too(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as server:
        server.bind(str(tmp_path / "log"))
        server.settimeout(10)
        local = syslog_outlet(f"unix://{tmp_path}/log", Form.JSON)
        local.tell(EVENT)
        assert server.recv(65536).startswith(b"<82>1 ")
    kept = file_outlet(str(tmp_path / "events.log"), Form.JSON)
    kept.tell(EVENT)
    kept.tell(EVENT)
    until(lambda: (tmp_path / "events.log").exists() and (tmp_path / "events.log").read_text().count("\n") == 2, 10,
          "two lines")
    for outlet in (local, kept):
        outlet.close()


def test_a_server_that_is_away_keeps_nobody_waiting_and_what_does_not_fit_is_counted() -> None:
    def away(_event: Event) -> None:
        raise ConnectionRefusedError

    outlet = Outlet("away", away, most=3)
    for _ in range(10):
        outlet.tell(EVENT)
    assert 6 <= outlet.lost <= 7, "one may be in the thread's hand"
    outlet.close()


def test_what_waited_is_delivered_when_the_server_is_back() -> None:
    got: list[Event] = []
    away = [True, True]

    def send(event: Event) -> None:
        if away:
            away.pop()
            raise ConnectionRefusedError
        got.append(event)

    outlet = Outlet("back", send)
    outlet.tell(EVENT)
    until(lambda: got == [EVENT], 10, "the event")
    assert outlet.lost == 0
    outlet.close()


@pytest.mark.parametrize("url", ["127.0.0.1:514", "http://x:1", "unix://", "udp://"])
def test_a_place_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Unsupported, match="TRUNKLINE_SYSLOG"):
        syslog_outlet(url, Form.JSON)


def test_settings_are_told_by_their_documented_names() -> None:
    """docs/settings.md."""
    found = load({"TRUNKLINE_SYSLOG": "udp://192.0.2.1:514", "TRUNKLINE_SYSLOG_FORMAT": "cef",
                  "TRUNKLINE_EVENTS_FILE": "/x", "TRUNKLINE_EVENTS_FORMAT": "cef"}).siem
    assert (found.syslog_form, found.file_form) == ("cef", "cef")


@pytest.mark.parametrize("name", ["TRUNKLINE_SYSLOG_FORMAT", "TRUNKLINE_EVENTS_FORMAT"])
def test_a_form_that_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 'xml'; it must be json or cef"):
        load({name: "xml"})


HUGE = replace(EVENT, prefixes=tuple(f"10.{n}.0.0/16" for n in range(200)), evidence={
    **EVENT.evidence, "why": "w" * 5000, "routes": [
        {"asPath": [4_200_000_000] * 80, "communities": ["4200000000:4200000000:4200000000"] * 80}] * 20})


@pytest.mark.parametrize("form", Form)
def test_however_much_a_peer_sends_its_event_fits_a_datagram(form: Form) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        outlet = syslog_outlet(f"udp://127.0.0.1:{server.getsockname()[1]}", form)
        outlet.tell(HUGE)
        message = server.recv(65536)
        outlet.close()
    assert outlet.lost == 0
    assert b"prefixHijack" in message
    assert b"10.0.0.0/16" in message


def test_a_short_form_keeps_the_facts_and_says_that_it_is_one() -> None:
    body = json.loads(syslog(HUGE, Form.JSON, "host").partition(b"] ")[2])
    assert body["evidence"] == {"peer": "172.16.0.1", "peerAsn": 65020, "why": "w" * 200, "prefixCount": 200,
                                "shortened": True}
    assert (body["kind"], body["severity"], len(body["prefixes"])) == ("prefixHijack", "critical", 5)


def test_what_the_way_cannot_carry_whole_goes_in_its_short_form(tmp_path: Path) -> None:
    sent: list[int] = []

    class Narrow(socket.socket):
        def sendto(self, data: bytes, *_: object) -> int:  # type: ignore[override]
            if len(data) > 4000:
                raise OSError(errno.EMSGSIZE, "Message too long")
            sent.append(len(data))
            return len(data)

    long = replace(EVENT, evidence={"daemon": ["x" * 200] * 40})
    with mock.patch("trunkline.telemetry.siem.outlet.socket.socket", Narrow):
        Datagrams(socket.AF_UNIX, str(tmp_path / "log"), Form.JSON)(long)
    assert len(sent) == 1
