"""Structured logs: one JSON object a line, in a file that does not grow for ever. Never bodies, never secrets."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

#: What every log record carries; everything else was given as ``extra``.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}

#: A log file is turned at this size and kept once.
_MOST_BYTES = 16 * 1024 * 1024


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname, "room": record.name, "event": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _USUAL},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def open_journal(directory: Path, name: str) -> None:
    """Send all logs of this process to ``directory/name.log``. A full disk loses log lines, never the service."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = RotatingFileHandler(directory / f"{name}.log", maxBytes=_MOST_BYTES, backupCount=1, encoding="utf-8")
    file.setFormatter(JsonFormatter())
    logging.raiseExceptions = False
    logging.basicConfig(level=logging.INFO, handlers=[file], force=True)
