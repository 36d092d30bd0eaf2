"""Whether a request may go on, by who asks and what; and what its lists may show. Denied unless a role permits it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from trunkline.api.access.asked import asked
from trunkline.api.access.permissions import forbidden
from trunkline.api.accounts import Account, Subscription
from trunkline.api.exchange import Call
from trunkline.api.service import Service
from trunkline.errors import Fault, NotFound


def admitted(service: Service, call: Call) -> Call:
    """The call with its subscription as it is spelled; raises Fault when it is unknown, another tenant's, or denied."""
    wanted = call.names["subscription"]
    found = service.accounts.subscription(wanted)
    if found is None:
        raise NotFound(f"The subscription '{wanted[:80]}' could not be found.", "SubscriptionNotFound")
    if found.tenant != call.account.tenant and not call.account.operator:
        raise _elsewhere(call.account, found)
    call = replace(call, names={**call.names, "subscription": found.id})
    question = asked(call.method, call.path)
    if service.permissions.permits(call.account, question.action, question.scope):
        return call
    if question.wide and service.permissions.knows(call.account, question.scope):
        return replace(call, sees=partial(service.permissions.sees, call.account))
    raise forbidden(call.account, question.action, question.scope)


def known(service: Service, account: Account, subscription: Subscription) -> bool:
    """Whether a list of subscriptions shows it to the account."""
    if account.operator:
        return True
    return (account.tenant == subscription.tenant
            and service.permissions.knows(account, f"/subscriptions/{subscription.id}"))


def _elsewhere(account: Account, subscription: Subscription) -> Fault:
    return Fault("InvalidAuthenticationTokenTenant", f"The access token is from the wrong issuer. It must match the "
                 f"tenant '{subscription.tenant}' associated with this subscription, but is from tenant "
                 f"'{account.tenant}'. Please log in to the subscription's tenant.", status=401)
