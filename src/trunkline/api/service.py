"""What every endpoint works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from trunkline.api.accounts import Accounts
from trunkline.api.declaration import Registry
from trunkline.api.token import Tokens
from trunkline.settings import Settings
from trunkline.store import Store


@dataclass(frozen=True, slots=True)
class Service:
    """``wake``: tells the reconciler which resources changed."""

    settings: Settings
    store: Store
    registry: Registry
    accounts: Accounts
    tokens: Tokens
    wake: Callable[[Iterable[str]], None]
