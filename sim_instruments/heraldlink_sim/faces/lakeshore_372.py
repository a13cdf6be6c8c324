# SPDX-License-Identifier: Apache-2.0
"""Face of a Lake Shore 372 AC resistance bridge: TCP port 7777, at most two sockets, CRLF behind answers.

Commands and forms of answers after the manual as quoted by QCoDeS' LakeshoreModel372 and the vendor's Python
package ``lakeshore`` (Model372); ``KRDG?`` and its like answer ``+012.034E-03``. A command that is not
understood sets bit 32 of ``*ESR?``, one whose value is out of range bit 16, and neither answers. Sixteen
ruthenium oxide sensors; those at the stages of a dilution refrigerator are enabled (1 50 K, 2 4 K, 5 still,
6 mixing chamber, and the control input A, at the mixing chamber too), and the scanner stays at 6.

[?]: ``RANGE`` of outputs 1 and 2 takes any range and is on for all but 0 (the manual knows 0 and 1; QCoDeS'
own tests set 6); a disabled input reads zero; an input with its excitation shunted reports CS OVL.
On a stepped clock a question for a reading waits for the next one, 0.1 s.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from heraldlink_sim.clock import Clock, SteppedClock
from heraldlink_sim.faces.lakeshore_alarms import Alarms
from heraldlink_sim.faces.lakeshore_curve_commands import CurveCommands
from heraldlink_sim.faces.lakeshore_grammar import (
    COMMAND_ERROR,
    CONTROL_INPUT,
    EXECUTION_ERROR,
    Command,
    Input,
    Int,
    Real,
    Refusal,
    commands,
    scientific,
)
from heraldlink_sim.faces.lakeshore_heaters import Heaters
from heraldlink_sim.faces.lakeshore_inputs import ENABLED, INPUTS, Inputs, Reading, READING_s
from heraldlink_sim.faces.lakeshore_records import HEATER_OF_A_336, RECORDS, SAMPLE, STILL, WARMUP, Settings
from heraldlink_sim.faces.lakeshore_status import (
    ALARM,
    CONTROL_READING,
    INPUT_READING,
    OVERLOAD,
    SAMPLE_RAMP_DONE,
    WARMUP_RAMP_DONE,
    Registers,
)
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.quirks import Quirk
from heraldlink_sim.scpi.errors import ScpiError

STAGES_K: Mapping[int, float] = {CONTROL_INPUT: 0.012, 1: 46.0, 2: 3.6, 5: 0.85, 6: 0.012}
ROOM_K = 295.0
FIRMWARE = "1.3"
COMMAND_s = 1e-3
WIRE_LOG_LENGTH = 2000

_OUTPUT, _INPUT = Int(SAMPLE, STILL), Input()
_ANY = Real(-1e9, 1e9)
_ON = Int(0, 1)


class LakeShore372:
    """One bridge; ``temperature_K(input)`` is asked when a sensor is read (0: the control input).

    ``has``: ids of the optional quirks of this one.
    """

    quirks: ClassVar[tuple[Quirk, ...]] = (
        Quirk(
            "lakeshore-372-htrset-of-a-336",
            "optional: HTRSET has the five parameters of a Model 336 (type, resistance, current, user's "
            "current, display), not the four of a 372",
            "QCoDeS 0.58 sends and reads them so for all models (lakeshore_base.py); the vendor's package "
            "(model_372.py) has four for a 372",
        ),
    )

    def __init__(
        self,
        serial: str = "SIM-0001",
        clock: Clock | None = None,
        seed: int = 0,
        has: frozenset[str] = frozenset(),
    ) -> None:
        self.serial = serial
        self._other_names = {"HTRSET": HEATER_OF_A_336} if self.quirks[0].id in has else {}
        self.clock: Clock = clock or SteppedClock()
        self.wire_log: deque[tuple[Literal["in", "out"], bytes]] = deque(maxlen=WIRE_LOG_LENGTH)
        self.temperature_K: Callable[[int], float] = lambda channel: STAGES_K.get(channel, ROOM_K)
        self._settings, self._registers = Settings(), Registers()
        self._inputs = Inputs(self._settings, self._stage_K, seed)
        self._heaters = Heaters(
            self._settings, lambda channel: self.temperature_K(channel), self._inputs.curve
        )
        self._alarms = Alarms(self._settings, self._inputs, self._heaters)
        self._curves = CurveCommands(self._settings, self._inputs)
        self.service_requests = self._registers.service_requests
        self._deliver()
        self._queries: dict[str, Callable[[Sequence[str]], str]] = {
            "KRDG": lambda a: scientific(self._reading(a).temperature_K),
            "SRDG": lambda a: scientific(self._reading(a).resistance_ohm),
            "RDGR": lambda a: scientific(self._reading(a).resistance_ohm),
            "QRDG": lambda a: scientific(self._inputs.quadrature_ohm(_one(a, _INPUT), self._now_s())),
            "RDGPWR": lambda a: scientific(self._inputs.excitation_W(_one(a, _INPUT), self._now_s())),
            "RDGST": lambda a: f"{self._reading(a).status:03d}",
            "HTR": lambda a: f"{self._output(a):+.3f}",
            "AOUT": lambda a: f"{self._output(a):+.3f}",
            "HTRST": lambda a: "0" if _one(a, _OUTPUT) >= 0 else "1",
            "SETP": lambda a: scientific(self._heaters.loops[_one(a, _OUTPUT)].ramp.value(self._now_s())),
            "RAMPST": self._ramping,
            "SCAN": self._scanner,
            "MDAT": self._extremes,
            "CRVHDR": self._curves.header,
            "CRVPT": self._curves.point,
            "INCRV": self._curves.of_input,
            "ALARMST": lambda a: ",".join(str(int(on)) for on in self._alarms.state(_one(a, _INPUT))),
            "RELAYST": lambda a: str(int(self._alarms.relay(_one(a, Int(1, 2))))),
            "NETID": lambda a: _none(a, "0,127.0.0.1,255.0.0.0,0.0.0.0,0.0.0.0,0.0.0.0,"
                                     "00:00:00:00:00:00,LSCI-372,local"),
            "*IDN": lambda a: _none(a, f"LSCI,MODEL372,{self.serial},{FIRMWARE}"),
            "*OPC": lambda a: _none(a, "1"),
            "*TST": lambda a: _none(a, "0"),
            "*STB": self._take_byte,
        }  # fmt: skip
        self._commands: dict[str, Callable[[Sequence[str]], None]] = {
            "SETP": self._set_point,
            "SCAN": self._scan,
            "CRVHDR": self._curves.set_header,
            "CRVPT": self._curves.set_point,
            "CRVDEL": self._curves.delete,
            "INCRV": self._curves.set_input,
            "ALMRST": lambda a: self._alarms.reset() if not a else _refuse(),
            "MNMXRST": lambda a: self._inputs.extremes.clear() if not a else _refuse(),
            "DFLT": lambda a: self._deliver() if list(a) == ["99"] else _refuse(),
            "*RST": lambda a: self._heaters.all_off() if not a else _refuse(),
        }

    def _deliver(self) -> None:
        """Settings at delivery, and the sensors of a dilution refrigerator."""
        self._settings.clear()
        self._inputs.forget()
        self._alarms.reset()
        for channel in INPUTS:
            self._settings.replace("INNAME", 0, f"Channel {channel}", channel)
            self._settings.replace("INSET", ENABLED, int(channel in STAGES_K), channel)
        self._settings.replace("INSET", ENABLED, 1, CONTROL_INPUT)
        for number, name in {1: "50K FLANGE", 2: "4K FLANGE", 5: "STILL", 6: "MXC"}.items():
            self._settings.replace("INNAME", 0, name, number)
        self._settings.store("HTRSET", (WARMUP,), (1, 1, 0.0, 1))
        self._settings.replace("OUTMODE", 1, 5, STILL)

    # --- the world and the bench

    def _stage_K(self, channel: int) -> float:
        return self._heaters.temperature_K(channel)

    def power_cycle(self) -> None:
        """Mains off and on: settings stay, but outputs without power-up enable go off (``OUTMODE``)."""
        fresh = Registers()
        fresh.service_requests[:] = self.service_requests
        self._registers, self.service_requests = fresh, fresh.service_requests
        for output in (SAMPLE, WARMUP, STILL):
            if not self._settings.get("OUTMODE", output)[2]:
                self._settings.replace("RANGE", 0, 0, output)

    def swallow(self, message: bytes) -> bytes | None:
        """Acknowledge a setting that will not be made: there is none to give."""
        return None if b"?" in message else b""

    def report(self, error: ScpiError) -> None:
        """Take note of an error that the transport found."""
        self._registers.events |= error.event_bit

    def status_byte(self, *, message_available: bool = False) -> int:
        """The status byte for a serial poll; the 372 has no bit for a waiting answer."""
        return self._registers.byte(self._present())

    def poll(self, *, message_available: bool = False) -> int:
        """A serial poll, which takes as long as a command."""
        self.clock.spend(COMMAND_s)
        self._look()
        return self.status_byte(message_available=message_available)

    # --- the wire

    def respond(self, message: bytes) -> bytes:
        """Answer one line."""
        self.wire_log.append(("in", message[:4096]))
        self.clock.spend(COMMAND_s)
        self._heaters.advance(self.clock.now_s())
        answers: list[str] = []
        for command in commands(message.decode("latin-1")):
            try:
                if (answer := self._run(command)) is not None:
                    answers.append(answer)
            except Refusal as refusal:
                self._registers.events |= refusal.bit
        self._look()
        answer_bytes = ";".join(answers).encode("latin-1")
        if answers:
            self.wire_log.append(("out", answer_bytes))
        return answer_bytes

    async def execute(self, message: bytes) -> bytes:
        """Answer one line, as :meth:`respond`."""
        return self.respond(message)

    def _run(self, command: Command | None) -> str | None:
        if command is None:
            raise Refusal(COMMAND_ERROR)
        if command.query:
            return self._query(command.header, command.arguments)
        self._command(command.header, command.arguments)
        return None

    def _query(self, header: str, arguments: tuple[str, ...]) -> str:
        header = self._other_names.get(header, header)
        if header in self._queries:
            return self._queries[header](arguments)
        if header in RECORDS:
            return self._settings.answer(header, arguments)
        if not arguments and (answer := self._registers.query(header)) is not None:
            return answer
        raise Refusal(COMMAND_ERROR)

    def _command(self, header: str, arguments: tuple[str, ...]) -> None:
        header = self._other_names.get(header, header)
        if header in self._commands:
            self._commands[header](arguments)
        elif header in RECORDS:
            self._store(header, arguments)
        elif not self._registers.command(header, arguments):
            raise Refusal(COMMAND_ERROR)

    def _store(self, header: str, arguments: tuple[str, ...]) -> None:
        if header == "IEEE":
            arguments = arguments[-1:]  # terminator and EOI, which older models had, are passed over
        address, rest = self._settings.address(header, arguments)
        values = self._settings.parsed(header, address, rest)
        if header == "INSET" and not values[ENABLED]:
            values[ENABLED + 1 :] = self._settings.get("INSET", *address)[ENABLED + 1 :]
        self._settings.store(header, address, values)
        self._inputs.forget()
        if header == "INSET" and not any(self._inputs.enabled(channel) for channel in INPUTS):
            self._settings.replace("INSET", ENABLED, 1, 1)  # one input is always enabled

    # --- readings

    def _now_s(self) -> float:
        return self.clock.now_s()

    def _reading(self, arguments: Sequence[str]) -> Reading:
        channel = _one(arguments, _INPUT)
        self._wait_for_reading()
        return self._inputs.reading(channel, self._now_s())

    def _output(self, arguments: Sequence[str]) -> float:
        output = _one(arguments, _OUTPUT)
        self._wait_for_reading()
        return self._heaters.percent(output)

    def _wait_for_reading(self) -> None:
        self.clock.spend(READING_s)
        self._heaters.advance(self._now_s())

    def _scanner(self, arguments: Sequence[str]) -> str:
        return _none(arguments, f"{self._inputs.scanned(self._now_s()):02d},{int(self._inputs.autoscan)}")

    def _scan(self, arguments: Sequence[str]) -> None:
        if len(arguments) != 2:
            raise Refusal(COMMAND_ERROR)
        channel, autoscan = Int(1, INPUTS[-1]).parse(arguments[0]), _ON.parse(arguments[1])
        self._inputs.scan(channel, bool(autoscan), self._now_s())

    def _extremes(self, arguments: Sequence[str]) -> str:
        channel = _one(arguments, _INPUT)
        self._inputs.refresh(self._now_s())
        return ",".join(scientific(value) for value in self._inputs.extremes.get(channel, (0.0, 0.0)))

    # --- outputs

    def _set_point(self, arguments: Sequence[str]) -> None:
        if len(arguments) != 2:
            raise Refusal(COMMAND_ERROR)
        output, value = _OUTPUT.parse(arguments[0]), _ANY.parse(arguments[1])
        self._heaters.set_point(output, value, self._now_s())

    def _ramping(self, arguments: Sequence[str]) -> str:
        output = _one(arguments, _OUTPUT)
        self._wait_for_reading()
        return str(int(self._heaters.ramping(output, self._now_s())))

    # --- status

    def _look(self) -> None:
        now_s = self._now_s()
        self._inputs.refresh(now_s)
        for output, bit in ((WARMUP, WARMUP_RAMP_DONE), (SAMPLE, SAMPLE_RAMP_DONE)):
            if self._heaters.arrived(output, now_s):
                self._registers.latched |= bit
        self._registers.watch(self._present())

    def _present(self) -> int:
        """Bits of the status byte that hold now."""
        now_s = self._now_s()
        control = self._inputs.reading(CONTROL_INPUT, now_s)
        measured = self._inputs.reading(self._inputs.scanned(now_s), now_s)
        bits = (CONTROL_READING if not control.status else 0) | (INPUT_READING if not measured.status else 0)
        bits |= OVERLOAD if control.status | measured.status else 0
        return bits | (ALARM if self._alarms.any() else 0)

    def _take_byte(self, arguments: Sequence[str]) -> str:
        return _none(arguments, str(self._registers.byte(self._present())))


def _one(arguments: Sequence[str], field: Int | Input) -> int:
    if len(arguments) != 1:
        raise Refusal(COMMAND_ERROR)
    return field.parse(arguments[0])


def _none(arguments: Sequence[str], answer: str) -> str:
    if arguments:
        raise Refusal(COMMAND_ERROR)
    return answer


def _refuse() -> None:
    raise Refusal(EXECUTION_ERROR)


class LakeShoreConfig(InstrumentConfig):
    """Port 7777 on the real one."""

    seed: Annotated[int, Field(ge=0)] | None = None


def _make(place: Place, config: LakeShoreConfig) -> LakeShore372:
    seed = place.seed if config.seed is None else config.seed
    return LakeShore372(place.serial, place.clock, seed, frozenset(config.quirks))


MODEL = Model(
    "Lake Shore 372",
    "thermometer",
    _make,
    scpi_server("raw", b"\r\n", connections=2),
    config=LakeShoreConfig,
    scpi=False,
)
