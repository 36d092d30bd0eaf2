"""A SELECT that is asked thousands of times: compiled once for each kind of database, its rows read from the driver.

SQLAlchemy still writes the SQL and converts the columns, but what it does besides for each execution costs three times
as much as SQLite itself, and a circuit takes a hundred questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Select

from trunkline.store.failure import translate

Converter = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """``names``: of the values, where the driver takes them by position. ``converters``: of columns that need one."""

    text: str
    fixed: Mapping[str, Any]
    names: Sequence[str] | None
    converters: tuple[tuple[int, Converter], ...]

    def values(self, given: Mapping[str, object]) -> Any:
        every = {**self.fixed, **given}
        return every if self.names is None else [every[name] for name in self.names]

    def convert(self, row: Sequence[Any]) -> list[Any]:
        found = list(row)
        for index, converter in self.converters:
            found[index] = converter(found[index])
        return found


class Question:
    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._plans: dict[str, _Plan] = {}

    def rows(self, connection: Connection, **values: object) -> list[list[Any]]:
        """``connection`` is in a transaction already: the driver would not begin one."""
        plan = self._plans.get(connection.dialect.name) or self._plan(connection.dialect)
        with closing(connection.connection.cursor()) as cursor:
            try:
                cursor.execute(plan.text, plan.values(values))
                found = cursor.fetchall()
            except connection.dialect.loaded_dbapi.Error as error:
                raise translate(str(error).strip()) from error
        return [plan.convert(row) for row in found]

    def row(self, connection: Connection, **values: object) -> list[Any] | None:
        return next(iter(self.rows(connection, **values)), None)

    def column(self, connection: Connection, **values: object) -> list[Any]:
        """The first column of all rows."""
        return [row[0] for row in self.rows(connection, **values)]

    def _plan(self, dialect: Dialect) -> _Plan:
        compiled = self._statement.compile(dialect=dialect)
        types = (column.type.dialect_impl(dialect) for column in self._statement.selected_columns)
        converters = ((index, kind.result_processor(dialect, None)) for index, kind in enumerate(types))
        plan = _Plan(str(compiled), compiled.params, getattr(compiled, "positiontup", None),
                     tuple((index, converter) for index, converter in converters if converter))
        self._plans[dialect.name] = plan
        return plan
