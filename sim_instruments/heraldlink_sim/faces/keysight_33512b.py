# SPDX-License-Identifier: Apache-2.0
"""Face of the Keysight 33512B: two-channel function and arbitrary waveform generator, 20 MHz, 160 MSa/s.

Numbers beyond what the settings allow are clipped with -222, settings that contradict each other are mended
with -221 (see the quirk). Source: Agilent 33500 Series Operating and Service Guide; QCoDeS' Keysight33512B
and pymeasure's Agilent33500.
"""

from typing import ClassVar

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.keysight_33512b_storage import StorageCommands33500
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.quirks import Quirk
from heraldlink_sim.scpi import Boolean, Choice, Integer, ScpiError, Setting, Text, command, query

CLIPS = Quirk(
    "keysight-33500-clips",
    "A number out of range is clipped to its limit with -222; the old value is not kept.",
    "Operating and Service Guide, VOLTage subsystem; drivers that expect 'value clipped to upper limit'.",
    ("P07", "V18"),
)
_CALIBRATION_s, _TEST_s = 30.0, 5.0
_TEXT = Text(longest=40)


class Keysight33512B(StorageCommands33500):
    """One instrument; see the module's text."""

    error_capacity = 20
    options: ClassVar[str] = "0"
    quirks: ClassVar[tuple[Quirk, ...]] = (CLIPS,)

    display = Setting("DISPlay", Boolean(default=True))
    display_text = Setting("DISPlay:TEXT[:DATA]", _TEXT)
    focus = Setting("DISPlay:FOCus", Choice("CH1", "CH2"))
    view = Setting("DISPlay:VIEW", Choice("STANdard", "TEXT", "GRAPh", "DUAL"))
    rate_unit = Setting("DISPlay:UNIT:RATE", Choice("FREQuency", "PERiod"))
    arb_unit = Setting("DISPlay:UNIT:ARBRate", Choice("SRATe", "FREQuency", "PERiod"))
    pulse_unit = Setting("DISPlay:UNIT:PULSe", Choice("WIDTh", "DUTY"))
    sweep_unit = Setting("DISPlay:UNIT:SWEep", Choice("STARtstop", "CENTerspan"))
    volt_unit = Setting("DISPlay:UNIT:VOLTage", Choice("AMPLitudeoff", "HIGHlow"))
    beeper = Setting("SYSTem:BEEPer:STATe", Boolean(default=True))
    key_lock = Setting("SYSTem:KLOCk[:STATe]", Boolean())
    remote = Setting("SYSTem:COMMunicate:RLSTate", Choice("LOCal", "REMote", "RWLock"))
    reference = Setting("ROSCillator:SOURce", Choice("INTernal", "EXTernal"))
    reference_auto = Setting("ROSCillator:SOURce:AUTO", Boolean(default=True))
    calibration_text = Setting("CALibration:STRing", _TEXT)
    host_name = Setting("SYSTem:COMMunicate:LAN:HOSTname", Text("K-33512B-SIM"))
    dhcp = Setting("SYSTem:COMMunicate:LAN:DHCP", Boolean(default=True))
    reference_locked = True

    def __init__(self, serial: str = "SIM-0001", clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._identity = f"Keysight Technologies,33512B,{serial},5.03-3.15-2.00-58-00"
        self._date, self._time = (2026, 1, 1), (0, 0, 0)
        self._secured = True
        self._calibrations = 1

    def format_error(self, error: ScpiError) -> str:
        """Numbers of errors have a sign."""
        return f'{error.code:+d},"{error.message}"'

    def set_locked(self, locked: bool) -> None:
        """The reference from outside comes, or fails; the instrument then takes its own (QUEStionable 5)."""
        self.reference_locked = locked
        self.status.questionable.set_condition(5, not locked and self.reference.get() == "EXT")

    @query("*IDN")
    def _identify_serial(self) -> str:
        return self._identity

    @query("*TST")
    async def _long_test(self) -> int:
        await self.clock.sleep_until(self.clock.now_s() + _TEST_s)
        return self.self_test()

    @command("DISPlay:TEXT:CLEar")
    def _clear_text(self) -> None:
        self.display_text.set("")

    @command("SYSTem:BEEPer[:IMMediate]")
    def _beep(self) -> None:
        """Nobody on the bench hears it."""

    @command("SYSTem:LOCal")
    @command("SYSTem:REMote")
    def _set_remote(self) -> None:
        """Nobody touches the front panel."""

    @query("ROSCillator:SOURce:CURRent")
    def _present_reference(self) -> str:
        return "EXT" if self.reference.get() == "EXT" and self.reference_locked else "INT"

    @command("SYSTem:DATE", Integer(2000, 2100), Integer(1, 12), Integer(1, 31))
    def _set_date(self, year: int, month: int, day: int) -> None:
        self._date = (year, month, day)

    @query("SYSTem:DATE")
    def _date_of_day(self) -> str:
        return ",".join(f"{part:+d}" for part in self._date)

    @command("SYSTem:TIME", Integer(0, 23), Integer(0, 59), Integer(0, 59))
    def _set_time(self, hour: int, minute: int, second: int) -> None:
        self._time = (hour, minute, second)

    @query("SYSTem:TIME")
    def _time_of_day(self) -> str:
        return ",".join(f"{part:+d}" for part in self._time)

    @query("SYSTem:COMMunicate:LAN:IPADdress")
    def _address(self) -> str:
        return '"127.0.0.1"'

    @query("SYSTem:COMMunicate:LAN:MAC")
    def _mac(self) -> str:
        return '"00000000000000"'

    @query("CALibration:COUNt")
    def _calibration_count(self) -> str:
        return f"{self._calibrations:+d}"

    @command("CALibration:SECure:STATe", Boolean(), Text(bare=True))
    def _secure(self, on: bool, code: str) -> None:
        if code.strip('"') not in ("AT33500", "KT33500"):
            raise ScpiError(703, text="Invalid secure code")
        self._secured = on

    @query("CALibration:SECure:STATe")
    def _is_secured(self) -> int:
        return int(self._secured)

    @query("CALibration[:ALL]")
    async def _calibrate(self) -> str:
        if self._secured:
            raise ScpiError(702, text="Calibration error: instrument is secured")
        await self.clock.sleep_until(self.clock.now_s() + _CALIBRATION_s)
        self._calibrations += 1
        return "+0"


def _make(place: Place, config: InstrumentConfig) -> Keysight33512B:
    return Keysight33512B(place.serial, place.clock)


MODEL = Model("Keysight 33512B", "function_generator", _make, scpi_server())
