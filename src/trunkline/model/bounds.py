"""What a value may be, in words, wherever it was written: a request's body or an estate file."""

from __future__ import annotations

from collections.abc import Mapping

#: (pydantic's error type, rule and way out). ``{…}`` are the error's own values.
BOUNDS: Mapping[str, str] = {
    "greater_than": "it must be greater than {gt}; write a greater number",
    "greater_than_equal": "it must be {ge} or more; write a number that is",
    "less_than": "it must be less than {lt}; write a smaller number",
    "less_than_equal": "it must be {le} or less; write a number that is",
    "string_too_long": "it may have {max_length} characters at most; write fewer",
    "string_too_short": "it must have {min_length} characters at least; write more",
    "string_pattern_mismatch": "it must match the pattern {pattern}; use only what that allows",
    "enum": "it must be one of {expected}; write one of these",
    "literal_error": "it must be one of {expected}; write one of these",
    "too_short": "it must have {min_length} entries at least; add some",
    "too_long": "it may have {max_length} entries at most; leave some out",
}
