"""What pydantic finds wrong with what somebody wrote, in words: the rule, and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trunkline.model.bounds import BOUNDS

#: (pydantic's error type, what is wrong and the way out). ``{…}`` are the error's own values.
_RULES: Mapping[str, str] = {
    **BOUNDS,
    "extra_forbidden": "this word is not known here",
    "missing": "this is required",
    "tuple_type": "this must be a list; write [a, b] or lines that begin with '-'",
    "list_type": "this must be a list; write [a, b] or lines that begin with '-'",
    "model_type": "this must be a mapping; write 'key: value' lines",
    "model_attributes_type": "this must be a mapping; write 'key: value' lines",
    "dict_type": "this must be a mapping; write 'key: value' lines",
    "string_type": "this must be text; put it in quotes",
    "int_type": "this must be a whole number",
    "int_parsing": "this must be a whole number",
    "int_from_float": "this must be a whole number",
    "float_type": "this must be a number",
    "float_parsing": "this must be a number",
    "finite_number": "this must be a finite number",
    "bool_type": "this must be true or false",
    "bool_parsing": "this must be true or false",
}


def in_words(error: Mapping[str, Any]) -> str:
    """One of ``ValidationError.errors()``. What our own rules say stands as it is."""
    if rule := _RULES.get(str(error["type"])):
        return rule.format(**error.get("ctx", {}))
    said = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    return f"it {said}; write one" if said.startswith("should be") else said
