# SPDX-License-Identifier: Apache-2.0
"""Parameters of the sequence that all nodes of a link play; times in integer picoseconds.

All times inside a waveform count from its first sample. Every attempt waveform has the same length.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from heraldlink.config.quantities import Duration_ps, Name, Strict, Time_ps

if TYPE_CHECKING:
    from heraldlink.sequences import PairSourceSequence


class SequenceConfig(Strict):
    """A single-click pair-source slot: bright pulses, calibration shots, attempts, conditional readout."""

    name: Name
    kind: Literal["pair_source"]
    sample_rate_Hz: float = Field(ge=1.5e3, le=25e9)
    tick_rate_Hz: float = Field(gt=0, le=100)
    attempt_period_ps: Duration_ps
    bright_pulses: int = Field(ge=0, le=1_000_000, description="even: half of them in each quadrature")
    calibration_shots: int = Field(ge=0, le=100_000, description="for |g> and for |e> each")
    attempts: int = Field(ge=1, le=1_000_000)
    pulse_centre_ps: Time_ps
    pulse_sigma_ps: Duration_ps = Field(description="standard deviation of the pump's power envelope")
    bright_sigma_ps: Duration_ps
    sync_begin_ps: Time_ps
    sync_width_ps: Duration_ps
    rotation_begin_ps: Time_ps
    rotation_sigma_ps: Duration_ps
    readout_begin_ps: Time_ps
    readout_width_ps: Duration_ps
    record_ps: Duration_ps

    @property
    def declared(self) -> "PairSourceSequence":
        """What is played."""
        from heraldlink.sequences import PairSourceSequence  # loads numpy

        return PairSourceSequence(**self.model_dump(exclude={"kind"}))

    @property
    def events_per_s(self) -> float:
        """Syncs and marks that reach one time controller: two in every attempt."""
        return 2e12 / self.attempt_period_ps

    @model_validator(mode="after")
    def _fits(self) -> "SequenceConfig":
        if self.bright_pulses % 2:
            raise ValueError(
                f"bright_pulses must be even, half for each quadrature (got {self.bright_pulses})"
            )
        for name, end_ps in self._ends().items():
            if end_ps > self.attempt_period_ps:
                raise ValueError(
                    f"{name} ends at {end_ps} ps, after attempt_period_ps ({self.attempt_period_ps})"
                )
        if self.record_ps * self.tick_rate_Hz >= 1e12:
            raise ValueError(f"record_ps ({self.record_ps}) must be shorter than a slot")
        return self

    def _ends(self) -> dict[str, int]:
        return {
            "the pump pulse (4 sigma)": self.pulse_centre_ps + 4 * self.pulse_sigma_ps,
            "the sync marker": self.sync_begin_ps + self.sync_width_ps,
            "the rotation (8 sigma)": self.rotation_begin_ps + 8 * self.rotation_sigma_ps,
            "the readout gate": self.readout_begin_ps + self.readout_width_ps,
        }
