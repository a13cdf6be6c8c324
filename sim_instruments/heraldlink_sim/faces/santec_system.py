# SPDX-License-Identifier: Apache-2.0
"""System commands of a Santec TSL: interlock, alerts, version, interfaces, display, power.

After power-on the laser warms up for ``warm_up_s``: alert No23, and no light. Alerts stay as long as their
cause; ``:SYST:ALER?`` answers the first one with its text behind a comma [?]. ``:SPEC:SHUT`` and ``:REB``
act after two seconds [?]; a reboot takes a minute.
"""

from __future__ import annotations

import math
import re

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.santec_light import peak_dBm
from heraldlink_sim.faces.santec_sweep import SantecSweep
from heraldlink_sim.scpi import Integer, ScpiError, Setting, Text, command, query
from heraldlink_sim.scpi.lexer import Argument

FIRMWARE = "0026.0026.0011"
PRODUCT_CODE = "C-480640-P-F-AP-00-1"
_PARTING_s, _BOOT_s = 2.0, 60.0
_ALERTS = {5: "Wavelength Error", 6: "Power setting Error", 7: "Inter lock detection", 23: "Ongoing Warm up"}
_ETHERNET = "SYSTem:COMMunicate:ETHernet"
_PART = r"(25[0-5]|2[0-4]\d|1?\d?\d)"
_ADDRESS = re.compile(rf"{_PART}(\.{_PART}){{3}}")


class _Address(Text):
    """Four numbers with points between them."""

    def __init__(self, default: str) -> None:
        super().__init__(default, bare=True, longest=15)

    def parse(self, argument: Argument) -> str:
        text = super().parse(argument)
        if _ADDRESS.fullmatch(text) is None:
            raise ScpiError(-148)
        return text

    def format(self, value: str) -> str:
        return value


class SantecSystem(SantecSweep):
    """The box around the laser."""

    gpib_address = Setting("SYSTem:COMMunicate:GPIB:ADDRess", Integer(1, 30, default=1))
    gpib_delimiter = Setting("SYSTem:COMMunicate:GPIB:DELimiter", Integer(0, 3, default=2))
    address = Setting(f"{_ETHERNET}:IPADdress", _Address("192.168.1.100"))
    mask = Setting(f"{_ETHERNET}:SMASk", _Address("255.255.255.0"))
    gateway = Setting(f"{_ETHERNET}:DGATeway", _Address("0.0.0.0"))  # noqa: S104  what a query says
    port = Setting(f"{_ETHERNET}:PORT", Integer(0, 65535, default=5000))
    brightness = Setting("DISPlay:BRIGhtness", Integer(0, 100, default=100))

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        range_m: tuple[float, float] = (1480e-9, 1640e-9),
        warm_up_s: float = 0.0,
    ) -> None:
        self.firmware, self.product_code = FIRMWARE, PRODUCT_CODE
        self._warm_up_s = warm_up_s
        self._off = (math.inf, math.inf)
        super().__init__(clock, range_m=range_m)
        self._warm_from_s = self.clock.now_s() + warm_up_s

    def reset(self) -> None:
        """Return to power-on, but for the interfaces; the error queue is emptied."""
        kept = {key: value for key, value in self.values.items() if key[0] in self._interfaces}
        super().reset()
        self.values.update(kept)
        self.errors.clear()

    @property
    def _interfaces(self) -> tuple[object, ...]:
        cls = type(self)
        return (cls.gpib_address, cls.gpib_delimiter, cls.address, cls.mask, cls.gateway, cls.port)

    def power_cycle(self) -> None:
        """Go off and on again; the laser warms up anew."""
        super().power_cycle()
        self._off = (math.inf, math.inf)
        self._warm_from_s = self.clock.now_s() + self._warm_up_s

    def is_off(self) -> bool:
        """Whether it was shut down, or still boots."""
        from_s, until_s = self._off
        if self.clock.now_s() >= until_s:
            self.power_cycle()
        return from_s <= self.clock.now_s() < until_s

    def set_interlock(self, is_open: bool) -> None:
        """Open or close the external interlock."""
        self.interlock_open = is_open

    def emits(self) -> bool:
        """Whether light reaches the shutter."""
        warm = self.clock.now_s() >= self._warm_from_s
        return super().emits() and warm and not self.is_off()

    def alerts(self) -> list[int]:
        """Numbers of the present alerts."""
        causes = {
            6: bool(self.automatic.get()) and self.power_dBm > peak_dBm(self.present_m()) + 1e-9,
            7: self.interlock_open,
            23: self.clock.now_s() < self._warm_from_s,
        }
        return [number for number, holds in causes.items() if holds]

    @query("SYSTem:ALERt")
    def _alert(self) -> str:
        numbers = self.alerts()
        return f"No{numbers[0]:02d}.,{_ALERTS[numbers[0]]}" if numbers else "No alerts."

    @query("SYSTem:LOCK")
    def _interlock(self) -> str:
        return self.whole(int(self.interlock_open))

    @query("SYSTem:VERSion")
    def _firmware(self) -> str:
        return self.firmware

    @query("SYSTem:CODe")
    def _product_code(self) -> str:
        return self.product_code

    @query(f"{_ETHERNET}:MACaddress")
    def _mac_address(self) -> str:
        return "0013A0000000"

    @command("SPECial:SHUTdown")
    def _shut_down(self) -> None:
        self._off = (self.clock.now_s() + _PARTING_s, math.inf)

    @command("SPECial:REBoot")
    def _reboot(self) -> None:
        parted_s = self.clock.now_s() + _PARTING_s
        self._off = (parted_s, parted_s + _BOOT_s)
