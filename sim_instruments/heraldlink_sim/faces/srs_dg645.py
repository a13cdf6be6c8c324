# SPDX-License-Identifier: Apache-2.0
"""Stanford Research Systems DG645 delay generator on raw TCP, port 5025, CRLF behind answers.

Channels T0=0 T1=1 A=2 .. H=9; outputs T0=0 AB=1 CD=2 EF=3 GH=4; trigger source ``TSRC`` 0 internal,
1 external rising, 2 external falling, 3 and 4 the same single shot, 5 single shot, 6 line. In the single-shot
external modes ``*TRG`` arms, and the next edge fires and disarms. Errors are numbers in a buffer of 20,
``LERR?`` takes the oldest. An output whose two edges coincide gives no pulse. Powers up in single shot, so
that nothing fires it, with 10 ns between the edges of each output. With ``ADVT 1`` the prescalers let every
n-th cycle out at an output, and every n-th trigger in; ``INHB`` holds back triggers or outputs while
``inhibited``.

Commands: SRS' own Python driver ``srsinst.dg645``, which follows the manual. The form of ``*IDN?`` is the one
that ``dg645-ioc`` cuts up. [?]: that answers of one line are joined by ``;`` (as IEEE 488.2 has it).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from copy import deepcopy
from typing import Literal

from heraldlink_sim.clock import Clock, SteppedClock
from heraldlink_sim.faces.dg645_grammar import (
    COMMUNICATION_ERROR,
    ILLEGAL_COMMAND,
    ILLEGAL_MODE,
    ILLEGAL_QUERY,
    ILLEGAL_SET,
    RECALL_FAILED,
    UNDEFINED_COMMAND,
    Command,
    DelayError,
    commands,
    expect,
    whole,
)
from heraldlink_sim.faces.dg645_interfaces import Interfaces
from heraldlink_sim.faces.dg645_settings import QUANTITIES, STEPPED, Numbers
from heraldlink_sim.faces.dg645_status import INHIBITED, OPERATION_COMPLETE, UNLOCKED, Cycles, Registers
from heraldlink_sim.faces.dg645_timing import OUTPUT_NAMES, Delays, Timing
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.world.rack import DelayOutput, DelayState

WIRE_LOG_LENGTH = 2000
COMMAND_s = 1e-3
LINE_HZ = 50.0
CALIBRATION_s, SELF_TEST_s = 30.0, 5.0
MAC = "00:19:b3:02:00:01"

INTERNAL, SINGLE, LINE = 0, 5, 6
EVERY_EDGE, SINGLE_EDGE = (1, 2), (3, 4)
NO_TRIGGERS = 1
TRIGGER_INPUT = 0

_INTERFACE_COMMANDS = ("DISP", "IFCF", "EPHY", "EMAC", "LOCK", "UNLK", "XTRM")
_TIMINGS = ("TSRC", "TRAT", "BURM", "BURC", "BURD", "BURP")
_QUERIES = ("*IDN", "*OPC", "*TST", "*CAL", "*STB", "*ESR", "*ESE", "*SRE", "*PSC")
_MORE_QUERIES = ("INSR", "INSE", "LERR", "TIMB")
_COMMANDS = ("*TRG", "*RST", "*CLS", "*OPC", "*WAI", "*ESE", "*SRE", "*PSC", "*SAV", "*RCL")
_MORE_COMMANDS = ("INSE", "LCAL", "REMT", "IFRS")


class StanfordDG645:
    """One delay generator; ``tick_V`` is the height of the pulses at its external trigger."""

    def __init__(self, serial: str = "SIM-0001", tick_V: float = 3.3, clock: Clock | None = None) -> None:
        self.serial = serial
        self.tick_V = tick_V
        self.clock: Clock = clock or SteppedClock()
        self.inhibited = False
        self.wire_log: deque[tuple[Literal["in", "out"], bytes]] = deque(maxlen=WIRE_LOG_LENGTH)
        self._registers = Registers()
        self.service_requests = self._registers.service_requests
        self._numbers, self._interfaces = Numbers(), Interfaces(MAC)
        self._saved: dict[int, tuple[dict[tuple[str, int], float], Timing]] = {}
        self._slow_s = 0.0
        self._power_up()

    def _power_up(self) -> None:
        self._armed, self._skipped = False, 0
        self._numbers.restore({})
        self._timing = Timing()
        self._delays = Delays(self._timing)
        self._cycles = Cycles(self._registers)

    # --- the world

    def state(self) -> DelayState:
        """Return what arrived over the wire."""
        delay_s = self._numbers.get("BURD") if self._numbers.get("BURM") else 0.0
        outputs = {
            name: DelayOutput(delay_s + self._timing.leading_s(output), self._amplitude_V(output))
            for output, name in enumerate(OUTPUT_NAMES)
        }
        source = self._numbers.get("TSRC")
        waiting = source in EVERY_EDGE or (source in SINGLE_EDGE and self._armed)
        seen = 0 < self._numbers.get("TLVL") < self.tick_V
        held_back = self.inhibited and self._numbers.get("INHB") == NO_TRIGGERS
        return DelayState(armed=waiting and seen and not held_back, outputs=outputs)

    def fired(self) -> None:
        """Take note that an external edge came while armed; single-shot modes disarm."""
        if self._skips():
            self._skipped += 1
            return
        self._skipped, self._armed = 0, False
        self._fire()

    def set_locked(self, locked: bool) -> None:
        """Let the timebase lock, or lose its lock."""
        if not locked:
            self._registers.instrument |= UNLOCKED

    def power_cycle(self) -> None:
        """Mains off and on: as it was, but nothing runs and nothing is armed."""
        self._armed = False
        self._cycles = Cycles(self._registers)
        self._registers.power_on()

    def _skips(self) -> bool:
        """Whether the prescaler of the trigger input lets the edge to come pass unheeded."""
        return self._skipped + 1 < self._prescale(TRIGGER_INPUT)

    def _prescale(self, prescaler: int) -> int:
        return round(self._numbers.get("PRES", prescaler)) if self._numbers.get("ADVT") else 1

    def _amplitude_V(self, output: int) -> float:
        if not self._timing.has_pulse(output) or not self._lets_out(output):
            return 0.0
        amplitude_V = self._numbers.get("LAMP", output)
        return amplitude_V if self._numbers.get("LPOL", output) else -amplitude_V

    def _lets_out(self, output: int) -> bool:
        if self._skips() or output == 0:
            return not self._skips()
        if self.inhibited and self._numbers.get("INHB") > output:
            return False
        factor = self._prescale(output)
        return factor == 1 or self._cycles.count % factor == self._numbers.get("PHAS", output)

    def _fire(self) -> None:
        burst = None
        if self._numbers.get("BURM"):
            count, period_s = self._numbers.get("BURC"), self._numbers.get("BURP")
            burst = round(count), period_s, self._numbers.get("BURD")
        self._cycles.fire(self.clock.now_s(), self._timing.cycle_s(), burst)

    # --- the wire

    def respond(self, message: bytes) -> bytes | Awaitable[bytes]:
        """Answer one line; the answers of several queries are joined by ``;``."""
        self.wire_log.append(("in", message[:4096]))
        self.clock.spend(COMMAND_s)
        replies: list[str] = []
        for command in commands(message.decode("latin-1")):
            try:
                if (reply := self._run(command, bool(replies))) is not None:
                    replies.append(reply)
            except DelayError as error:
                self._registers.report(error.code)
        self._registers.watch(self._present())
        answer = ";".join(replies).encode()
        if answer:
            self.wire_log.append(("out", answer))
        return self._slowly(answer) if self._slow_s else answer

    async def execute(self, message: bytes) -> bytes:
        """Answer one line, as :meth:`respond`."""
        answer = self.respond(message)
        return answer if isinstance(answer, bytes) else await answer

    async def _slowly(self, answer: bytes) -> bytes:
        duration_s, self._slow_s = self._slow_s, 0.0
        await self.clock.sleep_until(self.clock.now_s() + duration_s)
        return answer

    def swallow(self, message: bytes) -> bytes | None:
        """Acknowledge a setting that will not be made: there is none to give."""
        return None if b"?" in message else b""

    def report(self, error: ScpiError) -> None:
        """Take note of an error that the transport found."""
        self._registers.report(COMMUNICATION_ERROR)

    def status_byte(self, *, message_available: bool = False) -> int:
        """The status byte for a serial poll."""
        return self._registers.byte(self._present() | 16 * message_available)

    def poll(self, *, message_available: bool = False) -> int:
        """A serial poll, which takes as long as a command."""
        self.clock.spend(COMMAND_s)
        return self.status_byte(message_available=message_available)

    def _present(self) -> int:
        """Bits of the status byte that hold now."""
        now_s, source = self.clock.now_s(), self._numbers.get("TSRC")
        if source in (INTERNAL, LINE):
            rate_Hz = LINE_HZ if source == LINE else self._numbers.get("TRAT")
            if not (self.inhibited and self._numbers.get("INHB") == NO_TRIGGERS):
                self._cycles.repeat(now_s, 1 / rate_Hz, self._timing.cycle_s())
        else:
            self._cycles.rest(now_s)
        self._registers.instrument |= INHIBITED if self.inhibited else 0
        return self._cycles.look(now_s)

    def _run(self, command: Command | None, answered: bool) -> str | None:
        if command is None:
            raise DelayError(ILLEGAL_COMMAND)
        name, query, arguments = command.name, command.query, command.arguments
        if (keeper := self._keeper(name)) is not None:
            return keeper(name, query, arguments)
        if query:
            return self._ask(name, arguments, answered)
        self._do(name, arguments)
        return None

    def _keeper(self, name: str) -> Callable[[str, bool, Sequence[str]], str | None] | None:
        """Return what carries out a command that only keeps a setting; None for any other."""
        if name in ("DLAY", "LINK", "SSDL", "SPDL"):
            return self._delays.run
        if name in QUANTITIES:
            return self._number
        if name in _INTERFACE_COMMANDS:
            return self._interfaces.run
        return self._step if name[:2] in ("SS", "SP") and name[2:] in STEPPED else None

    def _number(self, name: str, query: bool, arguments: Sequence[str]) -> str | None:
        reply = self._numbers.run(name, query, arguments)
        if not query and name in _TIMINGS:
            self._timing_changed(name)
        return reply

    def _step(self, name: str, query: bool, arguments: Sequence[str]) -> str | None:
        setting = STEPPED[name[2:]]
        if name[:2] == "SS":
            return self._numbers.run_step_size(setting, query, arguments)
        if query:
            raise DelayError(ILLEGAL_QUERY)
        self._numbers.take_step(setting, arguments)
        return None

    def _timing_changed(self, name: str) -> None:
        self._cycles.abort(self.clock.now_s())
        if name == "TSRC":
            self._armed = False

    # --- queries

    def _ask(self, name: str, arguments: Sequence[str], answered: bool) -> str:
        if name not in _QUERIES and name not in _MORE_QUERIES:
            known = name in _COMMANDS or name in _MORE_COMMANDS
            raise DelayError(ILLEGAL_QUERY if known else UNDEFINED_COMMAND)
        expect(arguments, 0)
        answers: dict[str, Callable[[], object]] = {
            "*IDN": lambda: f"Stanford Research Systems,DG645,s/n{self.serial},ver1.14.10E",
            "*OPC": lambda: 1,
            "*TST": lambda: self._take_time(SELF_TEST_s),
            "*CAL": lambda: self._take_time(CALIBRATION_s),
            "*STB": lambda: self.status_byte(message_available=answered),
            "*ESR": self._registers.take_events,
            "*PSC": lambda: int(self._registers.clears_at_power_on),
            "INSR": self._take_instrument,
            "LERR": self._registers.take_error,
            "TIMB": lambda: 0,
        }
        return str(answers[name]() if name in answers else self._registers.masks[name])

    def _take_time(self, duration_s: float) -> int:
        self._slow_s += duration_s
        return 0

    def _take_instrument(self) -> int:
        self._present()
        return self._registers.take_instrument()

    # --- commands

    def _do(self, name: str, arguments: Sequence[str]) -> None:
        if name not in _COMMANDS and name not in _MORE_COMMANDS:
            known = name in _QUERIES or name in _MORE_QUERIES
            raise DelayError(ILLEGAL_SET if known else UNDEFINED_COMMAND)
        if name in ("*ESE", "*SRE", "INSE", "*PSC", "*SAV", "*RCL", "IFRS"):
            expect(arguments, 1)
            self._set(name, arguments[0])
            return
        expect(arguments, 0)
        if name == "*TRG":
            self._trigger()
        elif name == "*RST":
            self._power_up()
        elif name == "*CLS":
            self._registers.clear()
        elif name == "*OPC":
            self._registers.events |= OPERATION_COMPLETE

    def _set(self, name: str, text: str) -> None:
        if name in self._registers.masks:
            mask = whole(text, 0, 255)
            self._registers.masks[name] = mask & ~64 if name == "*SRE" else mask
        elif name == "*PSC":
            self._registers.clears_at_power_on = bool(whole(text, 0, 1))
        elif name == "*SAV":
            self._saved[whole(text, 1, 9)] = (self._numbers.saved(), deepcopy(self._timing))
        elif name == "*RCL":
            self._recall(whole(text, 0, 9))
        else:
            whole(text, 0, 2)  # IFRS: the interface named is reset

    def _recall(self, location: int) -> None:
        if location == 0:
            self._power_up()
            return
        if location not in self._saved:
            raise DelayError(RECALL_FAILED)
        numbers, timing = self._saved[location]
        self._numbers.restore(numbers)
        self._timing = deepcopy(timing)
        self._delays = Delays(self._timing)
        self._timing_changed("TSRC")

    def _trigger(self) -> None:
        """Arm in the single-shot external modes, fire at once in single shot."""
        source = self._numbers.get("TSRC")
        if source in SINGLE_EDGE:
            self._armed = True
        elif source == SINGLE:
            self._fire()
        else:
            raise DelayError(ILLEGAL_MODE)


def _make(place: Place, config: InstrumentConfig) -> StanfordDG645:
    return StanfordDG645(place.serial, clock=place.clock)


MODEL = Model("SRS DG645", "delay", _make, scpi_server("raw", b"\r\n"), scpi=False)
