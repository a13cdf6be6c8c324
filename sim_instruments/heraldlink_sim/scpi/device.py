# SPDX-License-Identifier: Apache-2.0
"""An instrument that speaks SCPI: pure, bytes in and bytes out, no sockets and no clock.

An instrument is a class that declares its commands::

    from heraldlink_sim.scpi import (
        Boolean, Choice, Integer, Number, ScpiDevice, ScpiError, Setting, Text, command, query,
    )

    class Laser(ScpiDevice):
        identity = "ACME,PL780,SIM-1,1.4"
        power = Setting("[SOURce]:POWer[:LEVel]", Number(-15, 13, default=0, unit="DBM"))
        output = Setting("OUTPut<1..4>[:STATe]", Boolean())

        @power.guard                                  # before it is stored; may refuse
        def _power_guard(self, value: float) -> None:
            if self.locked: raise ScpiError(-221)

        @output.changed                               # after it was stored
        def _output_changed(self, value: bool, channel: int) -> None: ...

        @query("READ<1..4>:POWer")                    # answers READ2:POW?
        def read_power(self, channel: int) -> str:
            return f"{self.power.get():.3f}"

        @command("SYSTem:LABel", Text())              # SYST:LAB "x"
        def label(self, text: str) -> None: ...

    laser.power.get(); laser.output.get(2); laser.output.set(True, 2)
    reply = await laser.execute(b"POW 3DBM;POW?")     # -> b"3"
    reply = laser.execute_now(b"OUTP2?")              # without an event loop, if no handler waits

* A :class:`Setting` gives set and query, ``MIN|MAX|DEF`` as value and as query argument, units, ranges and
  ``*RST``.
* Handlers get the numeric suffixes first (1 where the client wrote none), then the parsed parameters. They
  return ``str``, ``bytes`` (sent as they are; ``block(payload)`` makes a definite block), ``int`` or None,
  may be ``async`` (the session waits), and raise :class:`ScpiError` with a code for the error queue.
* A subclass or a later member with the same pattern replaces the header.
* Here already: ``*IDN? *RST *CLS *ESR? *ESE *SRE *STB? *OPC *OPC? *WAI *TST? *OPT? SYST:ERR? SYST:ERR:COUN?
  SYST:ERR:ALL? SYST:VERS?`` and STATus. Override :meth:`~ScpiDevice.reset`,
  :meth:`~ScpiDevice.format_error` or :meth:`~ScpiDevice.self_test`.
* ``self.begin(2.0, then)`` begins an operation that takes two seconds of ``self.clock``: ``*OPC?`` and
  ``*WAI`` wait for it, ``*OPC`` tells its end. ``self.status.operation.set_condition(bit, on)`` sets a
  condition.
* Serve it: ``await serve_raw(device, "127.0.0.1", 0, terminator=b"\\r")`` of :mod:`heraldlink_sim.transport`.
* A device that is not SCPI (its own grammar) only needs ``async execute(message) -> bytes`` and ``wire_log``:
  see :class:`heraldlink_sim.transport.Device`.
"""

from collections.abc import Callable
from typing import ClassVar

from heraldlink_sim.clock import Clock
from heraldlink_sim.quirks import Quirk
from heraldlink_sim.scpi.declare import command, query
from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.scpi.operations import Operations
from heraldlink_sim.scpi.status import EVENT_SUMMARY, MASTER_SUMMARY, OPERATION_COMPLETE, Status
from heraldlink_sim.scpi.status_commands import StatusCommands
from heraldlink_sim.scpi.values import Integer


class ScpiDevice(StatusCommands):
    """Base of all SCPI instruments; see the module's text for how to declare one."""

    identity: ClassVar[str] = "heraldlink,ScpiDevice,SIM-0,0"
    options: ClassVar[str] = "0"
    quirks: ClassVar[tuple[Quirk, ...]] = ()
    """Where this model departs from the standard."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._operations = Operations(self.clock, self.report)
        self._tells_completion = False

    def reset(self) -> None:
        """All settings to their defaults (``*RST``)."""
        self.values.clear()

    def power_cycle(self) -> None:
        """Go off and on again: settings, masks, queues and whatever was pending are as at power-on."""
        self.abort_operations()
        self.errors.clear()
        self.status = Status()
        self.reset()

    def clear(self) -> None:
        """Device clear: stop waiting for operations; settings, registers and error queue stay (5.8)."""
        self._tells_completion = False

    # --- overlapped operations

    def begin(
        self, duration_s: float, then: Callable[[], None] | None = None, *, behind: bool = False
    ) -> None:
        """Begin an overlapped operation, now or ``behind`` those under way.

        ``then`` is called once its time is over and somebody looks; a ScpiError of it goes to the queue.
        """
        self._operations.begin(duration_s, then, behind=behind)

    def abort_operations(self) -> None:
        """Give up what is pending, and the ``*OPC`` that waits for it."""
        self._operations.abort()
        self._tells_completion = False

    def quiet_from_s(self) -> float:
        """Time from which nothing moves or settles any more, operations apart: override it."""
        return float("-inf")

    @property
    def busy(self) -> bool:
        """Whether an operation is pending, or something still moves."""
        return not self._operations.settle() or self.quiet_from_s() > self.clock.now_s()

    def _free_from_s(self) -> float:
        return max(self._operations.ends_s, self.quiet_from_s())

    def look(self) -> None:
        """Notice operations that have ended, and what became of the status byte."""
        if (self._tells_completion or self._operations.pending) and not self.busy and self._tells_completion:
            self._tells_completion = False
            self.status.raise_event(OPERATION_COMPLETE)
        if self.service_requests:
            super().look()

    def settle(self) -> None:
        """Notice operations that have ended, if any was under way: :meth:`look` for those who hold data."""
        if self._operations.pending:
            self.look()

    def format_error(self, error: ScpiError) -> str:
        """One entry of the error queue as it is answered."""
        return f'{error.code},"{error.message}"'

    async def complete(self) -> None:
        """Return when no operation is pending any more (``*OPC?``, ``*WAI``)."""
        while self.busy:
            await self.clock.sleep_until(self._free_from_s())

    def self_test(self) -> int:
        """Result of ``*TST?``: 0 is a pass."""
        return 0

    @query("*IDN")
    def _identify(self) -> str:
        return self.identity

    @query("*OPT")
    def _options(self) -> str:
        return self.options

    @command("*RST")
    def _reset(self) -> None:
        self.abort_operations()
        self.reset()

    @command("*CLS")
    def _clear_status(self) -> None:
        self.errors.clear()
        self.status.clear()
        self._tells_completion = False

    @query("*ESR")
    def _take_events(self) -> int:
        self.look()
        return self.status.take_events()

    @command("*ESE", Integer(0, 255))
    def _set_event_enable(self, mask: int) -> None:
        self.status.event_enable = mask

    @query("*ESE")
    def _event_enable(self) -> int:
        return self.status.event_enable

    @command("*SRE", Integer(0, 255))
    def _set_service_enable(self, mask: int) -> None:
        self.status.service_enable = mask & ~MASTER_SUMMARY

    @query("*SRE")
    def _service_enable(self) -> int:
        return self.status.service_enable

    @query("*STB")
    def _status_byte(self) -> int:
        return self.status_byte()

    @command("*OPC")
    def _operation_complete(self) -> None:
        self._tells_completion = True
        self.look()
        if self._tells_completion and self.status.service_enable & EVENT_SUMMARY:
            self.clock.call_at(
                max(self._operations.ends_s, self.quiet_from_s()), self.look
            )  # nobody else may look before

    @query("*OPC")
    async def _is_complete(self) -> str:
        await self.complete()
        return "1"

    @command("*WAI")
    async def _wait(self) -> None:
        await self.complete()

    @query("*TST")
    def _self_test(self) -> int:
        return self.self_test()

    @query("SYSTem:ERRor[:NEXT]")
    def _next_error(self) -> str:
        return self.format_error(self.errors.pop())

    @query("SYSTem:ERRor:COUNt")
    def _error_count(self) -> int:
        return len(self.errors)

    @query("SYSTem:ERRor:ALL")
    def _all_errors(self) -> str:
        return ",".join(self.format_error(error) for error in self.errors.drain() or [ScpiError(0)])

    @query("SYSTem:ERRor:CODE[:NEXT]")
    def _error_code(self) -> int:
        return self.errors.pop().code

    @query("SYSTem:VERSion")
    def _version(self) -> str:
        return "1999.0"
