# SPDX-License-Identifier: Apache-2.0
"""Roles of those that make light and let it pass."""

from typing import Protocol, runtime_checkable

from heraldlink_drivers.roles.device import Device


@runtime_checkable
class PumpLaser(Device, Protocol):
    """Tunable laser with a shutter. Safe state: shutter closed (verified), then emission off."""

    def wavelength_m(self) -> float:
        """Vacuum wavelength set, m."""
        ...

    def set_wavelength_m(self, wavelength_m: float) -> None:
        """Tune to a vacuum wavelength, m."""
        ...

    def power_W(self) -> float:
        """Power set, W (at the output fibre with the shutter open)."""
        ...

    def set_power_W(self, power_W: float) -> None:
        """Set the output power, W."""
        ...

    def emission(self) -> bool:
        """Whether the laser diode is on."""
        ...

    def set_emission(self, on: bool) -> None:
        """Switch the laser diode."""
        ...

    def shutter_open(self) -> bool:
        """Whether light can leave."""
        ...

    def set_shutter_open(self, is_open: bool) -> None:
        """Move the shutter."""
        ...


@runtime_checkable
class Attenuator(Device, Protocol):
    """Attenuators with a shutter and a power monitor each. Safe state: all channels blocked (verified)."""

    @property
    def channel_count(self) -> int:
        """Number of channels; they count from 1."""
        ...

    def attenuation_dB(self, channel: int) -> float:
        """Attenuation, dB."""
        ...

    def set_attenuation_dB(self, channel: int, attenuation_dB: float) -> None:
        """Set the attenuation, dB."""
        ...

    def is_open(self, channel: int) -> bool:
        """Whether light passes."""
        ...

    def set_open(self, channel: int, is_open: bool) -> None:
        """Move the channel's shutter."""
        ...

    def monitor_W(self, channel: int) -> float:
        """Power behind the attenuator, W."""
        ...


@runtime_checkable
class OpticalSwitch(Device, Protocol):
    """Switch that joins fibres, each input to one output. Safe state: nothing connected (verified)."""

    @property
    def port_count(self) -> int:
        """Number of ports; they count from 1, inputs first."""
        ...

    def connections(self) -> dict[int, int]:
        """Output port by input port, of all that are connected."""
        ...

    def connect(self, source: int, target: int) -> None:
        """Join an input to an output and return when light passes; both leave what they were joined to."""
        ...

    def disconnect(self, source: int) -> None:
        """Leave an input in the dark."""
        ...


@runtime_checkable
class Interlocked(Protocol):
    """What a light source with a safety interlock can tell besides its role."""

    def interlock_open(self) -> bool:
        """Whether its interlock keeps it from emitting."""
        ...
