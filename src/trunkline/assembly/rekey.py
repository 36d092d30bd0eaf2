"""Encrypts the secrets in the store with a new key, and forgets the old ones."""

from __future__ import annotations

import json

from trunkline.settings import Settings
from trunkline.store import Store, sealed


def run(settings: Settings) -> int:
    """Nothing else may have the store open: it would not know the new key. Broken off, it can be run again."""
    keys = settings.places.store_key
    sealed.add_key(keys)
    store = Store(settings.database_url, keys=keys)
    count = store.reseal()
    store.close()
    sealed.drop_keys(keys)
    print(json.dumps([count]))
    return 0
