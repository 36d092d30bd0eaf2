"""Who may come in at a leg's attachment: the customer whose sessions its VRF has."""

from __future__ import annotations

from trunkline.intent.allocation import attachment_index
from trunkline.intent.bgp import Router
from trunkline.intent.compile.draft import CUSTOMER, attachment
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.network import Sentry
from trunkline.intent.view import CircuitView
from trunkline.model.circuit import Leg
from trunkline.model.peering import PeeringType


def sentry(circuit: CircuitView, kind: PeeringType, which: Leg, router: Router) -> Sentry:
    """``router``: the VRF's."""
    sessions = [session for session in router.sessions if session.group == CUSTOMER]
    return Sentry(
        router.node, sessions[0].interface, attachment_index(circuit.resource.number, which, kind),
        edge_node(circuit.location, which), attachment(circuit, which, kind),
        own=tuple(session.local_address for session in sessions),
        peers=tuple(session.peer_address for session in sessions))
