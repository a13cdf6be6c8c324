# SPDX-License-Identifier: Apache-2.0
"""A node's log: JSON lines in a file beside its journal, written by a thread of its own.

Whoever logs never waits: lines that find the queue full are dropped, and the next line says how many. Each
line has ``utc``, ``level``, ``logger``, ``node`` and ``message``, and the facts of what it tells
(``request``, ``slot``, ``device`` ...).
"""

import json
import logging
import queue
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from typing import cast

LINES = 10_000
"""Lines that wait for the disk at most."""
FILE_BYTES, FILES = 16 << 20, 8


def log_path(data_directory: Path, node: str) -> Path:
    """Where a node's log lies."""
    return data_directory / f"log-{node}.jsonl"


class JsonLines(logging.Formatter):
    """A record as one JSON object on one line."""

    def __init__(self, node: str) -> None:
        super().__init__()
        self._node = node

    def format(self, record: logging.LogRecord) -> str:
        """See the module."""
        utc = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"utc": utc, "level": record.levelname, "logger": record.name}
        line |= {"node": self._node, "message": record.getMessage()}
        line |= cast("dict[str, object]", getattr(record, "facts", {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class Dropping(QueueHandler):
    """Puts records into a bounded queue, and counts those for which there is no room."""

    def __init__(self, waiting: "queue.Queue[logging.LogRecord]") -> None:
        super().__init__(waiting)
        self.dropped = 0
        self._told = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """As it is: the formatter runs in the listener's thread, of the same process."""
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue a record, behind one that tells of those dropped before it."""
        try:
            if self.dropped > self._told:
                number = self.dropped - self._told
                self.queue.put_nowait(record_of(f"{number} lines were dropped: the disk was too slow"))
                self._told = self.dropped
            self.queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1


def record_of(sentence: str) -> logging.LogRecord:
    """A warning of the log itself."""
    return logging.LogRecord("heraldlink.log", logging.WARNING, "", 0, sentence, None, None)


class LogFile:
    """While it is entered, everything logged below ``heraldlink`` goes to the file as well."""

    def __init__(self, path: Path, node: str, lines: int = LINES, level: int = logging.INFO) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.handler = Dropping(queue.Queue(lines))
        file = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=FILES, delay=True)
        file.setFormatter(JsonLines(node))
        self._file, self._level = file, level
        self._listener = QueueListener(self.handler.queue, file)
        self._logger = logging.getLogger("heraldlink")

    def __enter__(self) -> "LogFile":
        self._logger.addHandler(self.handler)
        if self._logger.getEffectiveLevel() > self._level:
            self._logger.setLevel(self._level)
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self.handler)
        self._listener.stop()
        self._file.close()
