"""What this machine has and lacks, and what is wrong on the backbone that runs on it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby

from trunkline.assembly.drivers import drivers
from trunkline.assembly.plant import choose
from trunkline.diagnosis.adjacencies import End, Trouble, ends, troubles
from trunkline.fabric.machine import Fact, facts
from trunkline.intent.bgp import Router
from trunkline.intent.compile.backbone import router_of
from trunkline.intent.drivers import Speaker
from trunkline.intent.network import Role
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.profile import profile_named
from trunkline.settings import Settings
from trunkline.store import Reader, Store


def run(settings: Settings) -> int:
    print(json.dumps([asdict(fact) for fact in (*facts(), *_backbone(settings))]))
    return 0


def _backbone(settings: Settings) -> Iterator[Fact]:
    """Nothing where no backbone runs; else what its daemons say, whether or not a control plane is there to ask."""
    _, speaker = drivers(settings)
    if not any(node.startswith(f"{Role.CORE}-") for node in speaker.running()):
        return
    choose(settings)
    with Store(settings.database_url, keys=settings.places.store_key).reading() as reader:
        yield from backbone_facts(reader, speaker, settings)


def backbone_facts(reader: Reader, speaker: Speaker, settings: Settings) -> Iterator[Fact]:
    scopes = [Scope.parse(text) for kind in (ScopeKind.SPAN, ScopeKind.CROSSING) for text in reader.applied_of(kind)]
    known = sorted(ends(scopes), key=lambda end: (end.site, end.leg, end.interface))
    wrong = [one for (site, leg), there in groupby(known, key=lambda end: (end.site, end.leg))
             for one in _troubles(router_of(site, leg, reader, profile_named(settings.profile)), there, speaker)]
    yield from map(_fact, wrong)
    if not wrong:
        yield Fact("OSPF on the backbone", True, f"{2 * len(known)} adjacencies are Full, with BFD", "")


def _troubles(router: Router, known: Iterable[End], speaker: Speaker) -> Iterator[Trouble]:
    """Of all its links, from one look at it."""
    adjacencies, (_, remarks) = speaker.adjacencies(router), speaker.remarks(router, 0)
    for end in known:
        yield from troubles(end, adjacencies, remarks)


def _fact(one: Trouble) -> Fact:
    end = one.end
    to = "crossing" if end.neighbour == end.site else end.neighbour
    name = f"OSPFv{2 if one.family == 4 else 3} {end.site} {end.leg} to {to}"
    detail = f"{end.node} on {end.interface}, neighbour {one.state or 'unknown'}: {one.problem}"
    return Fact(name, False, detail, one.remedy)
