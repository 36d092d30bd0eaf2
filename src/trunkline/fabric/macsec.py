"""MACsec, which is not built: no key is ever agreed on here. A link that wants it is refused with the reason, after the
kernel was really asked, and stays down.
"""

from __future__ import annotations

import shutil
from functools import cache
from typing import NoReturn

from trunkline.errors import Unsupported
from trunkline.fabric import probe
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Secured

_PROBE, _SUPPLICANT = "MACsec", "wpa_supplicant"


def is_settled(_visit: Visit, _secured: Secured) -> bool:
    return False


def ensure(_visit: Visit, secured: Secured) -> NoReturn:
    raise Unsupported(f"{secured.interface} cannot be secured with {secured.cipher}: MACsec is not built in this "
                      f"version of Trunkline{_lacking()}. The link stays down; take the keys out of its macSecConfig "
                      "to bring it up without encryption")


def remove(_visit: Visit, _secured: Secured) -> None:
    """There is nothing to remove."""


@cache
def _lacking() -> str:
    """Asked once in a life: a link that waits for it is tried again and again."""
    kernel = probe.run({_PROBE: probe.link_over("macsec")})[_PROBE]
    reasons = [f"this kernel has no MACsec ({kernel})"] if kernel else []
    reasons += [] if shutil.which(_SUPPLICANT) else [f"{_SUPPLICANT} is not installed"]
    return f", {' and '.join(reasons)}" if reasons else ""
