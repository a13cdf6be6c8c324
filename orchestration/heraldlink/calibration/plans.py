# SPDX-License-Identifier: Apache-2.0
"""Slots that calibrations play, made from the link's own sequence: the same pulses, gates and readouts."""

from collections.abc import Sequence
from math import pi

from heraldlink.calibration.point import RackPoint
from heraldlink.config.sequence import SequenceConfig
from heraldlink.sequences import (
    AWG70002A,
    BrightPath,
    Element,
    Part,
    PhaseSwitch,
    PumpPulse,
    QubitDrive,
    ReadoutGate,
    SlotPlan,
    Sync,
)

MARGIN_PS = 2_000_000_000
"""Between the last waveform's end and that of the record."""

APART_SIGMA = 6
"""By how many of its widths a pulse is late that is to miss the other."""

SHARE_OF_SLOT = 0.8
"""Of the time between ticks that a slot plays."""


def light_plan(
    point: RackPoint, peaks_V: Sequence[float], attempts: int | None = None, shares: Sequence[float] = ()
) -> SlotPlan:
    """One part per peak of the pump envelope (0: dark): pulses at both ends, back to back.

    ``attempts``: of all parts together; None: as many as fit. ``shares``: of them in each part, 0..1 (empty:
    equal). Waveforms are as short as the pulse allows.
    """
    sequence = point.midpoint.sequence
    period_ps = light_period_ps(sequence)
    total = attempts or int(SHARE_OF_SLOT * 1e12 / sequence.tick_rate_Hz / period_ps)
    counts = [max(1, int(total * share)) for share in shares or [1 / len(peaks_V)] * len(peaks_V)]

    def elements(peak_V: float) -> tuple[Element, ...]:
        pulse = PumpPulse(sequence.pulse_centre_ps, sequence.pulse_sigma_ps, peak_V)
        return (_sync(sequence), *([pulse] if peak_V > 0 else []))

    parts = [
        Part(f"pump_{k}", count, dict.fromkeys(point.names, elements(peak_V)))
        for k, (peak_V, count) in enumerate(zip(peaks_V, counts, strict=True))
    ]
    return plan_of(point, "light", period_ps, parts)


def light_period_ps(sequence: SequenceConfig, late_ps: int = 0) -> int:
    """The shortest whole fraction of the attempt period that holds sync and a pump pulse so much later."""
    end_ps = sequence.pulse_centre_ps + late_ps + 4 * sequence.pulse_sigma_ps
    end_ps = max(end_ps, sequence.sync_begin_ps + sequence.sync_width_ps)
    samples = round(sequence.attempt_period_ps * sequence.sample_rate_Hz / 1e12)
    fraction = max(1, sequence.attempt_period_ps // end_ps)
    while fraction > 1 and samples % (fraction * AWG70002A.granularity):
        fraction -= 1
    return sequence.attempt_period_ps // fraction


def dip_plan(point: RackPoint, peak_V: float, attempts: int) -> SlotPlan:
    """Pump pulses that meet at the beam splitter, that miss each other, of each end alone, and none.

    ``attempts``: of all parts together, as far as they fit into a slot.

    A pulse that misses comes `APART_SIGMA` of its width later: the modes then overlap by 1e-4.
    """
    sequence, (first, second) = point.midpoint.sequence, point.names
    late_ps = APART_SIGMA * sequence.pulse_sigma_ps
    period_ps = light_period_ps(sequence, late_ps)
    total = min(attempts, int(SHARE_OF_SLOT * 1e12 / sequence.tick_rate_Hz / period_ps))
    sync = _sync(sequence)
    pulse = PumpPulse(sequence.pulse_centre_ps, sequence.pulse_sigma_ps, peak_V)
    late = PumpPulse(sequence.pulse_centre_ps + late_ps, sequence.pulse_sigma_ps, peak_V)
    rows: tuple[tuple[str, float, tuple[Element, ...], tuple[Element, ...]], ...] = (
        ("near", 0.54, (pulse,), (pulse,)), ("far", 0.2, (pulse,), (late,)),
        ("first", 0.12, (pulse,), ()), ("second", 0.12, (), (pulse,)), ("dark", 0.02, (), ()),
    )  # fmt: skip
    parts = [
        Part(name, max(1, int(total * share)), {first: (sync, *here), second: (sync, *there)})
        for name, share, here, there in rows
    ]
    return plan_of(point, "hom", period_ps, parts)


def bright_plan(point: RackPoint) -> SlotPlan:
    """Bright pulses of both ends in phase, then with the second end's carver turned by 90 degrees.

    Each part takes half of the slot, with waveforms as short as the pulse allows.
    """
    sequence, (first, second) = point.midpoint.sequence, point.names
    period_ps = light_period_ps(sequence)
    count = int(SHARE_OF_SLOT * 1e12 / sequence.tick_rate_Hz / period_ps / 2)
    pulse = PumpPulse(sequence.pulse_centre_ps, sequence.bright_sigma_ps)
    window = (pulse.begin_ps, pulse.end_ps)
    bright = (_sync(sequence), pulse, BrightPath(*window))
    parts = (
        Part("bright_i", count, {first: bright, second: bright}),
        Part("bright_q", count, {first: bright, second: (*bright, PhaseSwitch(*window))}),
    )
    return plan_of(point, "bright", period_ps, parts)


def loading_plan(point: RackPoint, peak_V: float) -> SlotPlan:
    """Readouts at both ends of |g>, of |e>, and of what a pump pulse loads: 5, 1 and 14 of twenty."""
    sequence = point.midpoint.sequence
    shots = shots_per_part(sequence, 20)
    gate = ReadoutGate(sequence.readout_begin_ps, sequence.readout_width_ps)
    excite = _placed(QubitDrive(0, sequence.rotation_sigma_ps, pi), sequence.readout_begin_ps)
    pulse = PumpPulse(sequence.pulse_centre_ps, sequence.pulse_sigma_ps, peak_V)
    rows: tuple[tuple[str, int, tuple[Element, ...]], ...] = (
        ("ground", 5 * shots, ()), ("excited", shots, (excite,)), ("pumped", 14 * shots, (pulse,)),
    )  # fmt: skip
    parts = [
        Part(name, count, dict.fromkeys(point.names, (_sync(sequence), *elements, gate)))
        for name, count, elements in rows
    ]
    return plan_of(point, "loading", sequence.attempt_period_ps, parts)


def qubit_plan(
    point: RackPoint, node: str, kind: str, drives: Sequence[tuple[QubitDrive, ...]], shots: int
) -> SlotPlan:
    """One part per set of drives, each read out; they end where the readout gate begins.

    Drives are placed relative to the gate: a ``begin_ps`` of 0 ends a drive at the gate, a negative one
    earlier. The waveform is lengthened by whole attempt periods if the drives need it.
    """
    sequence = point.midpoint.sequence
    first_ps = min((drive.begin_ps for part in drives for drive in part), default=0)
    longest_ps = 8 * max((drive.sigma_ps for part in drives for drive in part), default=0)
    lead_ps = max(0, longest_ps - first_ps - sequence.readout_begin_ps)
    extra = -(-lead_ps // sequence.attempt_period_ps)
    gate_ps = sequence.readout_begin_ps + extra * sequence.attempt_period_ps
    gate = ReadoutGate(gate_ps, sequence.readout_width_ps)
    parts = [
        Part(
            f"{kind}_{k}", shots, {node: (_sync(sequence), *(_placed(item, gate_ps) for item in part), gate)}
        )
        for k, part in enumerate(drives)
    ]
    return plan_of(point, kind, (1 + extra) * sequence.attempt_period_ps, parts)


def _placed(drive: QubitDrive, gate_ps: int) -> QubitDrive:
    begin_ps = gate_ps + drive.begin_ps - 8 * drive.sigma_ps
    return QubitDrive(begin_ps, drive.sigma_ps, drive.angle_rad, drive.axis_rad, drive.detuning_Hz)


def _sync(sequence: SequenceConfig) -> Sync:
    return Sync(sequence.sync_begin_ps, sequence.sync_width_ps)


def plan_of(point: RackPoint, name: str, period_ps: int, parts: Sequence[Part]) -> SlotPlan:
    """A plan with a record that holds it; the herald gate is open all the time, wherever photons arrive."""
    sequence = point.midpoint.sequence
    start_ps = max(
        round(config.operating_point.slot_trigger.delay_s * 1e12) for config in point.ends.values()
    )
    played_ps = sum(part.count for part in parts) * period_ps
    return SlotPlan(
        name=name,
        sample_rate_Hz=sequence.sample_rate_Hz,
        tick_rate_Hz=sequence.tick_rate_Hz,
        period_ps=period_ps,
        parts=tuple(parts),
        record_ps=start_ps + played_ps + MARGIN_PS,
        gate_ps=(0, period_ps),
    )


def shots_per_part(sequence: SequenceConfig, parts: int, periods: int = 1) -> int:
    """How many shots of each of ``parts`` waveforms of ``periods`` attempt periods fit into a slot."""
    slot_ps = SHARE_OF_SLOT * 1e12 / sequence.tick_rate_Hz
    return max(1, int(slot_ps / (sequence.attempt_period_ps * periods * parts)))
