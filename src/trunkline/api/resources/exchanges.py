"""Trunkline.Exchange/exchanges: internet exchanges. Only operators write them, for they say who may announce what."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.addressing import unusable
from trunkline.api.resources.linked import immovable
from trunkline.api.resources.looking_glass import ELSEWHERE
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.exchange import EXCHANGE, MEMBER
from trunkline.model.bgp import within
from trunkline.model.exchange import Exchange
from trunkline.model.plant import location
from trunkline.model.resource import Json, Resource


def _model(exchange: Resource) -> Exchange:
    return Exchange.model_validate(exchange.properties)


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    model = _model(wish.resource)
    if location(model.peering_location) is None:
        yield Fault("PeeringLocationNotFound", f"peeringLocation '{model.peering_location}' is not known; an exchange "
                    "stands at a peering location, for example Amsterdam. `az network express-route "
                    "list-service-providers` lists them.", "peeringLocation")
    for member, lan in zip(("lan", "lan6"), model.lans, strict=False):
        yield from unusable(lan, member)
    for admission in model.admissions:
        for prefix in admission.prefixes:
            if any(within(prefix, lan) for lan in model.lans):
                yield Fault("PeeringLanNotAnnounced", f"admissions: prefix {prefix} of AS {admission.asn} lies in the "
                            f"exchange's own LAN, which nobody announces; leave it out.", "admissions")
    if wish.existing:
        yield from _moved(wish, model, estate)


def _moved(wish: Wish, model: Exchange, estate: Register) -> Iterator[Fault]:
    """Members have addresses of the LAN for life. IPv6 may come later, to all of them."""
    if wish.existing is None or not estate.children(wish.resource.id, MEMBER):
        return
    old = _model(wish.existing)
    for name, was, wanted in (("lan", old.lan, model.lan), ("lan6", old.lan6, model.lan6)):
        if was and was != wanted:
            yield immovable(name, was, str(wanted), "Members have addresses in it. Delete the members first, or make "
                            "another exchange.", name)


def _in_use(exchange: Resource, estate: Estate) -> Iterator[Fault]:
    for member in estate.children(exchange.id, MEMBER):
        if not member.deleting:
            yield Conflict("InUseExchangeCannotBeDeleted", f"Exchange {exchange.id} has the member {member.id} and "
                           "cannot be deleted. Delete its members first.")
            return


def _generate(wish: Wish, ledger: Ledger) -> Json:
    return {"number": ledger.allocate("exchanges", wish.resource.id.key)}


def _show(exchange: Resource, _estate: Estate) -> Json:
    model = _model(exchange)
    return {"routeServers": [{"name": f"rs{number}", "asn": model.asn, "addresses": list(addresses)}
                             for number, addresses in enumerate(model.route_servers, 1)],
            "discardAddresses": list(model.discards)}


EXCHANGES = ResourceType(EXCHANGE, model=Exchange, tracked=False, realised=True, check=_check, generate=_generate,
                         show=_show, in_use=_in_use, actions=(ELSEWHERE,))
