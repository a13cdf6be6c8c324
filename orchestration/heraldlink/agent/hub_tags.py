# SPDX-License-Identifier: Apache-2.0
"""The midpoint's record of one slot: heralds, phase, and how many attempts it held."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from heraldlink.agent.end_tags import stream
from heraldlink.heralding import bright_counts, compare_hardware, find_heralds
from heraldlink.messages.values import Phase, SlotCounts
from heraldlink.sequences import PairSourceSequence
from heraldlink.sequences.tagger import CLICKS_C, CLICKS_D, HARDWARE_HERALDS
from heraldlink_drivers.roles import Tags
from heraldlink_physics.phase import estimate_phase


@dataclass(frozen=True, slots=True)
class HubSlot:
    """What the midpoint's tags say of a slot; ``doubles`` are attempts in which both detectors clicked."""

    heralds: tuple[tuple[int, int], ...]
    doubles: tuple[int, ...]
    phase: Phase | None
    counts: SlotCounts


@dataclass(frozen=True, slots=True)
class Recording:
    """How a slot was recorded.

    ``syncs`` is how far the START counter moved; ``first_sync_ps`` the time of the first one after the tick.
    """

    gate_ps: tuple[int, int]
    record_ps: int
    first_sync_ps: int
    syncs: int
    efficiencies: tuple[float, float]


def read_hub(tags: Mapping[int, Tags], sequence: PairSourceSequence, recording: Recording) -> HubSlot:
    """Recompute heralds, phase and counts."""
    c, d, hardware = (stream(tags, raw) for raw in (CLICKS_C, CLICKS_D, HARDWARE_HERALDS))
    segments, gate_ps = sequence.segments, recording.gate_ps
    heralds = find_heralds(c, d, gate_ps, segments.first_attempt)
    comparison = compare_hardware(heralds, hardware, segments.first_attempt)
    readouts = int(np.unique(hardware[1][hardware[1] >= segments.first_attempt]).size)
    in_phase, quadrature = bright_counts(c, d, gate_ps, segments)
    estimate = estimate_phase(in_phase, quadrature, recording.efficiencies)
    counts = SlotCounts(
        attempts=max(0, recorded_syncs(sequence, recording, readouts) - segments.first_attempt),
        heralds=int(heralds.attempt.size),
        double_clicks=int(heralds.ambiguous.size),
        hardware_heralds=readouts,
        disagreements=comparison.disagreements,
        syncs=recording.syncs,
        clicks=(int(c[0].size), int(d[0].size)),
    )
    pairs = zip(heralds.attempt, heralds.outcome, strict=True)
    return HubSlot(
        heralds=tuple((int(attempt), int(outcome)) for attempt, outcome in pairs),
        doubles=tuple(int(attempt) for attempt in heralds.ambiguous),
        phase=Phase(estimate.phase_rad, estimate.variance_rad2) if estimate else None,
        counts=counts,
    )


def recorded_syncs(sequence: PairSourceSequence, recording: Recording, readouts: int) -> int:
    """Syncs inside the record: one a period, but none in a readout; fewer if the generator stopped before."""
    span_ps = recording.record_ps - recording.first_sync_ps
    periods = -(-span_ps // sequence.attempt_period_ps)
    return max(0, min(periods - readouts, recording.syncs))
