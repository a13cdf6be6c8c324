# SPDX-License-Identifier: Apache-2.0
"""What the R&S SGS100A tells of itself: assemblies, options, interface, locks, self-tests, adjustments.

The forms of ``SYST:HARD:ASS?`` and ``SYST:SOFT:OPT?`` are lists of strings, as public drivers read them; the
names and numbers in them are this simulator's own.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from heraldlink_sim.scpi import Boolean, Integer, ScpiDevice, ScpiError, Setting, Text, command, query

ADJUSTMENT_s = 60.0
CALIBRATING = 1 << 0
_ASSEMBLIES = {"NAME": ("MAIN", "RFBOARD"), "PNUM": ("1416.0505", "1416.0605"), "REV": ("04.01", "03.00")}
_EVERYTHING, _NETWORK = "SYSTem:HARDware:ASSembly<1..2>", "SYSTem:COMMunicate:NETWork"


class System(ScpiDevice, ABC):
    """System commands; a subclass gives ``options`` and the serial number."""

    serial: str = ""

    keeps_internal_adjustment = Setting("CALibration:IQModulator:IQModulator:STATe", Boolean(default=True))
    device_name = Setting("SYSTem:COMMunicate:NETWork[:COMMon]:HOSTname", Text("rssgs100a", longest=60))
    dhcp = Setting("SYSTem:COMMunicate:NETWork:IPADdress:MODE", Text("AUTO", bare=True, longest=6))
    static_address = Setting(
        "SYSTem:COMMunicate:NETWork:IPADdress:STATic[:ADDRess]", Text("192.168.0.10", longest=15)
    )

    @query(f"{_NETWORK}:MACaddress")
    def _mac(self) -> str:
        return '"00:90:B8:00:00:01"'

    @query(f"{_NETWORK}:STATus")
    def _network_status(self) -> int:
        return 1

    # --- adjustments: nothing else is done meanwhile

    @query("CALibration:ALL[:MEASure]")
    @query("CALibration:FREQuency[:MEASure]")
    @query("CALibration:LEVel[:MEASure]")
    @query("CALibration:IQModulator:FULL")
    @query("CALibration:IQModulator:LOCal")
    async def _adjust(self) -> int:
        self.status.operation.set_condition(CALIBRATING, True)
        try:
            await self.clock.sleep_until(self.clock.now_s() + ADJUSTMENT_s)
        finally:
            self.status.operation.set_condition(CALIBRATING, False)
        return 0

    # --- itself

    @query(f"{_EVERYTHING}:NAME")
    def _assembly_name(self, unit: int) -> str:
        return f'"{_ASSEMBLIES["NAME"][unit - 1]}"'

    @query(f"{_EVERYTHING}:PNUMber")
    def _assembly_part(self, unit: int) -> str:
        return f'"{_ASSEMBLIES["PNUM"][unit - 1]}"'

    @query(f"{_EVERYTHING}:REVision")
    def _assembly_revision(self, unit: int) -> str:
        return f'"{_ASSEMBLIES["REV"][unit - 1]}"'

    @query(f"{_EVERYTHING}:SNUMber")
    def _assembly_serial(self, unit: int) -> str:
        return f'"{self.serial}-{unit}"'

    @query("SYSTem:SOFTware:OPTion<1..1>:NAME")
    def _option_names(self, _unit: int) -> str:
        return self._each_option(str)

    @query("SYSTem:SOFTware:OPTion<1..1>:DESignation")
    def _option_designations(self, _unit: int) -> str:
        return self._each_option(lambda name: f"R&S {name}")

    @query("SYSTem:SOFTware:OPTion<1..1>:LICenses")
    def _option_licences(self, _unit: int) -> str:
        return self._each_option(lambda name: "1")

    @query("SYSTem:SOFTware:OPTion<1..1>:EXPiration")
    def _option_expiry(self, _unit: int) -> str:
        return self._each_option(lambda name: "Permanent")

    @query("SYSTem:DEVice:ID")
    @query("SYSTem:DID")
    def _device_id(self) -> str:
        return f'"SGS100A-{self.serial}"'

    @query("DIAGnostic:INFO:OTIMe")
    def _operating_hours(self) -> int:
        return int(self.clock.now_s() // 3600)

    @query("DIAGnostic:INFO:POCount")
    def _power_on_count(self) -> int:
        return 1

    # --- one controller at a time

    _holder: int | None = None

    @query("LOCK", Integer(0, 2**31 - 1))
    def _lock(self, number: int) -> int:
        if self._holder is None:
            self._holder = number
        return int(self._holder == number)

    @command("UNLock", Integer(0, 2**31 - 1))
    def _unlock(self, number: int) -> None:
        if self._holder not in (None, number):
            raise ScpiError(-203)
        self._holder = None

    def _each_option(self, form: Callable[[str], str]) -> str:
        return ",".join(f'"{form(name)}"' for name in self.installed_options())

    @abstractmethod
    def installed_options(self) -> tuple[str, ...]:
        """Options, as ``*OPT?`` lists them."""
