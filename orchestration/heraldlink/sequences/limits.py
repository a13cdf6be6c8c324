# SPDX-License-Identifier: Apache-2.0
"""What a waveform generator and a time controller can take, as data, and what exceeds it.

Sources: QCoDeS' AWG70000A driver (2,400 samples at least), qudi's AWG70000 module (0.25 to 0.5 Vpp, 25 GS/s;
it lets lengths grow by one sample, two with a single channel, so that 4 suits all), tm_devices' constraints
(AWG5208: rate and amplitude of the DC high bandwidth path). Steps, repeats and memory are those that the
simulated instruments answer [assumed]; a driver asks the instrument itself before it uploads.
"""

from collections.abc import Iterator
from dataclasses import dataclass

EVENT_LIMIT_Hz = 5e6
"""Syncs, marks and clicks of one time controller: half of what an ID900 can take."""


@dataclass(frozen=True, slots=True)
class GeneratorLimits:
    """What a generator can hold; defaults are those of the Tektronix AWG70002A with sequencing.

    ``granularity``: waveform lengths are multiples of it; ``marker_samples``: so are marker edges (samples).
    ``memory_samples``: of all waveforms of one channel. ``sample_rates_Hz``, ``amplitudes_Vpp``: least and
    most. ``waveforms``: as many as steps [assumed].
    """

    model: str = "AWG70002A"
    minimum_samples: int = 2400
    granularity: int = 4
    marker_samples: int = 1
    memory_samples: int = 2_000_000_000
    maximum_repeat: int = 1_048_576
    steps: int = 16_383
    waveforms: int = 16_383
    sample_rates_Hz: tuple[float, float] = (1.49e3, 25e9)
    amplitudes_Vpp: tuple[float, float] = (0.25, 0.5)

    def refuse_rate(self, rate_Hz: float) -> Iterator[str]:
        """A sentence if the sample rate is out of reach."""
        low_Hz, high_Hz = self.sample_rates_Hz
        if not low_Hz <= rate_Hz <= high_Hz:
            yield f"sample_rate_Hz = {rate_Hz:g} is outside {low_Hz:g}..{high_Hz:g} of the {self.model}"

    def refuse_amplitudes(self, amplitude_Vpp: tuple[float, ...]) -> Iterator[str]:
        """A sentence for each channel's amplitude that is out of reach."""
        low_V, high_V = self.amplitudes_Vpp
        for channel, amplitude in enumerate(amplitude_Vpp, start=1):
            if not low_V <= amplitude <= high_V:
                yield (
                    f"amplitude_Vpp of channel {channel} = {amplitude:g} is outside"
                    f" {low_V:g}..{high_V:g} V of the {self.model}"
                )

    def refuse_length(self, samples: int, waveforms: int) -> Iterator[str]:
        """A sentence for each thing wrong with ``waveforms`` waveforms of ``samples`` samples."""
        if samples < self.minimum_samples:
            yield f"attempt_period_ps gives {samples} samples; the generator needs {self.minimum_samples}"
        if samples % self.granularity:
            yield f"attempt_period_ps gives {samples} samples, which is not a multiple of {self.granularity}"
        if samples * waveforms > self.memory_samples:
            yield (
                f"{waveforms} waveforms of {samples} samples exceed the memory,"
                f" {self.memory_samples} samples: shorten attempt_period_ps or play fewer parts"
            )
        for what, count, most in (
            ("waveforms", waveforms, self.waveforms),
            ("steps", waveforms + 1, self.steps),
        ):
            if count > most:
                yield f"{count} {what} exceed the {most} of the {self.model}: play fewer parts"

    def refuse_repeat(self, count: int) -> Iterator[str]:
        """A sentence if a step cannot repeat ``count`` times."""
        if count > self.maximum_repeat:
            yield f"count = {count} exceeds the generator's largest repeat count, {self.maximum_repeat}"


AWG70002A = GeneratorLimits()
AWG5208 = GeneratorLimits(
    model="AWG5208", granularity=1, sample_rates_Hz=(1.49e3, 2.5e9), amplitudes_Vpp=(0.025, 1.5)
)
GENERATORS = {limits.model: limits for limits in (AWG70002A, AWG5208)}
