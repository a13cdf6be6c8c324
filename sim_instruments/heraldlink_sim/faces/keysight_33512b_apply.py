# SPDX-License-Identifier: Apache-2.0
"""``APPLy`` of a Keysight 33512B: function, frequency, levels, and the output on, in one command.

Modulation, sweep and burst go off. Source: Agilent 33500 Series Operating and Service Guide.
"""

from collections.abc import Callable

from heraldlink_sim.faces.keysight_33512b_arbitrary import ArbitraryCommands33500
from heraldlink_sim.faces.keysight_33512b_functions import Given
from heraldlink_sim.faces.keysight_33512b_kinds import Level, exact
from heraldlink_sim.faces.keysight_33512b_levels import SOURCE
from heraldlink_sim.scpi import Optional, command, query

_PARTS = (
    Optional(Level("HZ"), ""),
    Optional(Level("V", "VPP", "VRMS", "DBM"), ""),
    Optional(Level("V"), ""),
)


def _applies(
    mnemonic: str, shape: str, *, frequency: bool = True, amplitude: bool = True
) -> Callable[..., None]:
    """Command for one function; noise has no frequency, a constant no amplitude either."""

    @command(f"{SOURCE}:APPLy:{mnemonic}", *_PARTS)
    def apply(device: "ApplyCommands33500", channel: int, rate: Given, size: Given, offset: Given) -> None:
        device.apply(channel, shape, rate if frequency else "", size if amplitude else "", offset)

    return apply


class ApplyCommands33500(ArbitraryCommands33500):
    """One command per function."""

    _apply_sine = _applies("SINusoid", "SIN")
    _apply_square = _applies("SQUare", "SQU")
    _apply_ramp = _applies("RAMP", "RAMP")
    _apply_triangle = _applies("TRIangle", "TRI")
    _apply_pulse = _applies("PULSe", "PULS")
    _apply_bits = _applies("PRBS", "PRBS", frequency=False)
    _apply_noise = _applies("NOISe", "NOIS", frequency=False)
    _apply_constant = _applies("DC", "DC", frequency=False, amplitude=False)
    _apply_arbitrary = _applies("ARBitrary", "ARB", frequency=False)
    _apply_user = _applies("USER", "ARB", frequency=False)

    @query(f"{SOURCE}:APPLy")
    def _applied(self, channel: int) -> str:
        values = (self.frequency_Hz(channel), self.amplitude_Vpp(channel), self.offset_V(channel))
        return f'"{self.shape.get(channel)} {",".join(exact(value) for value in values)}"'

    def apply(self, channel: int, shape: str, frequency: Given, amplitude: Given, offset: Given) -> None:
        """Set what is given, leave the rest; empty strings stand for what was left out."""
        self.plain(channel)
        self.change_shape(channel, shape)
        if frequency:
            self.set_frequency(channel, frequency)
        amplitude_Vpp = self.amplitude_from(channel, amplitude) if amplitude else self.amplitude_Vpp(channel)
        offset_V = self.offset_from(channel, offset) if offset else self.offset_V(channel)
        self.set_levels(channel, amplitude_Vpp, offset_V)
        self.output.set(True, channel)
