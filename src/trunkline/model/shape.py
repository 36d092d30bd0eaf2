"""Which members Azure's models have, and what may stand in them: what a declaration's ``shape`` names.

``data/arm-models.json`` holds for each model its members, each with its type: ``str``, ``int``, ``float``, ``bool``,
``any``; ``-`` is read-only; ``link`` another resource (``{"id": …}``); ``%E`` an enum, ``@M`` a model, ``[]T`` a list,
``{}T`` an object with any names. Enums that the SDK leaves open (``Union[str, E]``) are closed here, as in the service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from trunkline.errors import Fault
from trunkline.model.catalogue import document
from trunkline.model.resource import Json

_READ_ONLY = "-"

_SHOWN_CHARACTERS = 80

_WORDS = {"str": "a string", "int": "a whole number", "float": "a number", "bool": "true or false"}

#: JSON's types; a truth value is asked for first, Python counts it among the numbers.
_GIVEN = {bool: "a truth value", str: "a string", int | float: "a number", list: "an array", dict: "an object",
          object: "null"}


def check(name: str, properties: Json, where: str) -> tuple[Json, list[Fault]]:
    """The writable members that model ``name`` knows, each spelt as Azure spells it, and all that is wrong with them.

    ``where``: the path of ``properties`` in the request. A wrong value is left out; so is ``null``.
    """
    faults: list[Fault] = []
    return _object(name, properties, where, faults), faults


def check_around(name: str, envelope: Json) -> tuple[Json, list[Fault]]:
    """The same for members that stand beside the properties of a resource whose properties have model ``name``."""
    faults: list[Fault] = []
    kinds, found = _around().get(name, {}), {}
    for member, value in envelope.items():
        if member in kinds:
            for kept in _value(kinds[member], value, member, faults):
                found[member] = kept
        else:
            found[member] = value
    return found, faults


def names() -> frozenset[str]:
    return frozenset(_models()["models"])


def members(name: str) -> Mapping[str, str]:
    """All members of a model, the read-only ones too, with their types."""
    found: Mapping[str, str] = _models()["models"][name]
    return found


def writable(name: str) -> frozenset[str]:
    return frozenset(member for member, kind in members(name).items() if kind != _READ_ONLY)


def allowed(enum: str) -> tuple[str, ...]:
    """The values of an enum, spelt as Azure spells them."""
    return tuple(_models()["enums"][enum])


@cache
def _models() -> Json:
    return document("arm-models.json")


@cache
def _around() -> Mapping[str, Mapping[str, str]]:
    """What may stand beside properties, by their model. Identities have a reader of their own."""
    found = {members["properties"][1:]: {name: kind for name, kind in members.items() if name != "identity"}
             for members in _models()["models"].values() if members.get("properties", "").startswith("@")}
    return {**found, "PublicIPPrefixPropertiesFormat": {"sku": "@PublicIPPrefixSku", "zones": "[]str"}}


@cache
def _spelling(name: str) -> Mapping[str, str]:
    return {member.lower(): member for member in writable(name)}


def _object(name: str, given: Json, where: str, faults: list[Fault]) -> Json:
    spelling, kinds, found = _spelling(name), members(name), {}
    for written, value in given.items():
        member = spelling.get(written.lower())
        if member is not None and value is not None:
            for kept in _value(kinds[member], value, f"{where}.{member}", faults):
                found[member] = kept
    return found


def _value(kind: str, value: object, where: str, faults: list[Fault]) -> Iterator[object]:
    """What is kept of a value: it, or nothing."""
    if kind.startswith("[]"):
        yield from _list(kind[2:], value, where, faults)
    elif kind.startswith("%"):
        yield from _enum(kind[1:], value, where, faults)
    elif kind.startswith(("@", "{}")) or kind == "link":
        yield from _nested(kind, value, where, faults)
    else:
        yield from _plain(kind, value, where, faults)


def _list(kind: str, value: object, where: str, faults: list[Fault]) -> Iterator[object]:
    if not isinstance(value, list):
        faults.append(_other_type(value, "an array", where))
        return
    yield [kept for index, one in enumerate(value) for kept in _value(kind, one, f"{where}[{index}]", faults)]


def _nested(kind: str, value: object, where: str, faults: list[Fault]) -> Iterator[object]:
    if not isinstance(value, dict):
        faults.append(_other_type(value, "an object", where))
    elif kind.startswith("@"):
        yield _object(kind[1:], value, where, faults)
    elif kind.startswith("{}"):
        yield {name: kept for name, one in value.items() for kept in _value(kind[2:], one, f"{where}.{name}", faults)}
    else:
        yield from _link(value, where, faults)


def _link(value: Json, where: str, faults: list[Fault]) -> Iterator[object]:
    """What a client read of the other resource is not written through its link."""
    for name, one in value.items():
        if name.lower() == "id" and one is not None:
            for kept in _plain("str", one, f"{where}.id", faults):
                yield {"id": kept}
            return


def _enum(name: str, value: object, where: str, faults: list[Fault]) -> Iterator[object]:
    if not isinstance(value, str):
        faults.append(_other_type(value, "a string", where))
        return
    for known in allowed(name):
        if known.lower() == value.lower():
            yield known
            return
    faults.append(Fault("InvalidPropertyValue", f"Property '{where}' with value '{value[:_SHOWN_CHARACTERS]}' is not "
                        f"valid: it must be one of {', '.join(allowed(name))}; write one of these.", where))


def _plain(kind: str, value: object, where: str, faults: list[Fault]) -> Iterator[object]:
    if kind == "any" or _fits(kind, value):
        yield int(value) if kind == "int" and isinstance(value, float) else value
    else:
        faults.append(_other_type(value, _WORDS[kind], where))


def _fits(kind: str, value: object) -> bool:
    """JSON has one kind of number (``4.0`` is whole), and its truth values are none; Python's are."""
    if isinstance(value, bool):
        return kind == "bool"
    if kind == "int":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return isinstance(value, str) if kind == "str" else kind == "float" and isinstance(value, int | float)


def _other_type(value: object, wanted: str, where: str) -> Fault:
    """The value is not shown: it could be a secret."""
    given = next(word for kind, word in _GIVEN.items() if isinstance(value, kind))
    return Fault("InvalidRequestFormat", f"Property '{where}' is {given} and must be {wanted}; write one.", where)
