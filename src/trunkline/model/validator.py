"""Where caches have their VRPs from: ``Trunkline.Plant/validators``."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from trunkline.model.circuit import Leg
from trunkline.model.resource import Properties

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?|::1", re.ASCII)


def _absolute(path: str) -> str:
    if not path.startswith("/") or "\0" in path or len(path) > 4096:
        raise ValueError(f"'{path}' is not an absolute path; write one such as /var/lib/rpki-client/json")
    return path


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError(f"'{text}' is neither a host's name nor an IP address")
    return text


AbsolutePath = Annotated[str, AfterValidator(_absolute)]
Percent = Annotated[int, Field(ge=0, le=100)]


class RtrCache(Properties):
    """Anybody's cache that speaks RPKI-to-Router over TCP (RFC 8210, RFC 6810)."""

    address: Annotated[str, AfterValidator(_host)]
    port: Annotated[int, Field(ge=1, le=65535)] = 323


class Validator(Properties):
    """A source of VRPs, for the routers of one ``leg`` or of both: a ``file`` as validators write it, or a ``cache``.

    ``slurm_file``: local exceptions (RFC 8416). ``lost_bound_in_percent``, ``invalidated_bound_in_percent``: a new set
    that has so much less than the last good one, or makes so many of its origins invalid, is not believed.
    """

    leg: Leg | None = None
    file: AbsolutePath | None = None
    cache: RtrCache | None = None
    slurm_file: AbsolutePath | None = None
    stale_after_in_hours: Annotated[int, Field(ge=1, le=8760)] = 24
    lost_bound_in_percent: Percent = 20
    invalidated_bound_in_percent: Percent = 5

    @model_validator(mode="after")
    def _one_source(self) -> Validator:
        if (self.file is None) == (self.cache is None):
            raise ValueError("give either file or cache: where the VRPs come from")
        return self
