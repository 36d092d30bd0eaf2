"""How much traffic each pair of prefixes is taken to have, in each direction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from trunkline.errors import Fault
from trunkline.intent.compile.policing import bandwidth_bps
from trunkline.intent.connectivity.model import Bundle
from trunkline.intent.connectivity.pairs import Place, private_circuits
from trunkline.intent.estate import Estate
from trunkline.model.resource import Resource

MEGABIT = 10**6


@dataclass(frozen=True, slots=True)
class Demand:
    """Said of all pairs of prefixes between two ends together: names or GROUP/NAME, in any case."""

    here: str
    there: str
    mbps: float


def demands(bundles: Sequence[Bundle], sites: Iterable[Resource], estate: Estate, load_percent: float,
            said: Iterable[Demand] = ()) -> tuple[float, ...]:
    """Of each bundle, in bit/s. Where nothing is said a site has ``load_percent`` of the bandwidth of its circuits, one
    leg of each, spread evenly over its pairs; pairs of IPv4 and IPv6 count alike."""
    told = _told(bundles, said)
    offered = {site.id.key: load_percent / 100 * sum(bandwidth_bps(one.model) for one in private_circuits(site, estate))
               for site in sites}
    count: dict[str, int] = {}
    for bundle in bundles:
        count[_site(bundle)] = count.get(_site(bundle), 0) + len(bundle.pairs)
    return tuple(told.get(index, offered[_site(bundle)] * len(bundle.pairs) / count[_site(bundle)])
                 for index, bundle in enumerate(bundles))


def _site(bundle: Bundle) -> str:
    return bundle.pairs[0].here.owner.key


def _told(bundles: Sequence[Bundle], said: Iterable[Demand]) -> Mapping[int, float]:
    found: dict[int, float] = {}
    for demand in said:
        meant = [index for index, bundle in enumerate(bundles)
                 if _is_called(bundle.pairs[0].here, demand.here) and _is_called(bundle.pairs[0].there, demand.there)]
        if len({_owners(bundles[index]) for index in meant}) > 1:
            known = ", ".join(sorted({" ".join(_owners(bundles[index])) for index in meant}))
            raise Fault("AmbiguousPair", f"'{demand.here} {demand.there}' may be each of {known}; write GROUP/NAME.")
        if not meant:
            known = ", ".join(sorted({f"{bundle.pairs[0].here.name} {bundle.pairs[0].there.name}".lower()
                                      for bundle in bundles})) or "none"
            raise Fault("UnknownPair", f"there is no pair '{demand.here} {demand.there}' to give a demand; the pairs "
                        f"of a site and what its circuits lead to are: {known}.")
        prefixes = sum(len(bundles[index].pairs) for index in meant)
        found |= {index: demand.mbps * MEGABIT * len(bundles[index].pairs) / prefixes for index in meant}
    return found


def _is_called(place: Place, said: str) -> bool:
    return said.lower() in (place.name.lower(), f"{place.owner.group}/{place.name}".lower())


def _owners(bundle: Bundle) -> tuple[str, ...]:
    return tuple(f"{one.owner.group}/{one.name}" for one in (bundle.pairs[0].here, bundle.pairs[0].there))
