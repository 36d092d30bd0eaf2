"""Questions to the live network, answered beside the passes: each question of each subscription in its turn, so that no
follower of routes keeps others from a status."""

from __future__ import annotations

import logging
from functools import partial
from threading import Lock

from trunkline.errors import Fault, TrunklineError
from trunkline.reconcile.answers import Answers
from trunkline.reconcile.finish import answer, operation_of, refuse
from trunkline.reconcile.turns import Turns
from trunkline.store import Store

log = logging.getLogger(__name__)

_THREADS, _EACH = 4, 2


class Asking:
    """Thread-safe."""

    def __init__(self, store: Store, answers: Answers) -> None:
        self._store, self._answers = store, answers
        self._asked: set[str] = set()
        self._lock = Lock()
        self._turns = Turns(_THREADS, _EACH, "answers")

    def __contains__(self, operation: str) -> bool:
        with self._lock:
            return operation in self._asked

    def ask(self, operation: str) -> None:
        found = operation_of(self._store, operation)
        with self._lock:
            if not found or operation in self._asked:
                return
            self._asked.add(operation)
        self._turns.add(f"{found.resource.subscription} {found.action}", partial(self._answer, operation))

    def close(self) -> None:
        self._turns.close()

    def _answer(self, operation: str) -> None:
        try:
            found = operation_of(self._store, operation)
            if found and not found.status.final:
                answer(self._store, operation, self._answers.of(found))
        except Fault as fault:
            refuse(self._store, operation, fault.code, str(fault))
        except Exception:
            log.exception("answer", extra={"operation": operation})
            self._refuse(operation)
        finally:
            with self._lock:
                self._asked.discard(operation)

    def _refuse(self, operation: str) -> None:
        try:
            refuse(self._store, operation, "InternalServerError",
                   "The network could not be read; the reconciler's journal says why. Ask again.")
        except TrunklineError:
            log.exception("nothing could be written about it", extra={"operation": operation})
