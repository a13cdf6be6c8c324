# SPDX-License-Identifier: Apache-2.0
"""What Thorlabs consoles have beside measurements: two more status registers, the box, its input stage."""

from __future__ import annotations

from typing import ClassVar

from heraldlink_sim.scpi import (
    Boolean,
    Choice,
    Integer,
    Number,
    ScpiDevice,
    ScpiError,
    Setting,
    command,
    query,
)

_MASK = Integer(0, 0xFFFF, default=0)
_ALL = Integer(0, 0xFFFF, default=0x7FFF)


def number(value: float) -> str:
    """Answer as the console writes numbers."""
    return f"{value:.8E}"


class ThorlabsStatus(ScpiDevice):
    """Registers and settings that change nothing in a reading; ``AUXillary`` is the vendor's spelling."""

    error_capacity: ClassVar[int] = 30

    measurement_enable = Setting("STATus:MEASurement:ENABle", _MASK)
    measurement_positive = Setting("STATus:MEASurement:PTRansition", _ALL)
    measurement_negative = Setting("STATus:MEASurement:NTRansition", _MASK)
    auxiliary_enable = Setting("STATus:AUXillary:ENABle", _MASK)
    auxiliary_positive = Setting("STATus:AUXillary:PTRansition", _ALL)
    auxiliary_negative = Setting("STATus:AUXillary:NTRansition", _MASK)
    beeper = Setting("SYSTem:BEEPer:STATe", Boolean(True))
    line_Hz = Setting("SYSTem:LFRequency", Integer(50, 60, default=50, unit="HZ"))
    brightness = Setting("DISPlay:BRIGhtness", Number(0.0, 1.0, default=1.0, form=number))
    contrast = Setting("DISPlay:CONTrast", Number(0.0, 1.0, default=0.5, form=number))
    low_pass = Setting("INPut[:PDIOde]:FILTer[:LPASs][:STATe]", Boolean(True))
    adapter = Setting("INPut:ADAPter[:TYPE]", Choice("PHOTodiode", "THERmal", "PYRo"))
    threshold = Setting(
        "[SENSe]:PEAKdetector:THReshold", Number(5.0, 95.0, default=50.0, unit="PCT", form=number)
    )

    def format_error(self, error: ScpiError) -> str:
        """One entry of the error queue, with the sign that these consoles write."""
        return f'{error.code:+d},"{error.message}"'

    @query("STATus:MEASurement[:EVENt]")
    def _measurement_event(self) -> int:
        return 0

    @query("STATus:MEASurement:CONDition")
    def _measurement_condition(self) -> int:
        return 0

    @query("STATus:AUXillary[:EVENt]")
    def _auxiliary_event(self) -> int:
        return 0

    @query("STATus:AUXillary:CONDition")
    def _auxiliary_condition(self) -> int:
        return 0

    @command("SYSTem:BEEPer[:IMMediate]")
    def _beep(self) -> None:
        """Nobody hears it."""
