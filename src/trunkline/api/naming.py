"""Names of resources and groups, and which are allowed."""

from __future__ import annotations

import re

from trunkline.errors import Fault

_RESOURCE = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?", re.ASCII)
_GROUP = re.compile(r"[\w().-]{0,89}[\w()-]")


def check_resource(name: str, target: str = "name") -> None:
    if not _RESOURCE.fullmatch(name):
        raise Fault("InvalidResourceName", f"Resource name {name[:100]} is invalid. The name can be up to 80 "
                    "characters long. It must begin with a word character, and it must end with a word character or "
                    "with '_'. The name may contain word characters or '.', '-', '_'.", target)


def check_group(name: str) -> None:
    if not _GROUP.fullmatch(name):
        raise Fault("InvalidResourceGroup", f"The provided resource group name '{name[:100]}' has invalid characters "
                    "or is longer than 90: it may hold letters, digits, '_', '-', '(', ')' and '.', and must not end "
                    "with '.'. Choose another name.", "resourceGroupName")
