# SPDX-License-Identifier: Apache-2.0
"""Clock of an AWG70000 or AWG5200.

Source: QCoDeS' AWG70000A driver (ranges, SRValidator), AWG70000 programmer manual as tm_devices lists its
commands. The bench offers a 10 MHz reference and no other clock: what detects a frequency finds that one, or
reports -230 when the reference is gone.
"""

from typing import ClassVar

from heraldlink_sim.faces.tektronix_awg70000_kinds import Level
from heraldlink_sim.faces.tektronix_awg70000_levels import Limits, within
from heraldlink_sim.faces.tektronix_awg70000_outputs import OutputCommands
from heraldlink_sim.scpi import Boolean, Choice, Integer, Number, ScpiError, Setting, command, nr3, query

_BENCH_REFERENCE_Hz = 10e6
_DETECT_s = 0.5


class ClockCommands(OutputCommands):
    """Clock tree; ``times_external``: the most by which the sample rate exceeds an external clock."""

    times_external: ClassVar[float] = 2
    rate_limits_Hz: ClassVar[Limits] = (1.49e3, 25e9, 25e9)

    clock_source = Setting("CLOCk:SOURce", Choice("INTernal", "EFIXed", "EVARiable", "EXTernal"))
    sample_rate_Hz = Setting("CLOCk:SRATe", Number(1.49e3, 25e9, default=25e9, unit="HZ", form=nr3))
    external_clock_Hz = Setting(
        "CLOCk:ECLock:FREQuency", Number(6.25e9, 12.5e9, default=6.25e9, unit="HZ", form=nr3)
    )
    external_divider = Setting("CLOCk:ECLock:DIVider", Integer(1, 16_777_216, default=1))
    external_multiplier = Setting("CLOCk:ECLock:MULTiplier", Integer(1, 1024, default=1))
    reference_Hz = Setting(
        "CLOCk:EREFerence:FREQuency", Number(10e6, 250e6, default=35e6, unit="HZ", form=nr3)
    )
    reference_divider = Setting("CLOCk:EREFerence:DIVider", Integer(1, 1024, default=1))
    reference_multiplier = Setting("CLOCk:EREFerence:MULTiplier", Integer(1, 16_777_216, default=1))
    clock_output = Setting("CLOCk:OUTPut[:STATe]", Boolean())
    low_jitter = Setting("CLOCk:JITTer", Boolean())
    sync_output = Setting("CLOCk:SOUT[:STATe]", Boolean())
    phase_deg = Setting(
        "CLOCk:PHASe:ADJust[:DEGRees]", Number(-10_800, 10_800, default=0, unit="DEG", form=nr3)
    )
    phase_s = Setting("CLOCk:PHASe:ADJust:TIMe", Number(-1e-6, 1e-6, default=0, unit="S", form=nr3))
    rate_divider = Setting("AWGControl:CLOCk:DRATe", Integer(1, 65536, default=1))
    rate_phase = Setting("AWGControl:CLOCk:PHASe[:ADJust]", Number(-10_800, 10_800, default=0, form=nr3))
    multiplier = Setting("[SOURce<1..1>]:ROSCillator:MULTiplier", Integer(1, 1_000_000, default=1))

    reference_locked = True

    def set_locked(self, locked: bool) -> None:
        """The reference from outside comes, or fails."""
        self.reference_locked = locked

    def present_rate_Hz(self) -> float:
        """Sample rate of the outputs."""
        return self.sample_rate_Hz.get()

    @sample_rate_Hz.guard
    def _check_rate(self, value: float) -> None:
        """An external clock is multiplied only so far (qcodes SRValidator)."""
        if self.clock_source.get() == "EXT" and value > self.times_external * self.external_clock_Hz.get():
            raise ScpiError(-222, f"{value:g} Hz")

    @command("[SOURce<1..1>]:FREQuency[:CW]", Level("HZ"))
    @command("[SOURce<1..1>]:FREQuency:FIXed", Level("HZ"))
    def _set_rate(self, source: int, value: float | str) -> None:
        rate_Hz = within(value, self.rate_limits_Hz)
        self._check_rate(rate_Hz)
        self.sample_rate_Hz.set(rate_Hz)

    @query("[SOURce<1..1>]:FREQuency[:CW]")
    @query("[SOURce<1..1>]:FREQuency:FIXed")
    def _rate(self, source: int) -> str:
        return nr3(self.sample_rate_Hz.get())

    @query("CLOCk:OUTPut:FREQuency")
    def _output_frequency(self) -> str:
        """Half the sample rate, as far down as the output goes [?]."""
        return nr3(self.sample_rate_Hz.get() / 2)

    @command("CLOCk:EREFerence:FREQuency:DETect")
    def _detect_reference(self) -> None:
        if self.clock_source.get() not in ("EFIX", "EVAR"):
            raise ScpiError(-221, "the reference is internal")
        self.begin(_DETECT_s, self._detected, behind=True)

    def _detected(self) -> None:
        if not self.reference_locked:
            raise ScpiError(-230, "no signal at the reference input")
        self.reference_Hz.set(_BENCH_REFERENCE_Hz)

    @command("CLOCk:ECLock:FREQuency:DETect")
    @command("CLOCk:ECLock:FREQuency:ADJust")
    def _detect_clock(self) -> None:
        raise ScpiError(-230, "no signal at the clock input")

    @command("AWGControl:CLOCk:SOURce", Choice("INTernal", "EXTernal", "EFIXed", "EVARiable"))
    def _set_source(self, source: str) -> None:
        self.clock_source.set(source)

    @query("AWGControl:CLOCk:SOURce")
    def _source(self) -> str:
        return self.clock_source.get()
