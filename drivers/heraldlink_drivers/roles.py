# SPDX-License-Identifier: Apache-2.0
"""Roles that instruments play in a node: small protocols in SI units, beside the programs they take.

A driver *is* its role: ``SantecTSL570`` has the methods of ``PumpLaser`` beside its QCoDeS parameters.
Nothing here imports QCoDeS, so that code which only speaks of roles loads quickly. Reading methods never
change the instrument. All methods raise ``heraldlink_drivers.errors.DriverError``; values outside the
instrument's range raise ValueError before anything is sent.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from heraldlink_drivers.programs import (
    MARKER_1,
    MARKER_2,
    Combiner,
    GeneratorProgram,
    Step,
    TaggerProgram,
    Tags,
    TriggerInput,
    Waveform,
)

__all__ = [
    "MARKER_1",
    "MARKER_2",
    "Attenuator",
    "Combiner",
    "DetectorBias",
    "Device",
    "GeneratorProgram",
    "MicrowaveSource",
    "PumpLaser",
    "SlotTrigger",
    "Step",
    "TaggerProgram",
    "Tags",
    "TimeTagger",
    "TriggerInput",
    "Waveform",
    "WaveformGenerator",
]


class Device(Protocol):
    """What every instrument can say of itself."""

    def identity(self) -> str:
        """Maker, model, serial number and firmware, comma separated; a simulated serial begins ``SIM-``."""
        ...

    def errors(self) -> list[str]:
        """Errors that the instrument still holds, oldest first; reading them clears them."""
        ...

    def safe_state(self) -> None:
        """Bring the instrument into the state in which it can be left alone."""
        ...


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
class WaveformGenerator(Device, Protocol):
    """Sequencing generator. Safe state: outputs off, stopped."""

    def upload(self, program: GeneratorProgram, only: Sequence[str] | None = None) -> None:
        """Load waveforms, sequence and amplitudes; with ``only``, just these waveforms of the same program.

        Leaves the generator stopped and the outputs as they were. Raises ProgramError for what does not fit.
        """
        ...

    def arm(self) -> None:
        """Stop, outputs on, run, and return when the generator waits for trigger A; else raise Timeout."""
        ...

    def armed(self) -> bool:
        """Whether it waits for its trigger with all outputs on; False while it plays."""
        ...

    def stop(self) -> None:
        """Stop playing; outputs stay as they are."""
        ...

    def reference_external(self) -> bool:
        """Whether the clock follows the external 10 MHz."""
        ...

    def set_reference_external(self, external: bool) -> None:
        """Choose the clock's reference."""
        ...

    def amplitudes_Vpp(self) -> tuple[float, ...]:
        """Peak-to-peak voltage of each channel into 50 ohm."""
        ...

    def sample_rate_Hz(self) -> float:
        """Sample rate, samples per second."""
        ...

    def waveform(self, name: str) -> Waveform:
        """Read a waveform of the loaded program back, sample by sample."""
        ...

    def waveform_stamp(self, name: str) -> str:
        """Time stamps that the instrument gave to the waveform's last change: equal means unchanged."""
        ...

    def waveform_stamps(self, names: Sequence[str]) -> dict[str, str]:
        """Time stamps of several waveforms, by name, in one exchange."""
        ...


@runtime_checkable
class SlotTrigger(Device, Protocol):
    """Delay generator between slot tick and generator. Safe state: not armed."""

    def delay_s(self) -> float:
        """Delay from the tick to the generator's trigger, s."""
        ...

    def set_delay_s(self, delay_s: float) -> None:
        """Set the delay from the tick to the generator's trigger, s."""
        ...

    def amplitude_V(self) -> float:
        """Height of the trigger pulse, V."""
        ...

    def set_amplitude_V(self, amplitude_V: float) -> None:
        """Set the height of the trigger pulse, V."""
        ...

    def arm(self) -> None:
        """Let the next tick, and only it, through."""
        ...

    def armed(self) -> bool:
        """Whether the next tick will be let through; False after it came."""
        ...

    def disarm(self) -> None:
        """Let no tick through."""
        ...


@runtime_checkable
class MicrowaveSource(Device, Protocol):
    """Continuous-wave source of the readout tone. Safe state: output off."""

    def frequency_Hz(self) -> float:
        """Frequency, Hz."""
        ...

    def set_frequency_Hz(self, frequency_Hz: float) -> None:
        """Set the frequency, Hz."""
        ...

    def power_dBm(self) -> float:
        """Power, dBm."""
        ...

    def set_power_dBm(self, power_dBm: float) -> None:
        """Set the power, dBm."""
        ...

    def phase_rad(self) -> float:
        """Phase offset, rad in 0..2 pi."""
        ...

    def set_phase_rad(self, phase_rad: float) -> None:
        """Set the phase offset, rad (taken modulo 2 pi)."""
        ...

    def output(self) -> bool:
        """Whether the output is on."""
        ...

    def set_output(self, on: bool) -> None:
        """Switch the output."""
        ...

    def reference_external(self) -> bool:
        """Whether it follows the external 10 MHz."""
        ...

    def set_reference_external(self, external: bool) -> None:
        """Choose the reference."""
        ...


@runtime_checkable
class TimeTagger(Device, Protocol):
    """Time tagger with hardware heralds and reference index. Safe state: record stopped, outputs off."""

    def configure(self, program: TaggerProgram) -> None:
        """Set inputs, thresholds, delays, combiner, RAW links, outputs and the record's trigger."""
        ...

    def gate_ps(self) -> tuple[int, int]:
        """Window of the configured combiner, (begin, end) after the reference event, read back."""
        ...

    def thresholds_V(self) -> dict[str, float]:
        """Trigger level of each enabled input, read back."""
        ...

    def reference_external(self) -> bool:
        """Whether its clock follows the external 10 MHz."""
        ...

    def counts(self) -> dict[str, int]:
        """Accumulated counts of all inputs, by name."""
        ...

    def tick_count(self) -> int:
        """Slot ticks counted so far."""
        ...

    def open_streams(self) -> None:
        """Open the streams of the configured RAW channels; does nothing if they are open."""
        ...

    def arm_record(self, duration_ps: int) -> int:
        """Arm one record: it begins at the next slot tick and lasts ``duration_ps``.

        Returns the tick count, read behind the arming in the same message: the record begins at the tick
        after it, or was armed just before that count was reached.
        """
        ...

    def record_done(self) -> bool:
        """Whether the armed record is over (also when it was stopped)."""
        ...

    def read_record(self, timeout_s: float = 10.0) -> dict[int, Tags]:
        """Tags of the finished record by RAW channel; raises RecordIncomplete if some do not arrive."""
        ...

    def close_streams(self) -> None:
        """Close the streams."""
        ...


@runtime_checkable
class DetectorBias(Device, Protocol):
    """Bias and trigger levels of single-photon detectors. Safe state: bias held as it is."""

    @property
    def detector_count(self) -> int:
        """Number of detectors; they count from 1."""
        ...

    def bias_A(self) -> tuple[float, ...]:
        """Bias current of each detector, A."""
        ...

    def set_bias_A(self, bias_A: Sequence[float]) -> None:
        """Set the bias current of all detectors, A."""
        ...

    def enabled(self) -> bool:
        """Whether the bias is applied."""
        ...

    def set_enabled(self, on: bool) -> None:
        """Apply or remove the bias."""
        ...

    def trigger_level_V(self) -> tuple[float, ...]:
        """Trigger level of each detector, V."""
        ...

    def set_trigger_level_V(self, trigger_level_V: Sequence[float]) -> None:
        """Set the trigger level of all detectors, V."""
        ...

    def count_rates_Hz(self) -> tuple[float, ...]:
        """Latest count rate of each detector, Hz."""
        ...
