"""What a speaker puts on a route while sending it (RFC 4271, sections 5.1.2 and 5.1.3). Pure."""

from __future__ import annotations

from dataclasses import replace

from trunkline.intent.bgp import RibEntry, Session

#: How daemons write the next hop of their own routes.
NO_HOP = ("", "0.0.0.0", "::")  # noqa: S104  # nothing is bound


def as_sent(entry: RibEntry, session: Session) -> RibEntry:
    """The entry as the peer receives it: to another AS with our number in front and ourselves as next hop; inside the
    AS unchanged, except for routes that have no next hop of their own."""
    external = session.local_asn != session.peer_asn
    own_hop = external or session.next_hop_self or entry.next_hop in NO_HOP
    return replace(
        entry, session=session.name, best=True,
        as_path=(session.local_asn, *entry.as_path) if external else entry.as_path,
        next_hop=session.local_address if own_hop else entry.next_hop)
