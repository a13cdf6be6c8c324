# SPDX-License-Identifier: Apache-2.0
"""From the lists of an AWG70002A to the steps that its outputs play, subsequences unrolled."""

from collections.abc import Mapping

from heraldlink_sim.faces.tektronix_awg70002a_assets import (
    Input,
    Sequence,
    SequenceStep,
    StoredWaveform,
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
    waveforms: tuple[Waveform | None, ...], *, triggered: bool, trigger: Input = "ATR"
) -> tuple[ProgramStep, ...]:
    """Waveforms assigned without a sequence: for ever, or once per trigger."""
    if not triggered:
        return (ProgramStep(waveforms, repeat=None),)
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
    starts = [1]
    for part in parts:
        starts.append(starts[-1] + len(part))
    if starts[-1] - 1 > MOST_STEPS:
        raise ScpiError(-225, sequence.name)
    played: list[ProgramStep] = []
    for outer, part in zip(sequence.steps, parts, strict=True):
        for number, inner in enumerate(part):
            last = number == len(part) - 1
            played.append(
                ProgramStep(
                    waveforms=_outputs(inner.tracks, waveforms, tracks, resolutions),
                    repeat=inner.repeat,
                    wait_trigger=_TRIGGERS[outer.wait if number == 0 else inner.wait],
                    event=_TRIGGERS[outer.event],
                    jump_to=_step_number(outer.jump_to, starts),
                    goto=_step_number(outer.goto, starts) if last else _inner_goto(inner, len(played), part),
                    jump_at_end=sequence.jump_at_end,
                )
            )
    return tuple(played)
