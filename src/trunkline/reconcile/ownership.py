"""Whose public prefixes are, judged one peering after the other: what one has, another subscription does not get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Lock

from trunkline.intent.holdings import Holdings
from trunkline.intent.peering import PREFIX_APPROVAL, approvals
from trunkline.intent.validation import ASN_BINDING, REGISTRY, Evidence, held, is_taken, judged, wanted
from trunkline.intent.view import PEERING
from trunkline.model.approval import PrefixApproval
from trunkline.model.asn_binding import AsnBinding
from trunkline.model.peering import PeeringType
from trunkline.model.registry import Registries
from trunkline.model.resource import Resource, ResourceId
from trunkline.store import Reader, Store


class Ownership:
    """Thread-safe. Begins with what was said in an earlier life."""

    def __init__(self, store: Store) -> None:
        self._store, self._holdings, self._lock = store, Holdings(), Lock()
        self._waiting: dict[str, ResourceId] = {}  #: those that want what another subscription has
        with store.reading() as reader:
            for one in reader.list(PEERING):
                if is_microsoft(one.id):
                    self._holdings.put(one.id, held(one))

    @property
    def waiting(self) -> tuple[ResourceId, ...]:
        with self._lock:
            return tuple(self._waiting.values())

    def judge(self, peering: ResourceId, registries: Registries) -> bool:
        """Write down what is to be said of its prefixes; whether that is news."""
        with self._lock:
            with self._store.reading() as reader:
                found = reader.get(peering)
                evidence = self._evidence(found, registries, reader) if found and not found.deleting else None
            self._waiting.pop(peering.key, None)
            if found is None or evidence is None:
                self._holdings.put(peering, ())
                return False
            words = judged(found, evidence)
            status = {**found.status, REGISTRY: words}
            self._holdings.put(peering, held(replace(found, status=status)))
            if is_taken(words):
                self._waiting[peering.key] = peering
            if found.status.get(REGISTRY, {}) == words:
                return False
            with self._store.writing() as writer:
                if latest := writer.get(peering):
                    writer.set_status(peering, status={**latest.status, REGISTRY: words})
            return True

    def _evidence(self, peering: Resource, registries: Registries, reader: Reader) -> Evidence:
        circuit, own = peering.id.parent, peering.id
        for prefix in wanted(peering):
            for other in self._holdings.others(own, prefix):
                holder = reader.get(other)
                if holder is None or holder.deleting:
                    self._holdings.put(other, ())
        bound = frozenset(AsnBinding.model_validate(one.properties).asn
                          for one in reader.list(ASN_BINDING, own.subscription) if not one.deleting)
        return Evidence(registries, approvals(reader, circuit) if circuit else (), bound, self._holdings)


def is_microsoft(peering: ResourceId) -> bool:
    return peering.type.lower() == PEERING.lower() and peering.name.lower() == PeeringType.MICROSOFT.lower()


def concerned(subject: ResourceId, reader: Reader) -> Iterator[ResourceId]:
    """Microsoft peerings of which other things are said when a resource changes."""
    kind = subject.type.lower()
    if is_microsoft(subject):
        yield subject
    elif kind == ASN_BINDING.lower():
        yield from (one.id for one in reader.list(PEERING, subject.subscription) if is_microsoft(one.id))
    elif kind == PREFIX_APPROVAL.lower() and (found := reader.get(subject)):
        circuit = PrefixApproval.model_validate(found.properties).circuit.target
        yield from (one.id for one in reader.children(circuit, PEERING) if is_microsoft(one.id))
