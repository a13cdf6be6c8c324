# SPDX-License-Identifier: Apache-2.0
"""From the lists of an AWG70002A to the steps that its outputs play, subsequences unrolled."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate

from heraldlink_sim.faces.tektronix_awg70000_assets import StoredWaveform
from heraldlink_sim.faces.tektronix_awg70000_steps import (
    Input,
    Sequence,
    SequenceStep,
    Target,
    Track,
    resolve,
)
from heraldlink_sim.scpi import ScpiError
from heraldlink_sim.world.rack import ProgramStep, Trigger, Waveform

Waveforms = Mapping[str, StoredWaveform]
Sequences = Mapping[str, Sequence]
MOST_STEPS = 16_383

_TRIGGERS: dict[Input, Trigger | None] = {"ATR": "A", "BTR": "B", "ITR": None, "OFF": None}


def single(
    waveforms: tuple[Waveform | None, ...], *, mode: str, trigger: Input = "ATR"
) -> tuple[ProgramStep, ...]:
    """Waveforms assigned without a sequence: for ever (CONT), since a trigger (TCON), or once per trigger.

    GATed is taken as triggered: the bench has no gates.
    """
    if mode == "CONT":
        return (ProgramStep(waveforms, repeat=None),)
    if mode == "TCON":
        return (ProgramStep(waveforms, repeat=None, wait_trigger=_TRIGGERS[trigger]),)
    return (ProgramStep(waveforms, repeat=1, wait_trigger=_TRIGGERS[trigger], goto=1),)


def unrolled(
    sequence: Sequence,
    sequences: Sequences,
    waveforms: Waveforms,
    tracks: tuple[int | None, ...],
    resolutions: tuple[int, ...],
) -> tuple[ProgramStep, ...]:
    """Steps of a sequence; ``tracks`` and ``resolutions`` per channel. Raises ScpiError -225 when too long.

    The internal trigger is not on the bench: a step that waits for it starts at once.
    """
    parts = [_part(step, sequences) for step in sequence.steps]
    starts = list(accumulate((len(part) for part in parts), initial=1))
    if starts[-1] > MOST_STEPS + 1:
        raise ScpiError(-225, sequence.name)
    played: list[ProgramStep] = []
    for index, (outer, part) in enumerate(zip(sequence.steps, parts, strict=True)):
        for inner in part:
            step = inner.step
            played.append(
                ProgramStep(
                    waveforms=_outputs(step.tracks, waveforms, tracks, resolutions),
                    repeat=step.repeat,
                    wait_trigger=_TRIGGERS[outer.wait if inner is part[0] else step.wait],
                    event=_TRIGGERS[outer.event],
                    jump_to=_outer_target(outer.jump_to, index, starts, alone=len(part) == 1),
                    goto=_goto(inner, outer.goto, index, starts, len(part)),
                    jump_at_end=sequence.jump_at_end,
                )
            )
    return tuple(played)


@dataclass(frozen=True, slots=True, eq=False)
class _Inner:
    """One step of an unrolled part; ``goto`` counts from 0 within the part, None leaves the part."""

    step: SequenceStep
    goto: int | None


def _part(step: SequenceStep, sequences: Sequences) -> list[_Inner]:
    """What takes the place of one step: itself, or the steps of its subsequence as often as it repeats."""
    subsequence = next((sequences.get(track.name) for track in step.tracks if track.sequence), None)
    if subsequence is None or not subsequence.steps:
        return [_Inner(step, None)]
    body = subsequence.steps
    if len(body) == 1 and body[0].repeat is not None and step.repeat is not None:
        return [_Inner(replace(body[0], repeat=body[0].repeat * step.repeat), None)]
    rounds = step.repeat or 1
    if rounds * len(body) > MOST_STEPS:
        raise ScpiError(-225, subsequence.name)
    endless = step.repeat is None
    return [
        _Inner(inner, _inner_goto(inner, turn * len(body) + number, len(body), endless=endless))
        for turn in range(rounds)
        for number, inner in enumerate(body)
    ]


def _inner_goto(step: SequenceStep, place: int, length: int, *, endless: bool) -> int:
    """Where a step of a subsequence goes on: places count from 0, its end is the next round."""
    target = resolve(step.goto, length)
    after = place + 1 if target is None else place - place % length + target - 1
    return 0 if endless and after >= length else after


def _goto(inner: _Inner, outer: Target, index: int, starts: list[int], length: int) -> int | None:
    if inner.goto is None or inner.goto >= length:
        return _outer_target(outer, index, starts, alone=length == 1)
    return starts[index] + inner.goto


def _outer_target(target: Target, index: int, starts: list[int], *, alone: bool) -> int | None:
    """Step number of a target of the main sequence after unrolling; None is the next step."""
    number = resolve(target, len(starts) - 1)
    if number is None:
        return None if alone else starts[index + 1]
    return starts[min(number, len(starts)) - 1]


def _outputs(
    assets: list[Track], waveforms: Waveforms, tracks: tuple[int | None, ...], resolutions: tuple[int, ...]
) -> tuple[Waveform | None, ...]:
    return tuple(
        _output(None if track is None or track > len(assets) else assets[track - 1], waveforms, resolution)
        for track, resolution in zip(tracks, resolutions, strict=True)
    )


def _output(asset: Track | None, waveforms: Waveforms, resolution: int) -> Waveform | None:
    stored = waveforms.get(asset.name) if asset is not None and not asset.sequence else None
    return None if stored is None else stored.played(resolution)
