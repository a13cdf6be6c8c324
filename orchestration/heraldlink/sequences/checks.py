# SPDX-License-Identifier: Apache-2.0
"""What makes a pair-source sequence impossible, each mistake in one sentence that names field and remedy."""

from collections.abc import Iterator

from heraldlink.errors import ConfigurationError
from heraldlink.sequences.limits import GeneratorLimits
from heraldlink.sequences.pair_source import PairSourceSequence, pair_source_plan
from heraldlink.sequences.refusals import check_plan


def check(
    sequence: PairSourceSequence, limits: GeneratorLimits | None = None, clicks_Hz: float = 0.0
) -> None:
    """Raise ConfigurationError if the sequence cannot be played; ``clicks_Hz``: detector clicks besides."""
    found = [*_counts(sequence)]
    if found:
        raise ConfigurationError(*(f"sequence {sequence.name!r}: {sentence}" for sentence in found))
    check_plan(pair_source_plan(sequence), limits, clicks_Hz)


def _counts(sequence: PairSourceSequence) -> Iterator[str]:
    """What the plan's own check would say in other words, or not at all."""
    for field in ("bright_pulses", "calibration_shots"):
        if getattr(sequence, field) < 0:
            yield f"{field} must not be negative (got {getattr(sequence, field)})"
    for field in ("attempts", "sample_rate_Hz"):
        if getattr(sequence, field) <= 0:
            yield f"{field} must be positive (got {getattr(sequence, field)})"
    if sequence.bright_pulses % 2:
        yield f"bright_pulses must be even, half for each quadrature (got {sequence.bright_pulses})"
