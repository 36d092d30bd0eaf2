"""ARM's error envelope: ``{"error": {"code", "message", "target", "details"}}``, for every way to fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trunkline.api.exchange import Answer, answer
from trunkline.errors import Fault, Refused
from trunkline.model.resource import Json


class NotAllowed(Fault):
    """The path is right, the method is not (HTTP 405)."""

    def __init__(self, method: str, *allowed: str) -> None:
        super().__init__("MethodNotAllowed", f"The method {method[:16]} is not allowed here; use "
                         f"{' or '.join(allowed)}.", status=405)
        self.allowed = allowed


def _plain(fault: Fault) -> Json:
    target = {"target": fault.target} if fault.target else {}
    return {"code": fault.code, "message": str(fault), **target}


def error(fault: Fault) -> Json:
    """What stands under ``error``: of several faults the first gives the code, and all are details."""
    faults = fault.faults if isinstance(fault, Refused) else ()
    told = len(faults) == 1 and faults[0].code == fault.code
    return {**_plain(fault), "details": [] if told else [_plain(one) for one in faults]}


def refusal(fault: Fault) -> Answer:
    return answer({"error": error(fault)}, fault.status)


@contextmanager
def collecting(faults: list[Fault]) -> Iterator[None]:
    """What is refused inside is noted among ``faults``, to be told with others."""
    try:
        yield
    except Refused as several:
        faults += several.faults
    except Fault as fault:
        faults.append(fault)


def refuse(faults: list[Fault]) -> None:
    """Raise them together; nothing happens when there are none."""
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise Refused(faults)
