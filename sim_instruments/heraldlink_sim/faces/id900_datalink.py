# SPDX-License-Identifier: Apache-2.0
"""The ID900's DataLink target service: text commands in, JSON out, tags to streams.

Pure but for the injected stream opener and clock. Commands and answers follow the vendor's examples:
``list``, ``start-stream --address A --channel N --stream-port P [--with-ref-index]``, ``status --id X``,
``stop --id X``. Saving to files (``start-save``) is not offered. Port 0 takes a free port, and the answer
then names it.
"""

from __future__ import annotations

import json
import shlex
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from heraldlink_sim.errors import SimulationError
from heraldlink_sim.faces.id900_tagger import RawTags

JsonValue = str | int | float | Mapping[str, object] | list[str] | list[dict[str, str]]


WIRE_LOG_LENGTH = 2000


class StreamSink(Protocol):
    """Where a stream's messages go, in order; ``port`` is the one that clients connect to."""

    port: int

    def put(self, message: bytes) -> bool:
        """Queue a message; False if the queue is full and the message is lost."""
        ...

    def finish(self) -> None:
        """Send what is queued, then the empty message that ends a stream, then close."""
        ...


@dataclass
class _Acquisition:
    channel: int
    with_index: bool
    sink: StreamSink
    last_activity_s: float
    acquisitions: int = 0
    timestamps: int = 0
    errors: list[str] = field(default_factory=list[str])


class DataLinkError(SimulationError):
    """A request that the service answers with an error description."""


class DataLinkService:
    """Streams of one device. ``hosts``: the addresses under which the device is known."""

    def __init__(
        self, hosts: set[str], open_stream: Callable[[int], StreamSink], clock: Callable[[], float]
    ) -> None:
        self._hosts = hosts
        self._open_stream = open_stream
        self._clock = clock
        self._running: dict[str, _Acquisition] = {}
        self._started = 0
        self.wire_log: deque[tuple[Literal["in", "out"], bytes]] = deque(maxlen=WIRE_LOG_LENGTH)

    def respond(self, message: bytes) -> bytes:
        """Answer one request."""
        self.wire_log.append(("in", message))
        reply = self.execute(message.decode("latin-1")).encode()
        self.wire_log.append(("out", reply))
        return reply

    def execute(self, message: str) -> str:
        """Answer one request with JSON; mistakes give ``{"error": {"description": ...}}``."""
        try:
            return json.dumps(self._answer(shlex.split(message)))
        except (DataLinkError, ValueError) as error:
            return json.dumps({"error": {"description": str(error)}})

    def record(self, channel: int, tags: RawTags) -> None:
        """Send the tags of one finished record to the streams of its channel."""
        for acquisition in self._running.values():
            if acquisition.channel == channel:
                self._send(acquisition, tags)

    def _send(self, acquisition: _Acquisition, tags: RawTags) -> None:
        if tags.timestamps_ps.size and not acquisition.sink.put(pack(tags, acquisition.with_index)):
            acquisition.errors.append("stream client too slow: timestamps lost")
        acquisition.acquisitions += 1
        acquisition.timestamps += tags.timestamps_ps.size
        acquisition.last_activity_s = self._clock()

    def _answer(self, words: list[str]) -> JsonValue:
        verb, options = (words[0] if words else ""), _options(words[1:])
        if verb == "list":
            return list(self._running)
        if verb == "start-stream":
            return self._start(options)
        if verb == "status":
            return self._status(self._find(options))
        if verb == "stop":
            acquisition = self._find(options)
            self._running.pop(options["id"])
            acquisition.sink.finish()
            return {"status": self._status(acquisition)}
        raise DataLinkError(f"Unknown command '{verb}'")

    def _start(self, options: Mapping[str, str]) -> Mapping[str, object]:
        channel, port = _whole(options, "channel", 1, 4), _whole(options, "stream-port", 0, 65535)
        if (address := options.get("address", "")) not in self._hosts:
            raise DataLinkError(f"Unable to connect to Time Controller '{address}'")
        sink = self._open_stream(port)
        self._started += 1
        identity = f"acquisition-{self._started}"
        with_index = "with-ref-index" in options
        self._running[identity] = _Acquisition(channel, with_index, sink, self._clock())
        return {"id": identity} if port else {"id": identity, "port": sink.port}

    def _find(self, options: Mapping[str, str]) -> _Acquisition:
        try:
            return self._running[options.get("id", "")]
        except KeyError:
            raise DataLinkError(f"No acquisition with id '{options.get('id', '')}'") from None

    def _status(self, acquisition: _Acquisition) -> Mapping[str, object]:
        return {
            "acquisitions_count": acquisition.acquisitions,
            "timestamps_count": acquisition.timestamps,
            "inactivity": self._clock() - acquisition.last_activity_s,
            "errors": [{"description": text} for text in acquisition.errors],
        }


def pack(tags: RawTags, with_index: bool) -> bytes:
    """Pack tags as uint64 little endian: timestamps, or (timestamp, reference index) pairs."""
    if not with_index:
        return tags.timestamps_ps.astype("<u8").tobytes()
    return np.stack((tags.timestamps_ps, tags.reference_index), axis=1).astype("<u8").tobytes()


def _options(words: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    name = ""
    for word in words:
        if word.startswith("--"):
            name = word[2:]
            options[name] = ""
        elif name:
            options[name] = word
        else:
            raise DataLinkError(f"Unexpected argument '{word}'")
    return options


def _whole(options: Mapping[str, str], name: str, low: int, high: int) -> int:
    text = options.get(name, "")
    if not text.isdecimal() or not low <= int(text) <= high:
        raise DataLinkError(f"--{name} must be a number in {low}..{high}, not '{text}'")
    return int(text)
