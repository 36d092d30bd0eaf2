"""What a session does to a route beside its policy, when it is told to the peer. Pure."""

from __future__ import annotations

from dataclasses import replace

from trunkline.intent.bgp.observed import RibEntry
from trunkline.intent.bgp.router import Session

#: How daemons write the next hop of their own routes.
NO_HOP = ("", "0.0.0.0", "::")  # noqa: S104  # nothing is bound
_NO_EXPORT, _NO_ADVERTISE, _NO_EXPORT_SUBCONFED = (65535, 65281), (65535, 65282), (65535, 65283)


def as_sent(entry: RibEntry, session: Session) -> RibEntry:
    """A route that the export policy has permitted, as the peer receives it (RFC 4271, sections 5.1.2 to 5.1.4): to
    another AS with our number in front, ourselves as next hop, and a MED only if the policy gives one; inside the AS,
    and to a route server's client, unchanged, except for routes that have no next hop of their own. A next hop that the
    policy gives stays."""
    changes = session.local_asn != session.peer_asn and not session.route_server
    given = entry.next_hop in {rule.next_hop for rule in session.export_policy.rules if rule.next_hop}
    own_hop = not given and (changes or session.next_hop_self or entry.next_hop in NO_HOP)
    keeps_med = not changes or entry.med in {rule.med for rule in session.export_policy.rules}
    return replace(
        entry, session=session.name, best=True, med=entry.med if keeps_med else 0,
        as_path=(session.local_asn, *entry.as_path) if changes else entry.as_path,
        next_hop=session.local_address if own_hop else entry.next_hop)


def withheld(entry: RibEntry, session: Session) -> bool:
    """Whether a route's well-known communities keep it from this peer (RFC 1997)."""
    if not session.heeds_communities:
        return False
    external = session.local_asn != session.peer_asn
    return _NO_ADVERTISE in entry.communities or (
        external and (_NO_EXPORT in entry.communities or _NO_EXPORT_SUBCONFED in entry.communities))
