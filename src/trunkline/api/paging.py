"""Where the next page of a list is."""

from __future__ import annotations

from urllib.parse import urlencode

from trunkline.api.exchange import Call


def next_link(call: Call, token: str | int) -> str:
    """The same question again, from behind what ``token`` names."""
    query = {name: value for name, value in call.query.items() if name != "$skiptoken"}
    return f"{call.origin}{call.path}?{urlencode({**query, '$skipToken': str(token)})}"
