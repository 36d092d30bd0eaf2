"""Whether the prefixes that a customer means to announce on Microsoft peering are theirs, in Azure's states.

A registry or ROA says which AS may announce a prefix; that this customer is that AS, a route object says that bears the
peering's validation id in its remarks, or an operator who has bound the AS number to the subscription. An operator may
approve what no registry vouches for. Whatever the evidence, a prefix is of one subscription. The reconciler judges, and
keeps its words with the peering (``status``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

from trunkline.intent.holdings import Holdings
from trunkline.model.approval import PrefixApproval
from trunkline.model.bgp import is_private_asn
from trunkline.model.peering import MicrosoftConfig, Peering
from trunkline.model.registry import Registries
from trunkline.model.resource import Json, Resource

#: An operator's word on whose an AS number is.
ASN_BINDING = "Trunkline.Plant/asnBindings"
#: Where a peering's status keeps what registries and operators said.
REGISTRY = "_registry"


class PrefixState(StrEnum):
    """Of one prefix, as far as Azure's words are used here; of all together the first four."""

    NOT_CONFIGURED = "NotConfigured"
    CONFIGURING = "Configuring"
    CONFIGURED = "Configured"
    VALIDATION_NEEDED = "ValidationNeeded"  #: nobody says that it is this customer's, or it is another's
    MANUAL_VALIDATION_NEEDED = "ManualValidationNeeded"  #: a private AS number, which no registry can know
    ASN_VALIDATION_FAILED = "AsnValidationFailed"  #: it is registered to another AS


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that there is on a peering's prefixes: what registries say, and operators. ``bound``: AS numbers of its
    subscription. ``holdings``: what other subscriptions have already."""

    registries: Registries
    approvals: tuple[PrefixApproval, ...] = ()
    bound: frozenset[int] = frozenset()
    holdings: Holdings = field(default_factory=Holdings)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``by``: who said so, and of what."""

    prefix: str
    state: PrefixState
    by: str = ""


def configuration(model: Peering, family: int) -> MicrosoftConfig | None:
    """What a peering says of one family; ``None`` where it has none."""
    six = model.ipv6_peering_config
    if family == 4:
        return model.microsoft_peering_config if model.has_ipv4 else None
    return six.microsoft_peering_config if six else None


def registered_asn(model: Peering, config: MicrosoftConfig) -> int:
    """To whom the prefixes are registered: the customer may name another AS than the peer."""
    return config.customer_asn or model.peer_asn


def verdicts(peering: Resource, family: int) -> tuple[Verdict, ...]:
    """On each prefix that the peering means to announce in a family."""
    model = Peering.model_validate(peering.properties)
    config = configuration(model, family)
    if config is None:
        return ()
    asn, words = registered_asn(model, config), peering.status.get(REGISTRY, {})
    return tuple(_verdict(prefix, words.get(word_key(prefix, asn))) for prefix in config.advertised_public_prefixes)


def _verdict(prefix: str, word: Json | None) -> Verdict:
    if word is None:
        return Verdict(prefix, PrefixState.CONFIGURING)
    return Verdict(prefix, PrefixState(word["state"]), word["by"])


def wanted(peering: Resource) -> tuple[str, ...]:
    """The prefixes of both families that it means to announce."""
    return tuple(one.prefix for family in (4, 6) for one in verdicts(peering, family))


def held(peering: Resource) -> tuple[str, ...]:
    """The prefixes that are its: of both families, as far as they are Configured."""
    if peering.deleting:
        return ()
    return tuple(one.prefix for family in (4, 6) for one in verdicts(peering, family)
                 if one.state is PrefixState.CONFIGURED)


def word_key(prefix: str, asn: int) -> str:
    return f"{prefix} AS{asn}"


def overall(found: tuple[Verdict, ...]) -> PrefixState:
    """``advertisedPublicPrefixesState``: the session of a family is enabled once it is Configured."""
    states = {one.state for one in found}
    if not states:
        return PrefixState.NOT_CONFIGURED
    if states <= {PrefixState.CONFIGURED}:
        return PrefixState.CONFIGURED
    return PrefixState.CONFIGURING if states <= {PrefixState.CONFIGURED, PrefixState.CONFIGURING} \
        else PrefixState.VALIDATION_NEEDED


def validation_id(peering: Resource, prefix: str) -> str:
    """What the owner of a prefix refers to; the same for as long as the peering asks for it."""
    return hashlib.blake2b(f"{peering.id.key} {prefix}".encode(), digest_size=16).hexdigest()


def judged(peering: Resource, evidence: Evidence) -> Json:
    """What is to be said of each prefix, to be kept with the peering."""
    model, found = Peering.model_validate(peering.properties), {}
    for config in filter(None, (configuration(model, family) for family in (4, 6))):
        asn = registered_asn(model, config)
        for prefix in config.advertised_public_prefixes:
            state, by = _proven(peering, config, asn, prefix, evidence)
            if state is PrefixState.CONFIGURED and evidence.holdings.others(peering.id, prefix):
                state, by = PrefixState.VALIDATION_NEEDED, _TAKEN
            found[word_key(prefix, asn)] = {"state": state.value, "by": by}
    return found


def is_taken(words: Json) -> bool:
    """Whether some prefix is another subscription's, so that these words change when that lets go of it."""
    return any(word["by"] == _TAKEN for word in words.values())


#: Whose it is, is not told.
_TAKEN = ("it overlaps what is validated for another subscription; the operator has to take that back before it can be "
          "yours")


def _proven(peering: Resource, config: MicrosoftConfig, asn: int, prefix: str,
            evidence: Evidence) -> tuple[PrefixState, str]:
    approval = next((one for one in evidence.approvals if one.covers(prefix, asn)), None)
    if approval:
        return PrefixState.CONFIGURED, f"operator: {approval.evidence or 'approved'}"
    if is_private_asn(asn):
        return PrefixState.MANUAL_VALIDATION_NEEDED, f"AS{asn} is private; no registry can vouch for it"
    word = evidence.registries.ask(prefix, asn, config.routing_registry_name)
    if not word.vouched:
        return PrefixState.ASN_VALIDATION_FAILED if word.known else PrefixState.VALIDATION_NEEDED, word.by
    if asn in evidence.bound:
        return PrefixState.CONFIGURED, f"{word.by}; operator: AS{asn} is of this subscription"
    mark = validation_id(peering, prefix)
    if evidence.registries.marked(prefix, asn, mark, config.routing_registry_name):
        return PrefixState.CONFIGURED, f"{word.by}; a route object of AS{asn} bears the validationId"
    return PrefixState.VALIDATION_NEEDED, (
        f"{word.by}, but nothing says that you are AS{asn}: write '{mark}' into the remarks of its route object, or "
        "ask the operator to bind the AS number to your subscription")
