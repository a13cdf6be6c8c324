# SPDX-License-Identifier: Apache-2.0
"""Stanford Research Systems DG645 delay generator on raw TCP, CRLF behind each answer.

Channels T0=0 T1=1 A=2 .. H=9; outputs T0=0 AB=1 CD=2 EF=3 GH=4; trigger source ``TSRC`` 0 internal,
1 external rising, 2 external falling, 3 and 4 the same single shot, 5 single shot, 6 line. In the single-shot
external modes ``*TRG`` arms, and the next edge fires and disarms. ``LERR?`` takes the oldest error number.
``INSR?`` takes the instrument status, whose bit 0 says that a trigger came. An output whose two edges
coincide gives no pulse. Powers up in single shot, so that nothing fires it, with 10 ns between the edges of
each output. The formats of ``*IDN?`` and of the error queue are from public drivers, not from the device.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

from heraldlink_sim.errors import SimulationError
from heraldlink_sim.faces.dg645_timing import EDGES, OUTPUT_NAMES, Timing, TimingError
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.world.rack import DelayOutput, DelayState

WIRE_LOG_LENGTH = 2000
ERROR_CAPACITY = 20

ILLEGAL_VALUE, ILLEGAL_MODE = 10, 11
UNDEFINED_COMMAND, ILLEGAL_QUERY, ILLEGAL_SET = 111, 112, 113
EXTRA_PARAMETERS, MISSING_PARAMETERS, INVALID_FLOAT, INVALID_INTEGER = 115, 116, 118, 120

EVERY_EDGE, SINGLE_EDGE = (1, 2), (3, 4)
GOT_TRIGGER, END_OF_DELAY = 1, 4

_COMMAND = re.compile(r"(\*?[A-Z]+)(\?)?\s*(.*)", re.DOTALL)


class DelayError(SimulationError):
    """A number for the error queue."""

    def __init__(self, code: int) -> None:
        super().__init__(f"DG645 error {code}")
        self.code = code


class StanfordDG645:
    """One delay generator; ``tick_V`` is the height of the pulses at its external trigger."""

    def __init__(self, serial: str = "SIM-0001", tick_V: float = 3.3) -> None:
        self.serial = serial
        self.tick_V = tick_V
        self.wire_log: deque[tuple[Literal["in", "out"], bytes]] = deque(maxlen=WIRE_LOG_LENGTH)
        self._errors: deque[int] = deque(maxlen=ERROR_CAPACITY)
        self._instrument_status = 0
        self._power_up()

    def _power_up(self) -> None:
        self._source, self._armed = 5, False
        self._numbers = {"TRAT": 1000.0, "TLVL": 1.0, "HOLD": 0.0}
        self._timing = Timing()
        self._levels = {"LAMP": [2.5] * 5, "LOFF": [0.0] * 5, "LPOL": [1.0] * 5}

    # --- the world

    def state(self) -> DelayState:
        """Return what arrived over the wire."""
        outputs = {
            name: DelayOutput(self._timing.leading_s(output), self._amplitude_V(output))
            for output, name in enumerate(OUTPUT_NAMES)
        }
        waiting = self._source in EVERY_EDGE or self._armed
        return DelayState(armed=waiting and 0 < self._numbers["TLVL"] < self.tick_V, outputs=outputs)

    def fired(self) -> None:
        """Take note that an external edge came while armed; single-shot modes disarm."""
        self._instrument_status |= GOT_TRIGGER | END_OF_DELAY
        self._armed = False

    def _amplitude_V(self, output: int) -> float:
        amplitude_V = self._levels["LAMP"][output] if self._timing.has_pulse(output) else 0.0
        return amplitude_V if self._levels["LPOL"][output] else -amplitude_V

    # --- the wire

    def respond(self, message: bytes) -> bytes:
        """Answer one line; several commands are separated by ``;`` and each answer has its own line."""
        self.wire_log.append(("in", message))
        replies: list[str] = []
        for text in message.decode("latin-1").upper().split(";"):
            if text.strip():
                self._run(text.strip(), replies)
        answer = "\r\n".join(replies).encode()
        if answer:
            self.wire_log.append(("out", answer))
        return answer

    async def execute(self, message: bytes) -> bytes:
        """Answer one line, as :meth:`respond`."""
        return self.respond(message)

    def _run(self, text: str, replies: list[str]) -> None:
        try:
            match = _COMMAND.fullmatch(text)
            if match is None:
                raise DelayError(UNDEFINED_COMMAND)
            arguments = [part.strip() for part in match[3].split(",")] if match[3].strip() else []
            reply = self._dispatch(match[1], bool(match[2]), arguments)
        except (DelayError, TimingError) as error:
            self._errors.append(error.code)
        else:
            if reply is not None:
                replies.append(reply)

    def _dispatch(self, name: str, query: bool, arguments: Sequence[str]) -> str | None:
        handlers: dict[str, Callable[[bool, Sequence[str]], str | None]] = {
            "TSRC": self._trigger_source,
            "DLAY": self._delay,
            "LINK": self._link,
        }
        if name in handlers:
            return handlers[name](query, arguments)
        if name in self._numbers:
            return self._number(name, query, arguments)
        if name in self._levels:
            return self._level(name, query, arguments)
        if query:
            return self._common_query(name, arguments)
        self._common_command(name, arguments)
        return None

    def _common_query(self, name: str, arguments: Sequence[str]) -> str:
        if name == "INSR":
            return self._take_status(arguments)
        answers: dict[str, Callable[[], str]] = {
            "*IDN": lambda: f"Stanford Research Systems,DG645,s/n{self.serial},ver1.14.10E",
            "*OPC": lambda: "1",
            "*TST": lambda: "0",
            "LERR": lambda: str(self._errors.popleft() if self._errors else 0),
        }
        if name not in answers:
            raise DelayError(ILLEGAL_QUERY if name in ("*TRG", "*RST", "*CLS") else UNDEFINED_COMMAND)
        _expect(arguments, 0)
        return answers[name]()

    def _common_command(self, name: str, arguments: Sequence[str]) -> None:
        if name in ("*IDN", "LERR", "INSR", "*OPC", "*TST"):
            raise DelayError(ILLEGAL_SET)
        if name not in ("*TRG", "*RST", "*CLS", "REMT", "LCAL", "*WAI"):
            raise DelayError(UNDEFINED_COMMAND)
        _expect(arguments, 0)
        if name == "*TRG":
            self._trigger()
        elif name == "*RST":
            self._power_up()
        elif name == "*CLS":
            self._errors.clear()
            self._instrument_status = 0

    def _trigger(self) -> None:
        """Arm in the single-shot external modes, fire at once in single shot."""
        if self._source in SINGLE_EDGE:
            self._armed = True
        elif self._source == 5:
            self._instrument_status |= GOT_TRIGGER | END_OF_DELAY
        else:
            raise DelayError(ILLEGAL_MODE)

    def _take_status(self, arguments: Sequence[str]) -> str:
        if arguments:
            bit = 1 << _whole(arguments[0], 7)
            answer, taken = str(int(bool(self._instrument_status & bit))), bit
        else:
            answer, taken = str(self._instrument_status), 0xFF
        self._instrument_status &= ~taken
        return answer

    def _trigger_source(self, query: bool, arguments: Sequence[str]) -> str | None:
        _expect(arguments, 0 if query else 1)
        if query:
            return str(self._source)
        self._source, self._armed = _whole(arguments[0], 6), False
        return None

    def _delay(self, query: bool, arguments: Sequence[str]) -> str | None:
        _expect(arguments, 1 if query else 3)
        edge = _whole(arguments[0], len(EDGES) - 1)
        if query:
            reference, delay_s = self._timing.delay(edge)
            return f"{reference},{delay_s:+.12f}"
        self._timing.set_delay(edge, _whole(arguments[1], len(EDGES) - 1), _real(arguments[2]))
        return None

    def _link(self, query: bool, arguments: Sequence[str]) -> str | None:
        _expect(arguments, 1 if query else 2)
        edge = _whole(arguments[0], len(EDGES) - 1)
        if query:
            return str(self._timing.delay(edge)[0])
        self._timing.set_delay(edge, _whole(arguments[1], len(EDGES) - 1), self._timing.delay(edge)[1])
        return None

    def _number(self, name: str, query: bool, arguments: Sequence[str]) -> str | None:
        _expect(arguments, 0 if query else 1)
        if query:
            return f"{self._numbers[name]:+.6f}"
        low, high = {"TRAT": (1e-6, 1e7), "TLVL": (-3.5, 3.5), "HOLD": (0.0, 10.0)}[name]
        self._numbers[name] = _bounded(_real(arguments[0]), low, high)
        return None

    def _level(self, name: str, query: bool, arguments: Sequence[str]) -> str | None:
        _expect(arguments, 1 if query else 2)
        output = _whole(arguments[0], 4)
        if query:
            value = self._levels[name][output]
            return f"{value:.0f}" if name == "LPOL" else f"{value:+.2f}"
        low, high = {"LAMP": (0.5, 5.0), "LOFF": (-2.0, 2.0), "LPOL": (0.0, 1.0)}[name]
        self._levels[name][output] = _bounded(_real(arguments[1]), low, high)
        return None


def _expect(arguments: Sequence[str], number: int) -> None:
    if len(arguments) != number:
        raise DelayError(EXTRA_PARAMETERS if len(arguments) > number else MISSING_PARAMETERS)


def _whole(text: str, highest: int) -> int:
    if re.fullmatch(r"\d{1,9}", text, re.ASCII) is None:
        raise DelayError(INVALID_INTEGER)
    return int(_bounded(int(text), 0, highest))


def _real(text: str) -> float:
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d{1,3})?", text) is None:
        raise DelayError(INVALID_FLOAT)
    return float(text)


def _bounded(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise DelayError(ILLEGAL_VALUE)
    return value


def _make(place: Place, config: InstrumentConfig) -> StanfordDG645:
    return StanfordDG645(place.serial)


MODEL = Model("SRS DG645", "delay", _make, scpi_server("raw", b"\r\n"))
