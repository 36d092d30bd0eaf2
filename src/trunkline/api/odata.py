"""OData's ``$filter`` as Resource Manager takes it on lists over all types: comparisons with ``eq`` and ``ne``,
``substringof('text', name)``, ``startswith(name, 'text')``, ``and``, ``or`` and parentheses. Pure.

``tagName eq 'a' and tagValue eq 'b'`` means one tag, not two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from trunkline.errors import Fault

_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z][A-Za-z0-9/]*)|(?P<mark>[(),]))")

#: Deepest nesting of parentheses, and the most comparisons.
_DEPTH, _MOST = 16, 100

_TAG_NAME, _TAG_VALUE = "tagname", "tagvalue"


@dataclass(frozen=True, slots=True)
class Row:
    """What a filter sees: values by field in lower case, and the tags."""

    fields: Mapping[str, str]
    tags: Mapping[str, str]


Test = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class _Term:
    """One comparison. ``field`` in lower case; ``value`` as it was written."""

    field: str
    operator: str
    value: str

    def __call__(self, row: Row) -> bool:
        if self.field in (_TAG_NAME, _TAG_VALUE):
            values: Iterable[str] = row.tags.keys() if self.field == _TAG_NAME else row.tags.values()
        else:
            values = (row.fields[self.field],)
        if self.operator == "ne":
            return not any(_compare("eq", one, self.value) for one in values)
        return any(_compare(self.operator, one, self.value) for one in values)


def parse(text: str, fields: Iterable[str]) -> Test:
    """``fields``: those a comparison may name, besides tagName and tagValue. Raises Fault."""
    parser = _Parser(text, _tokens(text), frozenset(name.lower() for name in fields) | {_TAG_NAME, _TAG_VALUE})
    found = parser.either()
    parser.end()
    return found


def required(text: str, field: str) -> str:
    """The value that ``field`` must have for any row to fit, if the filter is comparisons joined by ``and``; else
    empty."""
    if re.search(r"\bor\b|\(", _without_texts(text), re.IGNORECASE):
        return ""
    found = re.search(rf"\b{field}\s+eq\s+'((?:[^']|'')*)'", text, re.IGNORECASE)
    return found[1].replace("''", "'") if found else ""


def _without_texts(text: str) -> str:
    return re.sub(r"'(?:[^']|'')*'", "''", text)


def _compare(operator: str, found: str, wanted: str) -> bool:
    found, wanted = found.lower(), wanted.lower()
    if operator == "substringof":
        return wanted in found
    return found.startswith(wanted) if operator == "startswith" else found == wanted


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _wrong(text)
        tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        at = found.end()
    return tokens


def _wrong(text: str) -> Fault:
    return Fault("InvalidFilterInQueryString", f"Invalid $filter '{text[:200]}' specified in the query string. Write "
                 "comparisons such as resourceType eq 'Microsoft.Network/virtualNetworks', substringof('x', name) or "
                 "startswith(tagName, 'x'), joined by 'and' and 'or'.", "$filter")


@dataclass(slots=True)
class _Parser:
    text: str
    tokens: list[tuple[str, str]]
    fields: frozenset[str]
    at: int = 0
    depth: int = 0

    def either(self) -> Test:
        tests = [self._all()]
        while self._word("or"):
            tests.append(self._all())
        return lambda row: any(test(row) for test in tests)

    def end(self) -> None:
        if self.at < len(self.tokens) or len(self.tokens) > _MOST * 4:
            raise _wrong(self.text)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._word("and"):
            tests.append(self._one())
        return _paired(tests)

    def _one(self) -> Test:
        self.depth += 1
        if self.depth > _DEPTH:
            raise _wrong(self.text)
        found = self._nested() if self._mark("(") else self._term()
        self.depth -= 1
        return found

    def _nested(self) -> Test:
        found = self.either()
        self._expect(")")
        return found

    def _term(self) -> Test:
        word = self._take("word").lower()
        if word in ("substringof", "startswith"):
            return self._function(word)
        operator = self._take("word").lower()
        if operator not in ("eq", "ne"):
            raise _wrong(self.text)
        return _Term(self._field(word), operator, self._value())

    def _function(self, name: str) -> Test:
        self._expect("(")
        if name == "substringof":
            value = self._value()
            self._expect(",")
            field = self._field(self._take("word"))
        else:
            field = self._field(self._take("word"))
            self._expect(",")
            value = self._value()
        self._expect(")")
        return _Term(field, name, value)

    def _field(self, word: str) -> str:
        if word.lower() not in self.fields:
            raise _wrong(self.text)
        return word.lower()

    def _value(self) -> str:
        return self._take("text")[1:-1].replace("''", "'")

    def _take(self, kind: str) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at][0] != kind:
            raise _wrong(self.text)
        self.at += 1
        return self.tokens[self.at - 1][1]

    def _word(self, word: str) -> bool:
        return self._accept(lambda kind, text: kind == "word" and text.lower() == word)

    def _mark(self, mark: str) -> bool:
        return self._accept(lambda kind, text: kind == "mark" and text == mark)

    def _accept(self, fits: Callable[[str, str], bool]) -> bool:
        if self.at < len(self.tokens) and fits(*self.tokens[self.at]):
            self.at += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._mark(mark):
            raise _wrong(self.text)


def _paired(tests: Sequence[Test]) -> Test:
    """All of them, a tag's name and value about one tag."""
    names = [one for one in tests if isinstance(one, _Term) and (one.field, one.operator) == (_TAG_NAME, "eq")]
    values = [one for one in tests if isinstance(one, _Term) and (one.field, one.operator) == (_TAG_VALUE, "eq")]
    if len(names) == len(values) == 1:
        name, value = names[0].value.lower(), values[0].value.lower()
        others = [one for one in tests if one not in (names[0], values[0])]
        return lambda row: (any(key.lower() == name and text.lower() == value for key, text in row.tags.items())
                            and all(test(row) for test in others))
    return lambda row: all(test(row) for test in tests)
