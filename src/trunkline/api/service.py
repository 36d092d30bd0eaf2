"""What every endpoint works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from trunkline.api.access.directory import Directory
from trunkline.api.access.grants import Desk
from trunkline.api.access.permissions import Permissions
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
    directory: Directory
    permissions: Permissions
    tokens: Tokens
    desk: Desk
    wake: Callable[[Iterable[str]], None]

    @property
    def accounts(self) -> Accounts:
        """Those of now."""
        return self.directory.accounts
