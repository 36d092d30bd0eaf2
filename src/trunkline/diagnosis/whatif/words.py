"""Failures, pairs and bounds by the names that people use, and findings as sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from trunkline.diagnosis.whatif.demand import MEGABIT
from trunkline.diagnosis.whatif.sweep import Cost
from trunkline.errors import Fault
from trunkline.intent.compile.draft import instance_node
from trunkline.intent.compile.plant import edge_node, switch_node
from trunkline.intent.compile.policing import policer_name
from trunkline.intent.connectivity.inventory import Inventory
from trunkline.intent.connectivity.model import Bundle
from trunkline.intent.connectivity.pairs import Pair
from trunkline.intent.connectivity.taking import Cause, RouterLoss
from trunkline.intent.connectivity.walking import INWARD, OUTWARD
from trunkline.intent.connectivity.wiring import Meter
from trunkline.intent.network import Direction
from trunkline.model.backbone import site_of
from trunkline.model.circuit import Leg
from trunkline.model.fault import ROUTER, WORDS, FaultKind, Target, spellings, spelt
from trunkline.model.plant import site_called
from trunkline.model.provider import offers
from trunkline.model.resource import ResourceId

#: Names in an error.
_MOST_TOLD = 40

_WAY = {Direction.IN: "from the customer", Direction.OUT: "to the customer"}
_THROUGH = {INWARD: "from the circuits", OUTWARD: "to the circuits"}


class Names:
    def __init__(self, found: Inventory) -> None:
        self._found = found
        ids = [*(one.resource.id for one in found.circuits), *(one.resource.id for one in found.gateways),
               *(one.id for one in found.sites), *found.vnets]
        often = Counter(map(_called, ids))
        self._short = {one.key: one.name if often[_called(one)] == 1 else f"{one.group}/{one.name}" for one in ids}
        self._meters = dict(self._bounds())

    def failure(self, cause: Cause) -> str:
        """As ``trunkline fail`` and ``trunkline whatif`` take it."""
        return " ".join(self._words(cause, self.owner(cause.key) if _is_owned(cause) else ""))

    def _words(self, cause: Cause, owner: str) -> list[str]:
        if isinstance(cause, RouterLoss):
            return [ROUTER, owner, cause.router]
        kind = [] if cause.kind is FaultKind.LEG else [WORDS[cause.kind]]
        names = [owner] if owner else [_place(name) for name in cause.key.split("~")]
        return [*kind, *names, *filter(None, [cause.part])]

    def known(self, causes: Iterable[Cause]) -> Mapping[str, Cause]:
        """Failures by all that they may be called; what somebody owns also with its group."""
        return {name: cause for cause in causes for owner in self._owners(cause)
                for name in spellings(self._words(cause, owner))}

    def _owners(self, cause: Cause) -> tuple[str, ...]:
        if not _is_owned(cause):
            return ("",)
        identity = ResourceId.parse(cause.key)
        return self.owner(cause.key), f"{identity.group}/{identity.name}"

    def find(self, text: str, known: Mapping[str, Cause]) -> Cause:
        """The failure that is meant."""
        words = text.split()
        found = known.get(spelt(words))
        if found is None:
            names = sorted({self.failure(cause) for cause in known.values()})
            near = [name for name in names if words and words[0].casefold() in name.casefold().split(" ")]
            raise Fault("UnknownFailure", f"there is no '{text}' to fail; there are: "
                        f"{'; '.join((near or names)[:_MOST_TOLD])}.")
        return found

    def bound(self, meter: Meter) -> str:
        return self._meters.get(meter, " ".join(meter))

    def _bounds(self) -> Iterable[tuple[Meter, str]]:
        for one in self._found.circuits:
            for leg in Leg:
                for way, words in _WAY.items():
                    name = policer_name(one.resource.number, leg, way)
                    who = f"{self._short[one.resource.id.key]} {leg}"
                    yield (edge_node(one.location, leg), name), f"{who}, {words}"
                    yield (switch_node(one.provider, one.location, leg), name), f"throttle of {who}, {words}"
        for gateway in self._found.gateways:
            for through, words in _THROUGH.items():
                yield ((instance_node(gateway.resource.id, 0), through),
                       f"gateway {self._short[gateway.resource.id.key]}, {words}")

    def owner(self, key: str) -> str:
        """A circuit, gateway, site or network by its shortest name that no other of its kind has."""
        return self._short.get(key) or ResourceId.parse(key).name

    def between(self, bundle: Bundle) -> tuple[str, str]:
        """The two ends."""
        first = bundle.pairs[0]
        return self.owner(first.here.owner.key), self.owner(first.there.owner.key)

    def why(self, cause: Cause, bundles: Sequence[Bundle]) -> str:
        """Why all paths of these pairs go through what fails."""
        if isinstance(cause, RouterLoss):
            return self._ends_at(cause)
        sites = list(self._sites(cause, bundles[0].pairs[0]))
        place = _place(cause.key)
        return {
            FaultKind.LEG: f"no other leg carries what {_listed(sites)} needs",
            FaultKind.EDGE: "nothing leads past this edge: the other leg is not in use",
            FaultKind.SWITCH: "nothing leads past this switch: the other leg is not in use",
            FaultKind.INSTANCE: "the other instance has no path",
            FaultKind.SPAN: "both planes of the backbone take this link",
            FaultKind.CORE: "the other plane of the backbone leads nowhere",
            FaultKind.LOCATION: (f"every circuit that {_listed(sites)} uses for this comes in at {place}" if sites
                                 else f"everything leads through {place}"),
            FaultKind.REGION: f"everything leads through {place}",
        }[cause.kind]

    def _sites(self, cause: Target, pair: Pair) -> Iterator[str]:
        """Whose legs fail."""
        if cause.kind is FaultKind.LEG:
            yield from self._sites_on(cause)
        elif cause.kind is FaultKind.LOCATION:
            yield from self._sites_in(cause.key, pair)

    def _sites_on(self, leg: Target) -> Iterator[str]:
        yield from (self.owner(order.site.id.key) for one in self._found.circuits if one.resource.id.key == leg.key
                    for which, order in one.orders if which == leg.part and order.site)

    def _sites_in(self, place: str, pair: Pair) -> Iterator[str]:
        """Those at the ends of a pair all whose legs for it end in one building."""
        for end in (pair.here, pair.there):
            places = {site_of(one.location, leg) for one in self._found.circuits
                      if one.resource.id.key in pair.circuits
                      for leg, order in one.orders if order.site and order.site.id.key == end.owner.key}
            if places == {place}:
                yield self.owner(end.owner.key)

    def _ends_at(self, loss: RouterLoss) -> str:
        legs = [(self._short[one.resource.id.key], leg) for one in self._found.circuits for leg, order in one.orders
                if order.site and order.site.id.key == loss.key and order.order.router == loss.router]
        circuits = list(dict.fromkeys(name for name, _ in legs))
        both = [name for name in circuits if sum(name == other for other, _ in legs) == len(Leg)]
        if both and len(both) == len(circuits):
            return f"both legs of {_listed(both)} end at this one router"
        return f"{_listed([f'{name} {leg}' for name, leg in legs])} end at it and nothing else leads there"

    def sentence(self, causes: Sequence[Cause], cost: Cost, bundles: Sequence[Bundle]) -> str:
        """What these failures cost, at once."""
        parts = [text for indexes, words in ((cost.lost, "cuts off"), (cost.partly, "loses part of the flows of"),
                                             (cost.gone, "takes an end of"))
                 if (text := self._pairs([bundles[index] for index in sorted(indexes)], words))]
        if cost.lost and len(causes) == 1:
            parts[0] += f": {self.why(causes[0], [bundles[index] for index in sorted(cost.lost)])}"
        parts += [f"overloads {self.bound(meter)} with {bps / MEGABIT:,.0f} Mbit/s"
                  for meter, bps in sorted(cost.overloaded.items())]
        return f"{_listed([self.failure(cause) for cause in causes])} {'; '.join(parts)}." if parts else ""

    def _pairs(self, bundles: Sequence[Bundle], words: str) -> str:
        ends = dict.fromkeys(" ↔ ".join(self.between(bundle)) for bundle in bundles)
        return f"{words} {_listed(list(ends), 4)}" if ends else ""


def _is_owned(cause: Cause) -> bool:
    return isinstance(cause, RouterLoss) or cause.kind in (FaultKind.LEG, FaultKind.INSTANCE)


def _place(name: str) -> str:
    """Of the plant, or of a provider."""
    offer = offers().get(name)
    return offer.name if offer else site_called(name)


def _called(one: ResourceId) -> tuple[str, str, str]:
    """What tells it apart from others of its owner and kind, but for those in another group."""
    return one.subscription.lower(), one.type.lower(), one.name.lower()


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = list(names[:most]) + ([f"{len(names) - most} more"] if len(names) > most else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "nothing"
