"""api-versions: any date is accepted, for one shape answers them all."""

from __future__ import annotations

import re
from datetime import date

from trunkline.errors import Fault

_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(-(preview|alpha|beta|privatepreview))?", re.IGNORECASE | re.ASCII)


def check_version(text: str) -> None:
    if not text:
        raise Fault("MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all "
                    "requests.", "api-version")
    found = _VERSION.fullmatch(text)
    if found is None or not _is_date(found[1]):
        raise Fault("InvalidApiVersionParameter", f"The api-version '{text[:40]}' is invalid. It is a date and perhaps "
                    "-preview, such as '2025-01-01' or '2025-01-01-preview'.", "api-version")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
