"""The template language: ``[concat(parameters('a'), '-', variables('b').c[0])]``. Pure.

A text is an expression if it stands in brackets; ``[[`` begins a text that has a bracket in front.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trunkline.errors import Fault

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d{1,18})|(?P<name>[A-Za-z_]\w*)|(?P<mark>[().,\[\]]))")

#: Deepest nesting of one expression.
_DEPTH = 32

#: Longest expression, as in Azure.
_MOST_CHARACTERS = 24_576

#: Under this name, which no expression can call, stands what counts the size of what loops make.
CHARGE = "(charge)"

Functions = Mapping[str, Callable[..., Any]]


class InvalidTemplate(Fault):
    """The template itself is wrong, whatever stands in the estate."""

    def __init__(self, message: str, target: str = "properties.template") -> None:
        super().__init__("InvalidTemplate", f"Deployment template validation failed: {message}", target)


def evaluate_plain(value: Any, functions: Functions) -> Any:
    """Of a value that holds no others."""
    return _evaluate_text(value, functions) if isinstance(value, str) else value


def evaluate(value: Any, functions: Functions) -> Any:
    """The value with all expressions inside replaced by what they say."""
    if isinstance(value, str):
        return _evaluate_text(value, functions)
    if isinstance(value, dict):
        return {name: evaluate(inner, functions) for name, inner in value.items()}
    if isinstance(value, list):
        return [evaluate(inner, functions) for inner in value]
    return value


def _evaluate_text(text: str, functions: Functions) -> Any:
    if not (text.startswith("[") and text.endswith("]")):
        return text
    if text.startswith("[["):
        return text[1:]
    parser = _Parser(text, _tokens(text[1:-1], text), functions)
    found = parser.expression()
    parser.end()
    return found


def _tokens(inner: str, text: str) -> list[tuple[str, str]]:
    if len(inner) > _MOST_CHARACTERS:
        raise InvalidTemplate(f"the language expression '{text[:200]}' has {len(inner)} characters, and "
                              f"{_MOST_CHARACTERS} are allowed; divide it.")
    inner = inner.rstrip()
    tokens, at = [], 0
    while at < len(inner):
        found = _TOKEN.match(inner, at)
        if found is None:
            raise InvalidTemplate(f"the language expression '{text[:200]}' cannot be read at '{inner[at:at + 20]}'.")
        tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        at = found.end()
    return tokens


@dataclass(slots=True)
class _Parser:
    """Evaluates while it reads: each method takes what it is named for."""

    text: str
    tokens: list[tuple[str, str]]
    functions: Functions
    at: int = 0
    depth: int = 0
    skipping: int = 0  #: inside so many branches that are not taken: read, but not evaluated

    def expression(self) -> Any:
        self.depth += 1
        if self.depth > _DEPTH:
            raise self._wrong(f"because it nests deeper than {_DEPTH} levels")
        found = self._expression()
        self.depth -= 1
        return found

    def _expression(self) -> Any:
        kind, word = self._take()
        if kind == "text":
            return word[1:-1].replace("''", "'")
        if kind == "number":
            return int(word)
        if kind != "name":
            raise self._wrong(f"at '{word}'")
        return self._selected(self._call(word))

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise self._wrong(f"at '{self.tokens[self.at][1]}'")

    def _call(self, name: str) -> Any:
        self._expect("(")
        if name.lower() == "if":
            return self._chosen()
        arguments: list[Any] = []
        while not self._accept(")"):
            if arguments:
                self._expect(",")
            arguments.append(self.expression())
        return self._apply(name, arguments)

    def _chosen(self) -> Any:
        """Of ``if``, only the branch that is taken."""
        condition = self.expression()
        if not isinstance(condition, bool) and not self.skipping:
            raise self._wrong("because the condition of 'if' is no truth value")
        branches = []
        for taken in (bool(condition), not condition):
            self._expect(",")
            self.skipping += not taken
            branches.append(self.expression())
            self.skipping -= not taken
        self._expect(")")
        return branches[0] if condition else branches[1]

    def _apply(self, name: str, arguments: list[Any]) -> Any:
        if self.skipping:
            return None
        function = self.functions.get(name.lower())
        if function is None:
            raise InvalidTemplate(f"the template function '{name}' is not offered here; '{self.text[:200]}' may use "
                                  f"{', '.join(sorted(self.functions))}.")
        try:
            return function(*arguments)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError) as wrong:
            raise InvalidTemplate(f"the arguments of '{name}' in '{self.text[:200]}' do not fit it; correct them."
                                  ) from wrong

    def _selected(self, value: Any) -> Any:
        while True:
            if self._accept("."):
                value = self._member(value, self._take()[1])
            elif self._accept("["):
                value = self._member(value, self.expression())
                self._expect("]")
            else:
                return value

    def _member(self, value: Any, name: Any) -> Any:
        if self.skipping:
            return None
        if isinstance(value, dict):
            found = next((inner for key, inner in value.items() if key.lower() == str(name).lower()), None)
            if found is not None:
                return found
        elif isinstance(value, list) and isinstance(name, int) and 0 <= name < len(value):
            return value[name]
        raise InvalidTemplate(f"the expression '{self.text[:200]}' asks for '{name}', which is not there.")

    def _take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise self._wrong("because it ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def _accept(self, mark: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == ("mark", mark):
            self.at += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._accept(mark):
            raise self._wrong(f"because '{mark}' is missing")

    def _wrong(self, where: str) -> InvalidTemplate:
        return InvalidTemplate(f"the language expression '{self.text[:200]}' cannot be read {where}.")
