# SPDX-License-Identifier: Apache-2.0
"""QCoDeS' own Lake Shore 372 driver, unchanged, in the role of a thermometer.

The driver neither locks nor looks whether a reading is valid; both happen here, around it. The instrument
measures one input at a time and answers an old reading for the others: those are refused here.
"""

from math import inf, isfinite
from time import monotonic
from typing import TYPE_CHECKING

from heraldlink_drivers._adapter import DriverAdapter
from heraldlink_drivers.errors import DriverError

if TYPE_CHECKING:
    from qcodes.instrument_drivers.Lakeshore import LakeshoreModel372
    from qcodes.instrument_drivers.Lakeshore.Lakeshore_model_372 import LakeshoreModel372Channel
    from qcodes.parameters import Parameter

INPUTS = range(1, 17)
_EVENTS = {4: "query error", 8: "device error", 16: "execution error", 32: "command error"}


class LakeShore372(DriverAdapter):
    """Thermometer around ``driver``. Only queries are sent; nothing of the cryostat's is ever set."""

    def __init__(self, driver: "LakeshoreModel372") -> None:
        super().__init__(driver)
        self.driver = driver
        self._read_at_s: dict[int, float] = {}

    @classmethod
    def adapts(cls) -> "type[LakeshoreModel372]":
        """QCoDeS' driver."""
        from qcodes.instrument_drivers.Lakeshore import LakeshoreModel372

        return LakeshoreModel372

    def errors(self) -> list[str]:
        """What the event status register holds of errors; reading it clears it."""
        events = int(self.ask("*ESR?"))
        return [text for bit, text in _EVENTS.items() if events & bit]

    @property
    def channels(self) -> tuple[int, ...]:
        """Numbers of the inputs that are measured: the one at the scanner, or all enabled if it goes on."""
        with self.lock:
            scanned, autoscan = self._scanner()
            candidates = INPUTS if autoscan else (scanned,)
            return tuple(channel for channel in candidates if self._enabled(channel))

    def temperature_K(self, channel: int) -> float:
        """Temperature of an input, K.

        Raises ValueError for an input that there is not, DriverError for one that is not measured now, and
        for a reading that is not valid or out of range.
        """
        self._check(channel)
        with self.lock:
            if channel not in self.channels:
                raise DriverError(
                    f"{self.name}: channel {channel} is not measured now (disabled or not scanned)"
                )
            status = str(self._get(self._input(channel).sensor_status))
            temperature_K = float(self._get(self._input(channel).temperature))
        if status != "OK" or not isfinite(temperature_K) or temperature_K <= 0:
            raise DriverError(
                f"{self.name}: channel {channel} has no valid reading ({status}, {temperature_K} K)"
            )
        self._read_at_s[channel] = monotonic()
        return temperature_K

    def age_s(self, channel: int) -> float:
        """How old the last reading of an input is, s; infinite if there never was one.

        With autoscan it may have waited for one round of the scanner before it was read: that is added.
        """
        self._check(channel)
        if channel not in self._read_at_s:
            return inf
        with self.lock:
            age_s = monotonic() - self._read_at_s[channel]
            return age_s + (self._round_s() if self._scanner()[1] else 0.0)

    def safe_state(self) -> None:
        """Nothing: a cryostat is left as it is."""

    def _round_s(self) -> float:
        """Time that the scanner is away from an input at most."""
        measured = [self._input(channel) for channel in self.channels]
        return sum(float(self._get(item.dwell)) + float(self._get(item.pause)) for item in measured)

    def _scanner(self) -> tuple[int, bool]:
        reply = self.ask("SCAN?")
        try:
            channel, autoscan = (int(part) for part in reply.split(","))
        except ValueError:
            raise DriverError(f"{self.name}: no scanner state in {reply!r}") from None
        return channel, bool(autoscan)

    def _enabled(self, channel: int) -> bool:
        return bool(self._get(self._input(channel).enabled))

    def _check(self, channel: int) -> None:
        if isinstance(channel, bool) or channel not in INPUTS:
            raise ValueError(f"{self.name}: no channel {channel}, only {INPUTS[0]}..{INPUTS[-1]}")

    def _input(self, channel: int) -> "LakeshoreModel372Channel":
        return self.driver.channels[channel - 1]

    def _get(self, parameter: "Parameter") -> str | float | bool:
        with self.exchange():
            value: str | float | bool = parameter.get()
        return value
