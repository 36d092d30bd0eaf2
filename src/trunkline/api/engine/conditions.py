"""Preconditions of a write (RFC 9110 section 13): If-Match and If-None-Match."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trunkline.errors import Stale
from trunkline.model.resource import Resource, ResourceId


@dataclass(frozen=True, slots=True)
class Conditions:
    match: str = ""
    none_match: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Conditions:
        return cls(headers.get("if-match", ""), headers.get("if-none-match", ""))

    def check(self, resource: ResourceId, existing: Resource | None) -> None:
        found = f"has etag {existing.etag}" if existing else "does not exist"
        if self.match and not _matches(self.match, existing):
            raise Stale(f"If-Match asks for {self.match[:80]}, but resource '{resource}' {found}; read it again, then "
                        "ask again.")
        if self.none_match and _matches(self.none_match, existing):
            raise Stale(f"If-None-Match asks for no {self.none_match[:80]}, but resource '{resource}' {found}; choose "
                        "another name, or leave the header out to change it.")


ANY = Conditions()


def _matches(wanted: str, existing: Resource | None) -> bool:
    if existing is None:
        return False
    tags = {_strong(tag.strip()) for tag in wanted.split(",")}
    return "*" in tags or _strong(existing.etag) in tags


def _strong(tag: str) -> str:
    return tag.removeprefix("W/").strip('"')
