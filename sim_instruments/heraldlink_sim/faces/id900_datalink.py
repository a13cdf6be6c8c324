# SPDX-License-Identifier: Apache-2.0
"""The ID900's DataLink target service: text commands in, JSON out, time stamps to streams and files.

Pure but for the injected openers and clock. Commands and answers follow the vendor's examples: ``list``,
``start-stream --address A --channel N --stream-port P [--with-ref-index]``, ``start-save --address A
--channel N --filename F --format bin|ascii [--with-ref-index]``, ``status --id X``, ``stop --id X``; ids have
the form ``address:5556`` that a public log of the service shows. ``activate C A PORT FILE FORMAT`` and
``disactivate C`` are those of 2019. Port 0 takes a free port, and the answer then names it. Time stamps are
passed on as they come; the real service gets them when the device's buffers are full, or at the end.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from heraldlink_sim.errors import SimulationError
from heraldlink_sim.faces.id900_raw import Delivery
from heraldlink_sim.faces.id900_timestamps import Format, encode

JsonValue = str | int | float | Mapping[str, object] | list[str] | list[dict[str, str]]

WIRE_LOG_LENGTH = 2000
FIRST_DATA_PORT = 5555
_PLAIN = re.compile(r"[\w.:/-]+(?: [\w.:/-]+)*", re.ASCII)


class Sink(Protocol):
    """Where time stamps go, in order; ``port``: the one that clients of a stream connect to, else 0."""

    port: int

    def put(self, message: bytes) -> bool:
        """Take a message; False if it is lost."""
        ...

    def finish(self) -> None:
        """Bring what was taken to its end, and close."""
        ...


@dataclass
class _Acquisition:
    channel: int
    form: Format
    with_index: bool
    sink: Sink
    last_activity_s: float
    acquisitions: int = 0
    timestamps: int = 0
    errors: list[str] = field(default_factory=list[str])


class DataLinkError(SimulationError):
    """A request that the service answers with an error description."""


def _no_files(name: str) -> Sink:
    raise DataLinkError(f"Unable to open file '{name}': the service has no folder to write to")


class DataLinkService:
    """Time stamps of one device. ``hosts``: the addresses under which the device is known.

    ``open_file``: opens the file of a name for a sink; raises DataLinkError for one that it does not allow.
    """

    def __init__(
        self,
        hosts: set[str],
        open_stream: Callable[[int], Sink],
        clock: Callable[[], float],
        open_file: Callable[[str], Sink] = _no_files,
    ) -> None:
        self._hosts, self._clock = hosts, clock
        self._open_stream, self._open_file = open_stream, open_file
        self._running: dict[str, _Acquisition] = {}
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
            return json.dumps(self._answer(_words(message)))
        except (DataLinkError, ValueError) as error:
            return json.dumps({"error": {"description": str(error)}})

    def record(self, delivery: Delivery) -> None:
        """Send what a RAW block delivers to the sinks of its channel."""
        for acquisition in self._running.values():
            if acquisition.channel == delivery.channel:
                self._send(acquisition, delivery)

    def close(self) -> None:
        """End all acquisitions."""
        while self._running:
            self._running.popitem()[1].sink.finish()

    def _send(self, acquisition: _Acquisition, delivery: Delivery) -> None:
        size = int(delivery.tags.timestamps_ps.size)
        if size:
            data = encode(delivery.tags, acquisition.form, acquisition.with_index)
            if not acquisition.sink.put(data) and len(acquisition.errors) < 100:
                acquisition.errors.append("client too slow, or disk full: timestamps lost")
        acquisition.acquisitions += delivery.complete
        acquisition.timestamps += size
        acquisition.last_activity_s = self._clock()

    def _answer(self, words: list[str]) -> JsonValue:
        verb = words[0] if words else ""
        if verb in ("activate", "disactivate"):
            return self._older(words)
        options = _options(words[1:])
        if verb == "list":
            return list(self._running)
        if verb == "start-stream":
            port = _whole(options, "stream-port", 0, 65535)
            return self._start(options, lambda: self._open_stream(port), "bin", port == 0)
        if verb == "start-save":
            form, name = _format(options.get("format", "bin")), options.get("filename", "")
            return self._start(options, lambda: self._open_file(name), form)
        if verb == "status":
            return self._status(self._find(options))
        if verb == "stop":
            return self._stop(options)
        raise DataLinkError(f"Unknown command '{verb}'")

    def _start(
        self, options: Mapping[str, str], sink: Callable[[], Sink], form: Format, tell_port: bool = False
    ) -> Mapping[str, object]:
        channel = _whole(options, "channel", 1, 4)
        if (address := options.get("address", "")) not in self._hosts:
            raise DataLinkError(f"Unable to connect to Time Controller '{address}'")
        opened = sink()
        identity = self._new_identity(f"{address}:{FIRST_DATA_PORT + channel}")
        with_index = "with-ref-index" in options
        self._running[identity] = _Acquisition(channel, form, with_index, opened, self._clock())
        return {"id": identity, "port": opened.port} if tell_port else {"id": identity}

    def _new_identity(self, wanted: str) -> str:
        """The real service has one acquisition a channel; here more may run, each with its own id."""
        identity, number = wanted, 1
        while identity in self._running:
            number += 1
            identity = f"{wanted}-{number}"
        return identity

    def _stop(self, options: Mapping[str, str]) -> Mapping[str, object]:
        acquisition = self._find(options)
        self._running.pop(options["id"])
        acquisition.sink.finish()
        return {"status": self._status(acquisition)}

    def _older(self, words: list[str]) -> str:
        """Start and stop saving in the words of 2019; what they were answered with is in no source [?]."""
        if words[0] == "activate" and len(words) == 6:
            _, channel, address, _, name, form = words
            options = {"channel": channel, "address": address, "filename": name, "format": form}
            self._start(options, lambda: self._open_file(name), _format(form))
        elif words[0] == "disactivate" and len(words) == 2:
            found = [key for key, item in self._running.items() if str(item.channel) == words[1]]
            for identity in found:
                self._stop({"id": identity})
        else:
            raise DataLinkError(f"Wrong arguments of '{words[0]}'")
        return ""

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


def _words(message: str) -> list[str]:
    """Words as a shell parts them; most requests have nothing that a shell would look at twice."""
    return message.split(" ") if _PLAIN.fullmatch(message) else shlex.split(message)


def _format(text: str) -> Format:
    if text not in ("bin", "ascii"):
        raise DataLinkError(f"--format must be bin or ascii, not '{text}'")
    return "bin" if text == "bin" else "ascii"


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
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or not low <= int(text) <= high:
        raise DataLinkError(f"--{name} must be a number in {low}..{high}, not '{text}'")
    return int(text)
