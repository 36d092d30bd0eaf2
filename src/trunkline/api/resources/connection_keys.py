"""What may be asked of connections: a VPN connection's shared key, read, set and made anew; the rest is not offered."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from trunkline.api.declaration import Action, Ledger, Question, Refusal
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.model.network import ConnectionType
from trunkline.model.resource import Json, Properties, Resource

_LETTERS = string.ascii_letters + string.digits

NO_TUNNEL = Refusal("VpnNotSupported", "VPN connections are recorded on this platform: no tunnel stands behind them, "
                    "so there are no packets to capture, no IKE associations and no device to configure. Use a "
                    "connection to a circuit.")


class SharedKey(Properties):
    value: Annotated[str, Field(min_length=1, max_length=128)]


class KeyLength(Properties):
    key_length: Annotated[int, Field(ge=1, le=128)]


def _has_key(connection: Resource, _estate: Estate, _question: Question) -> Iterator[Fault]:
    if connection.properties["connectionType"] == ConnectionType.EXPRESS_ROUTE:
        yield Fault("SharedKeyNotSupported", f"{connection.id} is of connectionType ExpressRoute, which has no shared "
                    "key. A peering's session is protected by the peering's sharedKey.")


def _key(connection: Resource, _estate: Estate, _question: Question) -> Json:
    return {"id": f"{connection.id}/sharedkey", "value": connection.secrets.get("sharedKey", "")}


def _length(connection: Resource, _estate: Estate, _question: Question) -> Json:
    return {"keyLength": len(connection.secrets.get("sharedKey", ""))}


def _with_key(connection: Resource, key: str) -> Resource:
    return replace(connection, secrets={**connection.secrets, "sharedKey": key})


def _set(connection: Resource, _ledger: Ledger, question: Question) -> Resource:
    return _with_key(connection, str(question.body["value"]))


def _anew(connection: Resource, _ledger: Ledger, question: Question) -> Resource:
    length = int(question.body["keyLength"])
    return _with_key(connection, "".join(secrets.choice(_LETTERS) for _ in range(length)))


def _again(connection: Resource, _ledger: Ledger, _question: Question) -> Resource:
    """The same wish once more: the reconciler looks at its tunnels and sessions and mends what differs."""
    return connection


CONNECTION_ACTIONS = (
    Action("sharedkey", "GET", quick=True, check=_has_key, answer=_key),
    Action("sharedkey", "PUT", body=SharedKey, check=_has_key, change=_set, answer=_key),
    Action("sharedkey/reset", body=KeyLength, check=_has_key, change=_anew, answer=_length),
    Action("resetconnection", change=_again),
    *(Action(name, refused=NO_TUNNEL) for name in (
        "startPacketCapture", "stopPacketCapture", "getikesas", "vpndeviceconfigurationscript")))
