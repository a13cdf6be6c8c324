# SPDX-License-Identifier: Apache-2.0
"""Roles that refuse what would bring too much light to a transducer; all else goes to the instrument.

Every part of this package takes its instruments through `heraldlink.agent.roles`, which puts these in front
of them. A command that lowers the light is never refused, and what switches it off asks for nothing before.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from heraldlink.agent.settings import together
from heraldlink.agent.transducer_light import TransducerLight
from heraldlink.config import EndNodeConfig
from heraldlink.errors import LimitExceeded
from heraldlink_drivers.roles import (
    Attenuator,
    GeneratorProgram,
    Interlocked,
    PumpLaser,
    Waveform,
    WaveformGenerator,
)
from heraldlink_physics.carving import transmission
from heraldlink_physics.device import Carver


class LimitedLaser:
    """A pump laser whose light is looked at before it grows; a `PumpLaser`."""

    def __init__(self, device: str, laser: PumpLaser, light: TransducerLight) -> None:
        self._device, self._laser, self._light = device, laser, light
        self.identity, self.errors, self.safe_state = laser.identity, laser.errors, laser.safe_state
        self.reading_together = together(laser)
        self.wavelength_m, self.set_wavelength_m = laser.wavelength_m, laser.set_wavelength_m
        self.power_W, self.emission, self.shutter_open = laser.power_W, laser.emission, laser.shutter_open

    def interlock_open(self) -> bool:
        """Whether its interlock is open; False for a laser that has none to read."""
        return isinstance(self._laser, Interlocked) and self._laser.interlock_open()

    def set_power_W(self, power_W: float) -> None:
        """Set the output power, W. Raises LimitExceeded beyond limits.transducer."""
        now = self._light.laser(self._device)
        if not power_W <= now.power_W:
            self._light.check_laser(self._device, f"power_W {power_W:g}", replace(now, power_W=power_W))
        self._laser.set_power_W(power_W)

    def set_emission(self, on: bool) -> None:
        """Switch the laser diode. Raises LimitExceeded beyond limits.transducer."""
        if on and not (now := self._light.laser(self._device)).emission:
            self._light.check_laser(self._device, "emission on", replace(now, emission=True))
        self._laser.set_emission(on)

    def set_shutter_open(self, is_open: bool) -> None:
        """Move the shutter. Raises LimitExceeded beyond limits.transducer."""
        if is_open and not (now := self._light.laser(self._device)).shutter_open:
            self._light.check_laser(self._device, "shutter open", replace(now, shutter_open=True))
        self._laser.set_shutter_open(is_open)


class LimitedAttenuator:
    """Attenuators that are looked at before more light passes; an `Attenuator`."""

    def __init__(self, attenuator: Attenuator, light: TransducerLight) -> None:
        self._attenuator, self._light = attenuator, light
        self.identity, self.errors = attenuator.identity, attenuator.errors
        self.reading_together = together(attenuator)
        self.safe_state, self.monitor_W = attenuator.safe_state, attenuator.monitor_W
        self.attenuation_dB, self.is_open = attenuator.attenuation_dB, attenuator.is_open

    @property
    def channel_count(self) -> int:
        """Number of channels; they count from 1."""
        return self._attenuator.channel_count

    def set_attenuation_dB(self, channel: int, attenuation_dB: float) -> None:
        """Set the attenuation, dB. Raises LimitExceeded beyond limits.transducer."""
        now = self._light.channel(channel)
        if not attenuation_dB >= now.attenuation_dB:
            request = f"attenuation_dB {attenuation_dB:g}"
            self._light.check_channel(channel, request, replace(now, attenuation_dB=attenuation_dB))
        self._attenuator.set_attenuation_dB(channel, attenuation_dB)

    def set_open(self, channel: int, is_open: bool) -> None:
        """Move the channel's shutter. Raises LimitExceeded beyond limits.transducer."""
        if is_open and not (now := self._light.channel(channel)).is_open:
            self._light.check_channel(channel, "open", replace(now, is_open=True))
        self._attenuator.set_open(channel, is_open)


class LimitedGenerator:
    """A generator that takes no waveform which opens the carver for too long; a `WaveformGenerator`."""

    def __init__(self, generator: WaveformGenerator, config: EndNodeConfig, carver: Carver) -> None:
        self._generator, self._config, self._carver = generator, config, carver
        self.identity, self.errors = generator.identity, generator.errors
        self.safe_state, self.arm, self.armed = generator.safe_state, generator.arm, generator.armed
        self.reading_together = together(generator)
        self.stop, self.sample_rate_Hz = generator.stop, generator.sample_rate_Hz
        self.reference_external = generator.reference_external
        self.set_reference_external = generator.set_reference_external
        self.amplitudes_Vpp, self.waveform = generator.amplitudes_Vpp, generator.waveform
        self.waveform_stamp, self.waveform_stamps = generator.waveform_stamp, generator.waveform_stamps

    def upload(self, program: GeneratorProgram, only: Sequence[str] | None = None) -> None:
        """Load a program. Raises LimitExceeded for a waveform beyond limits.open_share."""
        for name in program.waveforms if only is None else only:
            self._check(name, program.waveforms[name], program.amplitude_Vpp[0])
        self._generator.upload(program, only)

    def _check(self, name: str, waveform: Waveform, amplitude_Vpp: float) -> None:
        allowed = self._config.limits.open_share
        samples = waveform.channels[0] if waveform.channels[0].any() else waveform.channels[0][:1]
        envelope_V = samples.astype(np.float64) * (amplitude_Vpp / 2)
        share = float(transmission(self._carver, envelope_V).mean())
        if not share <= allowed:
            raise LimitExceeded(
                f"{self._config.roles.generator} of node {self._config.node}: waveform {name!r} is refused:"
                f" it opens the carver for {share:.3g} of the time, limits.open_share allows {allowed:.3g}:"
                " shorten the pump's pulses or lengthen the attempt"
            )
