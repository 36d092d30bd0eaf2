"""What a NOTIFICATION means in words (RFC 4271, section 6; RFC 4486, 7606, 8538, 9234 and 9384 for what came later)."""

from __future__ import annotations

_CEASE = 6
_CODES = {
    1: "Message Header Error", 2: "OPEN Message Error", 3: "UPDATE Message Error", 4: "Hold Timer Expired",
    5: "Finite State Machine Error", _CEASE: "Cease", 7: "ROUTE-REFRESH Message Error",
}
_SUBCODES = {
    1: {1: "Connection Not Synchronized", 2: "Bad Message Length", 3: "Bad Message Type"},
    2: {1: "Unsupported Version Number", 2: "Bad Peer AS", 3: "Bad BGP Identifier",
        4: "Unsupported Optional Parameter", 6: "Unacceptable Hold Time", 7: "Unsupported Capability",
        11: "Role Mismatch"},
    3: {1: "Malformed Attribute List", 2: "Unrecognized Well-known Attribute", 3: "Missing Well-known Attribute",
        4: "Attribute Flags Error", 5: "Attribute Length Error", 6: "Invalid ORIGIN Attribute",
        8: "Invalid NEXT_HOP Attribute", 9: "Optional Attribute Error", 10: "Invalid Network Field",
        11: "Malformed AS_PATH"},
    5: {1: "Unexpected Message in OpenSent", 2: "Unexpected Message in OpenConfirm",
        3: "Unexpected Message in Established"},
    _CEASE: {1: "Maximum Number of Prefixes Reached", 2: "Administrative Shutdown", 3: "Peer De-configured",
             4: "Administrative Reset", 5: "Connection Rejected", 6: "Other Configuration Change",
             7: "Connection Collision Resolution", 8: "Out of Resources", 9: "Hard Reset", 10: "BFD Down"},
    7: {1: "Invalid Message Length"},
}


def in_words(code: int, subcode: int, message: str = "") -> str:
    """``message``: what the peer's operator said (RFC 8203)."""
    name = _CODES.get(code, f"code {code}")
    detail = _SUBCODES.get(code, {}).get(subcode, f"subcode {subcode}" if subcode else "")
    return ": ".join(word for word in (name, detail, message) if word)
