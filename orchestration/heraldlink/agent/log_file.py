# SPDX-License-Identifier: Apache-2.0
"""A node's log: JSON lines in a file beside its journal, written by a thread of its own.

Whoever logs never waits: lines that find the queue full are dropped, and the next line says how many. Each
line has ``utc``, ``level``, ``logger``, ``node`` and ``message``, and the facts of what it tells
(``request``, ``slot``, ``device`` ...).
"""

import json
import logging
import queue
import threading
from datetime import UTC, datetime
from logging.handlers import QueueHandler, RotatingFileHandler
from pathlib import Path
from typing import cast

LINES = 10_000
"""Lines that wait for the disk at most."""
FILE_BYTES, FILES = 16 << 20, 8
LAST_LINES_S = 2.0
"""Time that lines still waiting are given when the log ends: a hanging disk does not hold a node up."""


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

    def __init__(self, waiting: "queue.Queue[logging.LogRecord | None]") -> None:
        super().__init__(waiting)
        self.waiting, self.dropped = waiting, 0
        self._told = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """As it is: the formatter runs in the writer's thread, of the same process."""
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue a record, behind one that tells of those dropped before it."""
        try:
            self._tell(0.0)
            self.waiting.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def end(self, limit_s: float) -> None:
        """Queue what is still to be told of dropped lines, and the end of all lines.

        Raises:
            queue.Full: there was no room for them in ``limit_s``.
        """
        self._tell(limit_s)
        self.waiting.put(None, timeout=limit_s)

    def _tell(self, limit_s: float) -> None:
        number = self.dropped - self._told
        if number:
            told = record_of(f"{number} lines were dropped: the disk was too slow")
            self.waiting.put(told, block=limit_s > 0, timeout=limit_s)
            self._told += number


def record_of(sentence: str) -> logging.LogRecord:
    """A warning of the log itself."""
    return logging.LogRecord("heraldlink.log", logging.WARNING, "", 0, sentence, None, None)


class LogFile:
    """While it is entered, everything logged below ``heraldlink`` goes to the file as well."""

    def __init__(self, path: Path, node: str, lines: int = LINES, end_s: float = LAST_LINES_S) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.handler = Dropping(queue.Queue(lines))
        file = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=FILES, delay=True)
        file.setFormatter(JsonLines(node))
        self._file, self._end_s = file, end_s
        self._writer = threading.Thread(target=self._write, name=f"log of {node}", daemon=True)
        self._logger = logging.getLogger("heraldlink")

    def __enter__(self) -> "LogFile":
        self._logger.addHandler(self.handler)
        if self._logger.getEffectiveLevel() > logging.INFO:
            self._logger.setLevel(logging.INFO)
        self._writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self.handler)
        try:
            self.handler.end(self._end_s)
        except queue.Full:
            return  # the disk hangs: the thread, a daemon, ends with the process
        self._writer.join(self._end_s)
        if not self._writer.is_alive():
            self._file.close()

    def _write(self) -> None:
        for record in iter(self.handler.waiting.get, None):
            self._file.handle(record)
