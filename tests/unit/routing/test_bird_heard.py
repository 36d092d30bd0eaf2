"""What a peer said: without what the import policy wrote."""

from __future__ import annotations

from trunkline.intent.bgp import PERMIT_ALL, RibEntry, Session
from trunkline.intent.bgp.policy import Action, Policy, Rule
from trunkline.routing.bird.ribs import _unjudged


def test_communities_that_the_import_policy_adds_are_not_the_peers_words() -> None:
    adding = Policy((Rule(Action.PERMIT, add_communities=((12076, 100, 200),)),))
    session = Session("customer", "customer", "c", "172.16.0.2", "172.16.0.1", 12076, 65010, adding, PERMIT_ALL)
    kept = RibEntry(prefix="10.0.0.0/8", next_hop="172.16.0.1", as_path=(65010,), session="customer", local_pref=200,
                    communities=((65010, 80), (12076, 100, 200)))
    told = _unjudged(kept, session)
    assert (told.communities, told.local_pref) == (((65010, 80),), 100)
