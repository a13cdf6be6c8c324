# SPDX-License-Identifier: Apache-2.0
"""What makes a sequence impossible, each mistake in one sentence that names the field and the remedy."""

from collections.abc import Iterator

from heraldlink.errors import ConfigurationError
from heraldlink.sequences.pair_source import EVENT_LIMIT_Hz, GeneratorLimits, NodeDrive, PairSourceSequence

WAVEFORMS = 6
EVENTS_PER_ATTEMPT = 2
"""Alice's sync and bob's at the hub; a sync and a gate mark at a node."""


def check(
    sequence: PairSourceSequence, limits: GeneratorLimits | None = None, clicks_Hz: float = 0.0
) -> None:
    """Raise ConfigurationError if the sequence cannot be played; ``clicks_Hz``: detector clicks besides."""
    limits = limits or GeneratorLimits()
    found = [*_counts(sequence), *_rate(sequence)]
    if not found:
        found = [
            *_order(sequence),
            *_slot(sequence),
            *_generator(sequence, limits),
            *_events(sequence, clicks_Hz),
        ]
    _raise(sequence, found)


def check_drive(sequence: PairSourceSequence, drive: NodeDrive, *peaks_V: tuple[str, float, int]) -> None:
    """Raise ConfigurationError if a node cannot make its pulses.

    ``peaks_V``: (name, peak voltage, channel index) of every analogue pulse.
    """
    found = [
        f"{name} needs {peak_V:.3g} V, but channel {channel + 1} reaches"
        f" {drive.amplitude_Vpp[channel] / 2:.3g} V (half of amplitude_Vpp)"
        for name, peak_V, channel in peaks_V
        if abs(peak_V) > drive.amplitude_Vpp[channel] / 2
    ]
    _raise(sequence, [*found, *_qubit(sequence, drive)])


def _raise(sequence: PairSourceSequence, found: list[str]) -> None:
    if found:
        raise ConfigurationError(*(f"sequence {sequence.name!r}: {sentence}" for sentence in found))


def _counts(sequence: PairSourceSequence) -> Iterator[str]:
    for field in ("bright_pulses", "calibration_shots", "sync_begin_ps", "rotation_begin_ps"):
        if getattr(sequence, field) < 0:
            yield f"{field} must not be negative (got {getattr(sequence, field)})"
    positive = (
        "attempts", "attempt_period_ps", "pulse_sigma_ps", "bright_sigma_ps", "sync_width_ps",
        "rotation_sigma_ps", "readout_width_ps", "record_ps", "tick_rate_Hz", "sample_rate_Hz",
    )  # fmt: skip
    for field in positive:
        if getattr(sequence, field) <= 0:
            yield f"{field} must be positive (got {getattr(sequence, field)})"
    if sequence.bright_pulses % 2:
        yield f"bright_pulses must be even, half for each quadrature (got {sequence.bright_pulses})"


def _rate(sequence: PairSourceSequence) -> Iterator[str]:
    if sequence.sample_rate_Hz != int(sequence.sample_rate_Hz):
        yield f"sample_rate_Hz must be a whole number of hertz (got {sequence.sample_rate_Hz!r})"
        return
    rate_Hz = int(sequence.sample_rate_Hz)
    for field in (
        "attempt_period_ps",
        "sync_begin_ps",
        "sync_width_ps",
        "readout_begin_ps",
        "readout_width_ps",
    ):
        value = getattr(sequence, field)
        if value * rate_Hz % 10**12:
            yield f"{field} = {value} is not a whole number of samples of {1e12 / rate_Hz:g} ps"


def _order(sequence: PairSourceSequence) -> Iterator[str]:
    widest_ps = max(sequence.pulse_sigma_ps, sequence.bright_sigma_ps)
    if sequence.pulse_centre_ps < 4 * widest_ps:
        yield f"the pump pulse (4 sigma, {4 * widest_ps} ps) begins too early: move pulse_centre_ps later"
    ends = {
        "the pump pulse (4 sigma)": sequence.pulse_centre_ps + 4 * widest_ps,
        "the sync marker": sequence.sync_begin_ps + sequence.sync_width_ps,
        "the readout gate": sequence.readout_begin_ps + sequence.readout_width_ps,
    }
    for name, end_ps in ends.items():
        if end_ps >= sequence.attempt_period_ps:
            yield f"{name} ends at {end_ps} ps, not before attempt_period_ps ({sequence.attempt_period_ps})"
    if sequence.rotation_end_ps > sequence.readout_begin_ps:
        yield (
            f"the rotation ends at {sequence.rotation_end_ps} ps, after readout_begin_ps"
            f" ({sequence.readout_begin_ps})"
        )


def _slot(sequence: PairSourceSequence) -> Iterator[str]:
    if sequence.record_ps * sequence.tick_rate_Hz >= 1e12:
        slot_ps = 1e12 / sequence.tick_rate_Hz
        yield f"record_ps ({sequence.record_ps}) must be shorter than a slot of {slot_ps:.12g} ps"
    if sequence.preamble_ps + sequence.attempt_period_ps > sequence.record_ps:
        yield (
            f"bright pulses and calibration last {sequence.preamble_ps} ps and leave no attempt"
            f" within record_ps ({sequence.record_ps})"
        )


def _generator(sequence: PairSourceSequence, limits: GeneratorLimits) -> Iterator[str]:
    length = sequence.attempt_period_ps * int(sequence.sample_rate_Hz) // 10**12
    if length < limits.minimum_samples:
        yield f"attempt_period_ps gives {length} samples; the generator needs {limits.minimum_samples}"
    if length % limits.granularity:
        yield f"attempt_period_ps gives {length} samples, which is not a multiple of {limits.granularity}"
    if length * WAVEFORMS > limits.memory_samples:
        yield f"{WAVEFORMS} waveforms of {length} samples exceed the memory, {limits.memory_samples} samples"
    for field in ("bright_pulses", "calibration_shots", "attempts"):
        if getattr(sequence, field) > limits.maximum_repeat:
            yield f"{field} exceeds the generator's largest repeat count, {limits.maximum_repeat}"


def _events(sequence: PairSourceSequence, clicks_Hz: float) -> Iterator[str]:
    events_Hz = EVENTS_PER_ATTEMPT * 1e12 / sequence.attempt_period_ps + clicks_Hz
    if events_Hz > EVENT_LIMIT_Hz:
        yield (
            f"{events_Hz:.3g} events/s on one time controller exceed {EVENT_LIMIT_Hz:.3g}:"
            " lengthen attempt_period_ps"
        )


def _qubit(sequence: PairSourceSequence, drive: NodeDrive) -> Iterator[str]:
    frequency_Hz = drive.qubit_frequency_Hz
    if not 0 < frequency_Hz < sequence.sample_rate_Hz / 2:
        yield f"qubit frequency {frequency_Hz:g} Hz must lie between 0 and half of sample_rate_Hz"
    elif frequency_Hz != int(frequency_Hz) or int(frequency_Hz) * sequence.attempt_period_ps % 10**12:
        yield (
            f"qubit frequency {frequency_Hz!r} Hz does not fit whole cycles into attempt_period_ps"
            f" ({sequence.attempt_period_ps}): the drive's phase would depend on the attempt"
        )
