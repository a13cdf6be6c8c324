# SPDX-License-Identifier: Apache-2.0
"""Roles of those that only look: what the pump permit is granted by."""

from typing import Protocol, runtime_checkable

from heraldlink_drivers.roles.device import Device


@runtime_checkable
class PowerMeter(Device, Protocol):
    """Optical power meter. Safe state: as it is."""

    def measured_W(self) -> float:
        """Power at the sensor, W; raises DriverError if it is out of the sensor's range."""
        ...

    def wavelength_m(self) -> float:
        """Wavelength for which the reading is corrected, m."""
        ...

    def set_wavelength_m(self, wavelength_m: float) -> None:
        """Set the wavelength for which the reading is corrected, m."""
        ...


@runtime_checkable
class Thermometer(Device, Protocol):
    """Cryostat thermometry. Safe state: as it is; a cryostat is never touched."""

    @property
    def channels(self) -> tuple[int, ...]:
        """Numbers of the channels that are measured."""
        ...

    def temperature_K(self, channel: int) -> float:
        """Temperature of a channel, K; raises DriverError if the reading is not valid."""
        ...

    def age_s(self, channel: int) -> float:
        """How old that reading is, s; infinite if there never was one."""
        ...
