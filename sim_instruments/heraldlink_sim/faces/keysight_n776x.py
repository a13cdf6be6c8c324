# SPDX-License-Identifier: Apache-2.0
"""Keysight N776x: optical attenuators, each with output gate and power monitor, and power control.

SCPI over HiSLIP or a raw socket. ``INPn:ATT`` (dB), ``INPn:OFFS``, ``INPn:ATT:SPE`` (dB/s) and ``INPn:WAV``
(m) set the filter, ``OUTPn[:STAT]`` the gate. ``OUTPn:POW`` chooses the attenuation for a power behind it
(``APM`` reads 1 until an attenuation is set); with ``OUTPn:POW:CONT`` 1 the attenuation follows the input so
that this power stays. ``READn:POW?`` and ``FETCn:POW?`` read the monitor behind filter and gate, ``READ``
after one averaging time. Numbers look like ``+2.50000000E+000``, units ``+0`` (dBm) and ``+1`` (W). The
filter moves at its speed; meanwhile ``*OPC?`` waits. Powers up with every gate closed and full attenuation.

Sources: public drivers of the N776x (headers, signs, units), the vendor's guides of its predecessors 8156A
(absolute power mode) and 8163A (offsets). Speeds of 0.1 to 1000 dB/s, averaging of 2 ms to 1 s, a zeroing of
3 s and the range of 0 to 45 dB are [?].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.keysight_filters import KeysightFilters, dBm, in_watt
from heraldlink_sim.faces.santec_format import exponent, signed
from heraldlink_sim.scpi import (
    Choice,
    Integer,
    Number,
    Optional,
    ScpiError,
    Setting,
    Text,
    block,
    command,
    query,
)

MONITOR_FLOOR_W = 1e-12
_ZEROING_s = 3.0
_MOST_POINTS = 1_000_000
_OUT = "OUTPut<channel>[:CHANnel]"
_LOG = "SENSe<channel>[:CHANnel]:FUNCtion"


@dataclass(frozen=True, slots=True)
class _Log:
    """Samples of a monitor: how many, how far apart, and since when."""

    points: int
    spacing_s: float
    begun_s: float

    @property
    def ends_s(self) -> float:
        return self.begun_s + self.points * self.spacing_s


class KeysightN776x(KeysightFilters):
    """One box with its monitors."""

    locked = Setting("LOCK", Integer(0, 1, default=0), writable=False)

    def __init__(self, serial: str = "SIM-0001", clock: Clock | None = None) -> None:
        super().__init__(serial, clock)
        self._wanted: dict[int, tuple[int, float]] = {}
        self._logs: dict[int, _Log] = {}

    def quiet_from_s(self) -> float:
        """When all filters are where they shall be, and all logs are complete."""
        return max(super().quiet_from_s(), *(log.ends_s for log in self._logs.values()), -1.0)

    # --- monitors

    def _monitor(self, channel: int, power_W: float, *, watt: bool) -> str:
        """Format a power; below its floor the monitor reads the floor."""
        seen_W = max(power_W, MONITOR_FLOOR_W) * 10 ** (self.power_offset_dB.get(channel) / 10)
        return exponent(seen_W if watt else dBm(seen_W))

    @query("READ<channel>[:CHANnel]:POWer")
    async def _read_power(self, channel: int) -> str:
        await self.clock.sleep_until(self.clock.now_s() + self.averaging_s.get(channel))
        return self._fetch_power(channel)

    @query("FETCh<channel>[:CHANnel]:POWer")
    def _fetch_power(self, channel: int) -> str:
        watt = in_watt(self.monitor_unit.get(channel))
        return self._monitor(channel, self.output_power_W(channel), watt=watt)

    @query(f"{_OUT}:POWer")
    def _power(self, channel: int) -> str:
        watt = in_watt(self.set_unit.get(channel))
        aimed_dBm = self._powers_dBm.get(channel)
        power_W = self.output_power_W(channel) if aimed_dBm is None else 1e-3 * 10 ** (aimed_dBm / 10)
        return self._monitor(channel, power_W, watt=watt)

    @command(f"{_OUT}:CORRection:COLLect:ZERO[:INITiate]")
    def _zero(self, channel: int) -> None:
        self.begin(_ZEROING_s)

    @query(f"{_OUT}:CORRection:COLLect:ZERO[:INITiate]")
    def _zeroed(self, channel: int) -> str:
        return signed(0)

    @command("OUTPut:CORRection:COLLect:ZERO:ALL")
    def _zero_all(self) -> None:
        self.begin(_ZEROING_s)

    @command("INPut<channel>[:CHANnel]:OFFSet:POWermeter")
    def _offset_from_monitor(self, channel: int) -> None:
        """Let the attenuation read as the loss from 1 mW to what the monitor sees."""
        seen_W = max(self.output_power_W(channel), MONITOR_FLOOR_W)
        self.offset_dB.set(-dBm(seen_W) - self._motions[channel].to_dB, channel)

    # --- logs

    @command(f"{_LOG}:PARameter:LOGGing", Integer(1, _MOST_POINTS), Number(2e-3, 1.0, unit="S"))
    def _set_log(self, channel: int, points: int, averaging_s: float) -> None:
        self._wanted[channel] = points, averaging_s

    @query(f"{_LOG}:PARameter:LOGGing")
    def _log_settings(self, channel: int) -> str:
        points, averaging_s = self._wanted.get(channel, (100, 2e-3))
        return f"{signed(points)},{exponent(averaging_s)}"

    @command(f"{_LOG}:STATe", Choice("LOGGing"), Choice("STARt", "STOP"))
    def _set_log_state(self, channel: int, kind: str, act: str) -> None:
        if act == "STOP":
            self._logs.pop(channel, None)
            return
        points, averaging_s = self._wanted.get(channel, (100, 2e-3))
        self._logs[channel] = _Log(points, averaging_s, self.clock.now_s())

    @query(f"{_LOG}:STATe")
    def _log_state(self, channel: int) -> str:
        log = self._logs.get(channel)
        if log is None:
            return "NONE,COMPLETE"
        return f"LOGGING,{'PROGRESS' if log.ends_s > self.clock.now_s() else 'COMPLETE'}"

    @query(f"{_LOG}:RESult")
    def _log_result(self, channel: int) -> bytes:
        log = self._logs.get(channel)
        if log is None or log.ends_s > self.clock.now_s():
            raise ScpiError(-230)
        times_s = log.begun_s + log.spacing_s * (1 + np.arange(log.points))
        powers_W = [max(self.output_power_W(channel, float(at)), MONITOR_FLOOR_W) for at in times_s]
        return block(np.array(powers_W).astype(">f4").tobytes())

    # --- the box

    @command("LOCK", Integer(0, 1), Optional(Text(bare=True), ""))
    def _lock(self, on: int, password: str) -> None:
        """Lock or unlock: these have no laser that would care."""
        self.locked.set(on)

    @query("SLOT<channel>:IDN")
    def _slot_identity(self, channel: int) -> str:
        return f"Keysight Technologies,{self.model_name},{self.serial},{channel}"

    @query("SLOT<channel>:EMPTy")
    def _slot_is_empty(self, channel: int) -> int:
        return 0
