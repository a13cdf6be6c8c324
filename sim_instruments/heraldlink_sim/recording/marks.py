# SPDX-License-Identifier: Apache-2.0
"""Where a serial number stands in what instruments say of themselves: to mark it, or to leave it out.

* SCPI and ID900: third field of the answer to ``*IDN?``, behind a ``/`` (R&S writes part number/serial
  number) and behind ``s/n`` (SRS);
* WebSQ: the label ``SerialNumber``; DLC pro: the answer to a parameter whose name ends in ``serial-number``;
  JSON over HTTP: members whose names contain ``serial`` (``system_name`` where there is none).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from heraldlink_sim.recording.transcript import Direction

REPLAY = b"REPLAY-"
SIMULATED = b"SIM-"

_IDN = re.compile(rb"^((?:[^;]*;)??[^,;]*,[^,;]*,\s*(?:s/n|[^,;/]*/)?)([^,;]+)", re.IGNORECASE)
_JSON = re.compile(
    rb'("[^"]*(?:serial|system_name)[^"]*"\s*(?::|,\s*"value"\s*:)\s*(?:\{[^{}]*?"value"\s*:\s*)?")([^"]+)',
    re.IGNORECASE,
)
_QUOTED = re.compile(rb'(")([^"]+)')
_ADDRESS = re.compile(rb"\b(?!127\.)(?:\d{1,3}\.){3}\d{1,3}\b")

Change = Callable[[bytes], bytes]


def with_serial(request: bytes, answer: bytes, change: Change) -> bytes:
    """An answer with the serial number in it, if one stands there, changed."""
    place = _place(request)

    def changed(match: re.Match[bytes]) -> bytes:
        return match[1] + change(match[2])

    return place.sub(changed, answer, count=0 if place is _JSON else 1)


def marked(request: bytes, answer: bytes) -> bytes:
    """An answer as a replay gives it: a serial number in it begins ``REPLAY-``."""
    return with_serial(request, answer, lambda serial: REPLAY + serial.removeprefix(REPLAY))


def _place(request: bytes) -> re.Pattern[bytes]:
    text = request.upper()
    if b"*IDN?" in text:
        return _IDN
    if b"SERIAL-NUMBER" in text:
        return _QUOTED
    return _JSON


class Scrubber:
    """Takes serial numbers and IP addresses out of messages, wherever they come up again."""

    def __init__(self) -> None:
        self._request = b""
        self._serials: set[bytes] = set()

    def scrubbed(self, direction: Direction, message: bytes) -> bytes:
        """A message without them; what is simulated or replayed still says so."""
        if direction == ">":
            self._request = message
        else:
            with_serial(self._request, message, self._remember)
        for serial in self._serials:
            message = message.replace(serial, scrubbed_serial(serial))
        return _ADDRESS.sub(b"192.0.2.1", message)

    def _remember(self, serial: bytes) -> bytes:
        if len(serial) > 3:  # a shorter one cannot be told from other numbers, and tells nothing
            self._serials.add(serial)
        return serial


def scrubbed_serial(serial: bytes) -> bytes:
    """What stands in place of a serial number."""
    kept = next((mark for mark in (SIMULATED, REPLAY) if serial.startswith(mark)), b"")
    return kept + b"X" * (len(serial) - len(kept))
