# SPDX-License-Identifier: Apache-2.0
"""Roles of those that detect photons and tell when."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from heraldlink_drivers.programs import TaggerProgram, Tags
from heraldlink_drivers.roles.device import Device


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

    def lost_tags(self) -> int:
        """Time stamps of records that it lost since it was configured, by its own count; 0 if none."""
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
