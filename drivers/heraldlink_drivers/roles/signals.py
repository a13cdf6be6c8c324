# SPDX-License-Identifier: Apache-2.0
"""Roles of those that make electrical signals."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from heraldlink_drivers.programs import GeneratorProgram, Waveform
from heraldlink_drivers.roles.device import Device


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
