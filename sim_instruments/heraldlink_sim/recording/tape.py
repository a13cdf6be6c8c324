# SPDX-License-Identifier: Apache-2.0
"""A transcript while it is written; its form is told in :mod:`heraldlink_sim.recording.transcript`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from heraldlink_sim.errors import TranscriptError
from heraldlink_sim.recording.text import written
from heraldlink_sim.recording.transcript import TITLE, Direction, Service, blocks_of


class Tape:
    """A transcript that is being written, each message as ``change`` leaves it; flushed line by line."""

    def __init__(
        self,
        path: Path,
        name: str,
        model: str,
        services: Mapping[str, Service],
        change: Callable[[Direction, bytes], bytes] | None = None,
    ) -> None:
        self._change = change
        self._blocks = blocks_of(path)
        self._then_s = time.monotonic()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: TextIO = path.open("w", encoding="ascii", newline="\n")
        except OSError as error:
            raise TranscriptError(f"{path}: cannot be written ({error.strerror})") from error
        self._file.write(_head(name, model, services))
        self._file.flush()

    def note(self, service: str, direction: Direction, message: bytes) -> None:
        """Write one message."""
        if self._file.closed:
            return
        now_s = time.monotonic()
        text = written(self._change(direction, message) if self._change else message, self._blocks)
        self._file.write(f"{now_s - self._then_s:+.2f} {service} {direction} {text}\n")
        self._file.flush()
        self._then_s = now_s

    def close(self) -> None:
        """End the transcript."""
        self._file.close()


def _head(name: str, model: str, services: Mapping[str, Service]) -> str:
    lines = [TITLE, f"name: {name}", f"model: {model}"]
    lines.append(f"recorded: {datetime.now(UTC).isoformat(timespec='seconds')}")
    for suffix, service in services.items():
        terminator = f" {service.terminator.hex()}" if service.protocol == "raw" else ""
        lines.append(f"service: {suffix} {service.protocol}{terminator}")
    return "\n".join([*lines, "---", ""])
