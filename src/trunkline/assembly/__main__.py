"""One word, one module: finds it, runs it, and says what went wrong."""

from __future__ import annotations

import importlib
import os
import sys

from trunkline import assembly
from trunkline.errors import TrunklineError
from trunkline.settings import load

_WORDS = ("up", "api", "reconcile", "sweep", "doctor", "rekey")


def main(arguments: list[str]) -> int:
    settings = load(os.environ)
    if arguments[:1] == ["node"] and len(arguments) == 2:
        print(settings.places.namespace_prefix + arguments[1])
        return 0
    if len(arguments) != 1 or arguments[0] not in _WORDS:
        print(assembly.__doc__, file=sys.stderr)
        return 2
    try:
        code: int = importlib.import_module(f"trunkline.assembly.{arguments[0]}").run(settings)
    except TrunklineError as problem:
        print(problem, file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
