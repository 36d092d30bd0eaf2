"""An event as a line: ArcSight's Common Event Format (CEF, version 0), JSON, and both in syslog (RFC 5424). Pure.

Whatever a peer can put into an event (a NOTIFICATION's text in a daemon's log, a community) is escaped, so that no line
can be ended, no field begun by it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from ipaddress import ip_address

from trunkline import __version__
from trunkline.model.event import Event, EventState, Severity
from trunkline.model.resource import Json


class Form(StrEnum):
    CEF = "cef"
    JSON = "json"


#: CEF counts from 0 to 10, syslog from 7 (debug) to 0 (emergency).
_CEF: Mapping[Severity, int] = {
    Severity.INFORMATIONAL: 1, Severity.LOW: 3, Severity.MEDIUM: 5, Severity.HIGH: 8, Severity.CRITICAL: 10}
_SYSLOG: Mapping[Severity, int] = {
    Severity.INFORMATIONAL: 6, Severity.LOW: 5, Severity.MEDIUM: 4, Severity.HIGH: 3, Severity.CRITICAL: 2}
#: Security and authorization messages (RFC 5424, 6.2.1).
_FACILITY = 10
#: RFC 5612: the number for examples, under which nobody else's structured data stands.
_ENTERPRISE = 32473
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: A message that is longer is sent in its short form: well below the 65,507 bytes of a datagram.
_MOST_BYTES = 32_768
_FEW, _BRIEF = 5, 200  #: items of a list and characters of a text in the short form
_LONGEST = 1000  #: characters of a text, and of the evidence in CEF


def line(event: Event, form: Form) -> str:
    return _cef(event) if form is Form.CEF else _json(event)


def _json(event: Event) -> str:
    """Control characters are escaped by JSON itself."""
    return json.dumps(as_json(event), separators=(",", ":"), sort_keys=True)


def as_json(event: Event) -> Json:
    return {
        "id": event.id, "kind": event.kind, "severity": event.severity, "state": event.state,
        "summary": event.summary, "source": event.source, "affected": list(event.affected), "leg": event.leg,
        "node": event.node, "session": event.session, "prefixes": list(event.prefixes[:100]),
        "evidence": event.evidence, "suggestedAction": event.action, "count": event.count,
        "firstSeen": event.first_seen.isoformat(), "lastSeen": event.last_seen.isoformat(),
        "ended": event.ended.isoformat() if event.ended else None, "containments": list(event.containments)}


def _cef(event: Event) -> str:
    """``CEF:0|vendor|product|version|class|name|severity|extension``."""
    head = ("Trunkline", "Trunkline", __version__, event.kind.value, event.summary, str(_CEF[event.severity]))
    return "|".join(("CEF:0", *map(_in_header, head), " ".join(
        f"{name}={_in_extension(value)}" for name, value in _extension(event).items() if value)))


def _extension(event: Event) -> dict[str, str]:
    """CEF's own names; where it has none, a custom string with its label."""
    peer = str(event.evidence.get("peer", ""))
    return {
        "rt": str(int(event.last_seen.timestamp() * 1000)), "start": str(int(event.first_seen.timestamp() * 1000)),
        "end": str(int(event.ended.timestamp() * 1000)) if event.ended else "", "externalId": event.id,
        "cat": "bgp", "outcome": event.state.value, "cnt": str(event.count), "msg": event.summary,
        "src": peer if peer and ip_address(peer).version == 4 else "",
        "c6a2": peer if peer and ip_address(peer).version == 6 else "",
        "c6a2Label": "Source IPv6 Address" if peer and ip_address(peer).version == 6 else "",
        "dvchost": event.node, "suser": f"AS{event.evidence['peerAsn']}" if "peerAsn" in event.evidence else "",
        "cs1Label": "resource", "cs1": event.source, "cs2Label": "affected", "cs2": " ".join(event.affected),
        "cs3Label": "prefixes", "cs3": " ".join(event.prefixes[:20]), "cs4Label": "suggestedAction",
        "cs4": event.action, "cs5Label": "evidence", "cs5": json.dumps(event.evidence, separators=(",", ":")),
        "act": "contained" if event.state is EventState.CONTAINED else ""}


def _in_header(text: str) -> str:
    return _CONTROLS.sub(" ", text)[:_LONGEST].replace("\\", "\\\\").replace("|", "\\|")


def _in_extension(text: str) -> str:
    return _CONTROLS.sub(" ", text)[:_LONGEST].replace("\\", "\\\\").replace("=", "\\=")


def shortened(event: Event) -> Event:
    """What a peer has no hand in, whole, and the beginning of the rest: some 3 kB, however much it has sent."""
    facts = {name: value[:_BRIEF] if isinstance(value, str) else value for name, value in event.evidence.items()
             if isinstance(value, str | int | float | bool)}
    return replace(event, summary=event.summary[:_BRIEF], prefixes=event.prefixes[:_FEW],
                   victims=event.victims[:_FEW], containments=event.containments[-_FEW:],
                   evidence={**facts, "prefixCount": len(event.prefixes), "shortened": True})


def syslog(event: Event, form: Form, host: str) -> bytes:
    """RFC 5424, with the event's key facts as structured data; short if it would be too long."""
    whole = _message(event, form, host)
    return whole if len(whole) <= _MOST_BYTES else _message(shortened(event), form, host)


def _message(event: Event, form: Form, host: str) -> bytes:
    priority = _FACILITY * 8 + _SYSLOG[event.severity]
    moment = event.last_seen.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = " ".join(f'{name}="{_in_data(value)}"' for name, value in (
        ("id", event.id), ("kind", event.kind), ("severity", event.severity), ("state", event.state),
        ("resource", event.source)))
    return (f"<{priority}>1 {moment} {_in_name(host)} trunkline - {event.kind} [event@{_ENTERPRISE} {data}] "
            f"{line(event, form)}").encode()


def _in_data(text: str) -> str:
    """RFC 5424, 6.3.3."""
    return re.sub(r'([\\"\]])', r"\\\1", _CONTROLS.sub(" ", text))


def _in_name(text: str) -> str:
    """Printable ASCII without spaces; a dash for nothing."""
    return re.sub(r"[^\x21-\x7e]", "", text)[:255] or "-"
