# SPDX-License-Identifier: Apache-2.0
"""What makes a plan impossible, each mistake in one sentence that names the field and the remedy."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from math import inf, isfinite

from heraldlink.errors import ConfigurationError
from heraldlink.sequences.drive import NodeDrive
from heraldlink.sequences.elements import COUNTED, MARKS, Element, PumpPulse, QubitDrive, ReadoutGate, Sync
from heraldlink.sequences.limits import EVENT_LIMIT_Hz, GeneratorLimits
from heraldlink.sequences.plan import Part, SlotPlan


def check_plan(plan: SlotPlan, limits: GeneratorLimits | None = None, clicks_Hz: float = 0.0) -> None:
    """Raise ConfigurationError if no generator could play this; ``clicks_Hz``: detector clicks besides."""
    limits = limits or GeneratorLimits()
    found = [*_numbers(plan, limits)]
    if not found:
        found = [*_order(plan), *_waveforms(plan, limits), *_slot(plan, limits), *_events(plan, clicks_Hz)]
    if found:
        raise ConfigurationError(*(f"sequence {plan.name!r}: {sentence}" for sentence in found))


def drive_refusals(plan: SlotPlan, node: str, drive: NodeDrive, limits: GeneratorLimits) -> Iterator[str]:
    """A sentence for each thing that this node's calibration makes impossible, voltages apart."""
    yield from limits.refuse_amplitudes(drive.amplitude_Vpp)
    pulses = [e for part in plan.parts for e in part.elements.get(node, ()) if isinstance(e, QubitDrive)]
    if pulses and not 0 < drive.rabi_rad_per_Vs < inf:
        yield f"rabi_rad_per_Vs must be positive (got {drive.rabi_rad_per_Vs!r})"
    frequency_Hz = drive.qubit_frequency_Hz
    for tone_Hz in sorted({frequency_Hz + pulse.detuning_Hz for pulse in pulses}):
        if not 0 < tone_Hz < plan.sample_rate_Hz / 2:
            yield (
                f"qubit frequency {tone_Hz:g} Hz must lie between 0 and half of sample_rate_Hz:"
                " raise sample_rate_Hz or lower the detuning"
            )
    if pulses and (frequency_Hz != int(frequency_Hz) or int(frequency_Hz) * plan.period_ps % 10**12):
        yield (
            f"qubit frequency {frequency_Hz!r} Hz does not fit whole cycles into attempt_period_ps"
            f" ({plan.period_ps}): the drive's phase would depend on the attempt"
        )


def _numbers(plan: SlotPlan, limits: GeneratorLimits) -> Iterator[str]:
    for field in ("sample_rate_Hz", "tick_rate_Hz", "period_ps", "record_ps"):
        if not 0 < getattr(plan, field) < inf:
            yield f"{_spelt(field)} must be positive and finite (got {getattr(plan, field)})"
    rate_Hz = plan.sample_rate_Hz
    if not isfinite(rate_Hz) or rate_Hz <= 0:
        return
    if rate_Hz != int(rate_Hz):
        yield f"sample_rate_Hz must be a whole number of hertz (got {rate_Hz!r})"
    else:
        yield from limits.refuse_rate(rate_Hz)
        yield from _off_grid("attempt_period_ps", plan.period_ps, int(rate_Hz), 1)
    if not 0 <= plan.gate_ps[0] <= plan.gate_ps[1] <= plan.period_ps:
        yield f"gate_ps = {plan.gate_ps} must be a window inside attempt_period_ps = {plan.period_ps}"


def _order(plan: SlotPlan) -> Iterator[str]:
    names = Counter(part.name for part in plan.parts)
    yield from (
        f"{count} parts are named {name!r}: rename them" for name, count in names.items() if count > 1
    )
    if not plan.played:
        yield "no part plays: give one of them a count of 1 or more"
    for part in plan.parts:
        if part.count < 0:
            yield f"part {part.name!r}: count must not be negative (got {part.count})"
        if part.jump_to is not None:
            yield from _jump(plan, part, names)


def _jump(plan: SlotPlan, part: Part, names: Counter[str]) -> Iterator[str]:
    if part.jump_to is None or part.jump_to not in names:
        yield f"part {part.name!r}: jump_to names no part ({part.jump_to!r})"
        return
    target = plan.part(part.jump_to)
    if target.syncs:
        yield f"part {target.name!r} is jumped to and must hold no Sync, which would shift all later indices"
    if target.jump_to is not None or target.count < 1:
        yield f"part {target.name!r} is jumped to: it needs a count of 1 or more, and no jump_to of its own"
    if part.count and plan.played and part is not plan.played[-1]:
        yield f"part {part.name!r} jumps and must be the last: a herald makes its number of attempts unknown"


def _waveforms(plan: SlotPlan, limits: GeneratorLimits) -> Iterator[str]:
    rate_Hz = int(plan.sample_rate_Hz)
    yield from limits.refuse_length(plan.period_ps * rate_Hz // 10**12, len(plan.parts))
    wrong: dict[str, list[str]] = {}
    for part in plan.parts:
        for sentence in _part(plan, part, limits):
            wrong.setdefault(sentence, []).append(part.name)
    for sentence, parts in wrong.items():
        more = f" and {len(parts) - 1} more" if len(parts) > 1 else ""
        yield f"part {parts[0]!r}{more}: {sentence}"


def _part(plan: SlotPlan, part: Part, limits: GeneratorLimits) -> Iterator[str]:
    yield from limits.refuse_repeat(part.count)
    syncs = {node: sum(isinstance(e, Sync) for e in mine) for node, mine in part.elements.items()}
    if len({syncs.get(node, 0) for node in plan.nodes}) > 1:
        yield f"the nodes' numbers of syncs differ ({syncs}), and so would their indices"
    found = [
        sentence
        for elements in part.elements.values()
        for sentence in (
            *(one for e in elements for one in _element(e, plan, limits.marker_samples)),
            *_overlaps(elements),
        )
    ]
    yield from dict.fromkeys(found)


def _element(element: Element, plan: SlotPlan, marker_samples: int) -> Iterator[str]:
    if isinstance(element, PumpPulse | QubitDrive):
        yield from _pulse(element, int(plan.sample_rate_Hz))
    if element.begin_ps < 0:
        yield f"{element.words} begins {-element.begin_ps} ps too early: move it later"
    last_ps = plan.period_ps - 1 if isinstance(element, COUNTED) else plan.period_ps
    if element.end_ps > last_ps:
        yield (
            f"{element.words} ends at {element.end_ps} ps, not before attempt_period_ps ({plan.period_ps}):"
            " move it earlier or lengthen the period"
        )
    if isinstance(element, MARKS):
        rate_Hz = int(plan.sample_rate_Hz)
        if element.end_ps <= element.begin_ps:
            yield f"{element.words} is empty ({element.begin_ps}..{element.end_ps} ps): lengthen it"
        yield from _off_grid(f"the begin of {element.words}", element.begin_ps, rate_Hz, marker_samples)
        yield from _off_grid(f"the end of {element.words}", element.end_ps, rate_Hz, marker_samples)


def _pulse(pulse: PumpPulse | QubitDrive, rate_Hz: int) -> Iterator[str]:
    if pulse.sigma_ps * rate_Hz < 10**12:
        yield (
            f"the standard deviation of {pulse.words} is {pulse.sigma_ps} ps, shorter than a sample of"
            f" {1e12 / rate_Hz:g} ps: lengthen it"
        )
    values = (
        (pulse.peak_V or 0.0,)
        if isinstance(pulse, PumpPulse)
        else (pulse.angle_rad, pulse.axis_rad, pulse.detuning_Hz)
    )
    if not all(isfinite(value) for value in values):
        yield f"{pulse.words} has a value that is not finite: {pulse}"


def _overlaps(elements: tuple[Element, ...]) -> Iterator[str]:
    """Marks on one marker must not touch, pulses on one channel not overlap, nor drive and gate."""
    for kinds in ((PumpPulse,), (QubitDrive, ReadoutGate), (Sync,)):
        chosen = sorted((e for e in elements if isinstance(e, kinds)), key=lambda e: e.begin_ps)
        for one, after in pairwise(chosen):
            touching = type(one) is type(after) and isinstance(one, COUNTED)
            if after.begin_ps < one.end_ps + touching:
                yield (
                    f"{after.words} begins at {after.begin_ps} ps, before {one.words} ends"
                    f" ({one.end_ps} ps): move them apart"
                )


def _off_grid(field: str, value_ps: int, rate_Hz: int, samples: int) -> Iterator[str]:
    if value_ps * rate_Hz % (samples * 10**12):
        grid = f"{samples} samples" if samples > 1 else "samples"
        step = f"{1e12 / rate_Hz:g} ps"
        yield f"{field} = {value_ps} is not a whole number of {grid} of {step}: choose a multiple"


def _slot(plan: SlotPlan, limits: GeneratorLimits) -> Iterator[str]:
    slot_ps = 1e12 / plan.tick_rate_Hz
    if plan.record_ps >= slot_ps:
        yield f"record_ps ({plan.record_ps}) must be shorter than a slot of {slot_ps:.12g} ps"
    fixed_ps = sum(part.count for part in plan.played if part.jump_to is None) * plan.period_ps
    opened = any(part.jump_to is not None for part in plan.played)
    if fixed_ps + (plan.period_ps if opened else 0) > plan.record_ps:
        yield (
            f"the parts last {fixed_ps} ps and leave {'no attempt' if opened else 'some of them not'} within"
            f" record_ps ({plan.record_ps}): lower the counts or lengthen record_ps"
        )


def _events(plan: SlotPlan, clicks_Hz: float) -> Iterator[str]:
    """Syncs of both nodes at the hub; syncs and gate marks at a node."""
    per_waveform = 0
    for part in plan.parts:
        counts = [
            (sum(isinstance(e, Sync) for e in mine), sum(isinstance(e, ReadoutGate) for e in mine))
            for mine in part.elements.values()
        ]
        hub = sum(syncs for syncs, _ in counts)
        per_waveform = max(per_waveform, hub, *(syncs + gates for syncs, gates in counts), 0)
    events_Hz = per_waveform * 1e12 / plan.period_ps + clicks_Hz
    if events_Hz > EVENT_LIMIT_Hz:
        yield (
            f"{events_Hz:.3g} events/s on one time controller exceed {EVENT_LIMIT_Hz:.3g}:"
            " lengthen attempt_period_ps"
        )


def _spelt(field: str) -> str:
    """A field of the plan as the settings call it."""
    return "attempt_period_ps" if field == "period_ps" else field
