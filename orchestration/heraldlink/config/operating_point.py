# SPDX-License-Identifier: Apache-2.0
"""The settings that ``prepare`` applies to a node's instruments and against which deviations are reported.

One section for each role. Values are what an operator would dial in: SI units, integer picoseconds.
"""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from heraldlink.config.quantities import (
    Amplitude_Vpp,
    Attenuation_dB,
    Bias_A,
    Delay_s,
    Frequency_Hz,
    MicrowavePower_dBm,
    Name,
    OpticalPower_W,
    Strict,
    Time_ps,
    Voltage_V,
    Wavelength_m,
)


def locked(external: bool) -> bool:
    """Raise ValueError for a clock that runs by itself: phases drift apart, and only ZZ is left."""
    if not external:
        raise ValueError("must be true: free-running clocks drift apart, and XX and YY of all pairs are lost")
    return external


ReferenceExternal = Annotated[bool, AfterValidator(locked)]
"""Whether an instrument follows the bench's 10 MHz; no node works without."""


class LaserPoint(Strict):
    """A pump laser: emission on and shutter open once prepared."""

    wavelength_m: Wavelength_m
    power_W: OpticalPower_W


class ArmAttenuation(Strict):
    """The two attenuator channels of one arm: pair pump and readout pump."""

    pump_channel: int = Field(ge=1, le=8)
    pump_attenuation_dB: Attenuation_dB
    readout_channel: int = Field(ge=1, le=8)
    readout_attenuation_dB: Attenuation_dB


class DetectorPoint(Strict):
    """Bias and trigger level of each detector of one driver unit, in channel order."""

    bias_A: tuple[Bias_A, ...] = Field(min_length=1)
    trigger_level_V: tuple[Voltage_V, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _same_length(self) -> "DetectorPoint":
        if len(self.bias_A) != len(self.trigger_level_V):
            raise ValueError("bias_A and trigger_level_V must name the same number of detectors")
        return self


class TaggerPoint(Strict):
    """Thresholds and delays of a time controller, by the instrument's input names (STAR, INPU1 ...)."""

    threshold_V: dict[str, Voltage_V] = Field(min_length=1)
    delay_ps: dict[str, Time_ps] = Field(default_factory=dict[str, int])


class Gate(Strict):
    """Herald window after the START event of the midpoint's time controller, half open, picoseconds."""

    begin_ps: Time_ps
    end_ps: Time_ps

    @model_validator(mode="after")
    def _ordered(self) -> "Gate":
        if self.end_ps <= self.begin_ps:
            raise ValueError(f"end_ps ({self.end_ps}) must come after begin_ps ({self.begin_ps})")
        return self


class MidpointOperatingPoint(Strict):
    """What the midpoint station's instruments are set to."""

    pump: LaserPoint
    readout_pump: LaserPoint
    attenuator: dict[Name, ArmAttenuation] = Field(min_length=2, max_length=2)
    detectors: DetectorPoint
    tagger: TaggerPoint
    gate: Gate

    @model_validator(mode="after")
    def _channels_apart(self) -> "MidpointOperatingPoint":
        arms = self.attenuator.values()
        channels = sorted(number for arm in arms for number in (arm.pump_channel, arm.readout_channel))
        if len(set(channels)) < len(channels):
            raise ValueError(f"attenuator needs a channel for each light of each arm (got {channels})")
        return self


class GeneratorPoint(Strict):
    """Waveform generator: channel full scales, external 10 MHz, and the analogue pulses it plays."""

    amplitude_Vpp: tuple[Amplitude_Vpp, Amplitude_Vpp]
    reference_external: ReferenceExternal
    envelope_peak_V: float = Field(gt=0, le=0.25, description="peak of the pump envelope on channel 1")
    bright_peak_V: float = Field(gt=0, le=0.25, description="peak of the bright pulses on channel 1")


class SlotTriggerPoint(Strict):
    """Delay generator between the slot tick and the generator's trigger A."""

    delay_s: Delay_s
    amplitude_V: float = Field(gt=0, le=5)


class MicrowavePoint(Strict):
    """Microwave source of the readout tone; its reference output carries 10 MHz to the generator."""

    frequency_Hz: Frequency_Hz
    power_dBm: MicrowavePower_dBm
    reference_external: ReferenceExternal


class QubitPoint(Strict):
    """Calibration of the directly synthesised qubit drive on channel 2.

    ``frequency_Hz``: of the drive, whole cycles in every attempt; the qubit's own lies ``offset_Hz`` higher.
    """

    frequency_Hz: Frequency_Hz
    offset_Hz: float = Field(default=0.0, ge=-1e8, le=1e8)
    rabi_rad_per_Vs: float = Field(gt=0, description="rotation angle per volt-second of resonant envelope")


class ReadoutPoint(Strict):
    """Photon-counting readout: excited (or ground) is decided at this many clicks in the gate."""

    threshold_photons: int = Field(ge=1, le=1000)


class EndOperatingPoint(Strict):
    """What an end node's instruments are set to."""

    generator: GeneratorPoint
    slot_trigger: SlotTriggerPoint
    microwave: MicrowavePoint
    tagger: TaggerPoint
    detectors: DetectorPoint
    qubit: QubitPoint
    readout: ReadoutPoint
