"""Who may do what where. A client may use its subscriptions; only operators change the plant itself."""

from __future__ import annotations

from trunkline.api.accounts import Account, Accounts
from trunkline.api.exchange import Call
from trunkline.errors import Fault, NotFound

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete", "POST": "action"}

#: Writable by whoever owns the circuit they name; everything else in the plant is the operator's.
_CUSTOMERS_PLANT = ("faults", "status")


def check_access(accounts: Accounts, call: Call) -> str:
    """The subscription as it is spelled; raises when it is unknown, not the client's, or the plant not theirs."""
    wanted = call.names["subscription"]
    known = accounts.subscription(wanted)
    if known is None:
        raise NotFound(f"The subscription '{wanted[:80]}' could not be found.", "SubscriptionNotFound")
    if not call.account.may_use(known.id) or not _plant_allowed(call):
        raise forbidden(call)
    return known.id


def forbidden(call: Call) -> Fault:
    account = call.account
    return Fault(
        "AuthorizationFailed",
        f"The client '{account.client_id}' with object id '{account.object_id}' does not have authorization to perform "
        f"action '{_action(call)}' over scope '{call.path}' or the scope is invalid. If access was recently granted, "
        "please refresh your credentials.", status=403)


def _plant_allowed(call: Call) -> bool:
    kind = "/".join((call.names.get("namespace", ""), call.names.get("rest", "").strip("/").partition("/")[0]))
    return not call.writes or may_write(call.account, kind)


def may_write(account: Account, kind: str) -> bool:
    """Whether resources of a type are the account's to write, in its own subscriptions."""
    namespace, _, rest = kind.lower().partition("/")
    return account.operator or namespace != "trunkline.plant" or rest.partition("/")[0] in _CUSTOMERS_PLANT


def _action(call: Call) -> str:
    """As Azure names it: ``Microsoft.Network/expressRouteCircuits/write``."""
    verb = _VERBS.get(call.method, "read")
    if namespace := call.names.get("namespace"):
        pieces = call.names.get("rest", "").strip("/").split("/")
        last = [pieces[-1]] if verb == "action" and len(pieces) % 2 else []
        return "/".join((namespace, *(pieces[0::2] if not last else pieces[:-1:2]), *last, verb))
    holder = "Microsoft.Resources/subscriptions"
    return f"{holder}/resourceGroups/{verb}" if "group" in call.names else f"{holder}/{verb}"
