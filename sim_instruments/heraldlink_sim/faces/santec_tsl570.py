# SPDX-License-Identifier: Apache-2.0
"""Santec TSL-570 tunable laser on raw TCP with CR as terminator (a bare LF ends a message too [?]).

Both command sets, chosen by ``:SYST:COMM:COD`` 0 (Legacy) or 1 (SCPI): the mnemonics are the same, the
numbers are not. SCPI answers ``+1.55000000E-006`` (m), Hz and ``+1``, and takes SI; Legacy answers
``1550.0000`` (nm), ``193.41449`` (THz) and ``1``, and takes nm and THz, without units. Limits:
``:WAV? MIN`` in SCPI, ``:WAV:MIN?`` in Legacy. ``:POW:SHUT`` is 1 for closed. Powers up with the laser off
and the shutter closed.

Sources: the vendor's command reference of the TSL family (with QCoDeS' contributed driver), QMI's
Santec_Tsl570 for errors and alerts, users' notes for the quirks in :mod:`.santec_quirks`.
"""

from __future__ import annotations

from collections.abc import Awaitable
from random import Random
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.santec_format import SPEED_OF_LIGHT, dBm_to_mW
from heraldlink_sim.faces.santec_log import SantecLog
from heraldlink_sim.faces.santec_quirks import OPTIONAL, PORT_DIES, RESET_ON_RECONNECT
from heraldlink_sim.faces.santec_system import FIRMWARE, PRODUCT_CODE
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.scpi import query
from heraldlink_sim.transport.server import Dropped
from heraldlink_sim.world.rack import LaserState

_CYCLES_UNTIL_DEAD = 20  # [?]
_RESET_ONE_IN = 4


class SantecTSL570(SantecLog):
    """One laser; ``set_interlock(True)`` keeps it from emitting.

    ``round_trip_s``: what each message takes of bench time beyond the usual.
    """

    def __init__(
        self,
        serial: str = "SIM-0001",
        clock: Clock | None = None,
        *,
        scpi: bool = True,
        range_m: tuple[float, float] = (1480e-9, 1640e-9),
        warm_up_s: float = 0.0,
        round_trip_s: float = 0.0,
        has: frozenset[str] = frozenset(),
        seed: int = 0,
    ) -> None:
        super().__init__(clock, range_m=range_m, warm_up_s=warm_up_s, has=has, seed=seed)
        self.serial = serial
        self._round_trip_s = round_trip_s
        self._connected = 0
        self._knocks = Random(seed)
        self.command_set.set(int(scpi))

    # --- the world

    def state(self) -> LaserState:
        """Return the light as it is now: during a sweep or while it tunes, on the way."""
        present_m = self.present_m()
        return LaserState(
            emitting=self.emits(),
            shutter_open=not self.shutter_closed.get(),
            power_W=dBm_to_mW(self.output_dBm(present_m)) * 1e-3,
            frequency_Hz=SPEED_OF_LIGHT / (present_m + self.offset_m),
        )

    # --- the wire

    def respond(self, message: bytes) -> bytes | Awaitable[bytes]:
        """Answer a message; raises Dropped when the laser is off."""
        if self.is_off():
            self.clock.spend(self.command_s)
            raise Dropped
        return self._later(message) if self._round_trip_s else super().respond(message)

    async def _later(self, message: bytes) -> bytes:
        await self.clock.sleep_until(self.clock.now_s() + self._round_trip_s)
        answer = super().respond(message)
        return answer if isinstance(answer, bytes) else await answer

    def power_cycle(self) -> None:
        """Go off and on again; a dead port lives again."""
        super().power_cycle()
        self._connected = 0

    def admits_connection(self) -> bool:
        """Whether a client that connects to the socket may stay."""
        self._connected += 1
        if PORT_DIES.id in self.has and self._connected > _CYCLES_UNTIL_DEAD:
            return False
        reconnects = RESET_ON_RECONNECT.id in self.has and self._connected > 1
        return not (reconnects and self._knocks.randrange(_RESET_ONE_IN) == 0) and not self.is_off()

    @query("*IDN")
    def _identity(self) -> str:
        return f"SANTEC,TSL-570,{self.serial},{self.firmware}"


class SantecConfig(InstrumentConfig):
    """``quirks``: ids of the optional ones; ``round_trip_ms``: 4.7 ms was measured on LAN.

    ``command_set``: the one it was left in, which it keeps over a power cycle.
    """

    command_set: Literal["scpi", "legacy"] = "scpi"
    range_nm: tuple[float, float] = (1480.0, 1640.0)
    warm_up_s: Annotated[float, Field(ge=0, le=7200)] = 0.0
    round_trip_ms: Annotated[float, Field(ge=0, le=1000)] = 0.0
    firmware: str = FIRMWARE
    product_code: str = PRODUCT_CODE

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        low_nm, high_nm = self.range_nm
        if not 1000 <= low_nm < high_nm <= 2000:
            raise ValueError("range_nm: two wavelengths from 1000 to 2000 nm, the shorter one first")
        known = [quirk.id for quirk in OPTIONAL]
        if unknown := [name for name in self.quirks if name not in known]:
            raise ValueError(f"quirks: no {unknown[0]!r}; there are {', '.join(known)}")
        return self


def _make(place: Place, config: SantecConfig) -> SantecTSL570:
    low_nm, high_nm = config.range_nm
    laser = SantecTSL570(
        place.serial,
        place.clock,
        scpi=config.command_set == "scpi",
        range_m=(low_nm * 1e-9, high_nm * 1e-9),
        warm_up_s=config.warm_up_s,
        round_trip_s=config.round_trip_ms * 1e-3,
        has=frozenset(config.quirks),
        seed=place.seed,
    )
    laser.firmware, laser.product_code = config.firmware, config.product_code
    return laser


MODEL = Model("Santec TSL-570", "laser", _make, scpi_server("raw", b"\r", b"\r\n"), config=SantecConfig)
