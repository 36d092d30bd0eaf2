"""JSON as az sends it with a template: ``template:`` bare before the file's own text, in which comments may stand.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|[A-Za-z_]\w*(?=\s*:)', re.DOTALL)


def relaxed(body: bytes) -> bytes:
    """Strict JSON: bare names in quotes, comments gone, lines inside texts escaped."""
    try:
        return _PIECE.sub(_strict, body.decode("utf-8-sig")).encode()
    except UnicodeDecodeError:
        return body


def _strict(found: re.Match[str]) -> str:
    piece = found[0]
    if piece.startswith('"'):
        return piece.replace("\r", "\\r").replace("\n", "\\n")
    return " " if piece.startswith("/") else f'"{piece}"'
