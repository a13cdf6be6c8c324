# SPDX-License-Identifier: Apache-2.0
"""How attempts are told apart: as the caller says, else as the first look shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.heralding.attempts import (
    Attempts,
    CountedSyncs,
    ReconstructedSyncs,
    ReferenceIndex,
    SlotTicks,
)
from heraldlink.recordings.first_look import SYNC_INPUT, FirstLook
from heraldlink.recordings.one_axis import irregular
from heraldlink.recordings.source import Recording
from heraldlink.tags.block import END_PS, Block, Channels, Times

Period = float | Literal["auto", "counted"] | None
"""ps, nominal; "auto": syncs are filtered, their period is found; "counted": every sync begins an attempt;
None: as the first look shows.
"""


LATE = (
    "many clicks come later than the period that the file states: its sync was filtered or divided, so that"
    " the attempts are the syncs that were recorded, not all there were, and may hold several pulses"
)


@dataclass(frozen=True, slots=True)
class ChosenAttempts:
    """A strategy, and what it is in words."""

    strategy: Attempts
    described: str
    warning: str = ""


def chosen_attempts(
    source: Recording,
    look: FirstLook,
    sync: int | None,
    period_ps: Period = None,
    slot_attempts: int | None = None,
    slot_first_ps: int = 0,
) -> ChosenAttempts:
    """The strategy for a recording. Raises RequestError that says which option to give."""
    nominal = period_ps if isinstance(period_ps, int | float) else None
    if source.header.kind == "indexed":
        if sync is not None or slot_attempts is not None:
            raise RequestError(
                f"{source.name}: its tags are counted from reference events, which are the attempts: leave"
                f" out {'--sync' if slot_attempts is None else '--slot-attempts'}"
            )
        period = nominal or source.header.reference_period_ps
        late = not nominal and source.header.reference_period_ps and irregular(source, look)
        warning = LATE if late else ""
        return ChosenAttempts(ReferenceIndex(period), "index of the reference event", warning)
    channel = sync if sync is not None else _suspect(source, look)
    if slot_attempts is not None:
        if nominal is None:
            raise RequestError("attempts of a slot need --period PS between them")
        return ChosenAttempts(
            SlotTicks(channel, nominal, slot_attempts, slot_first_ps), f"{slot_attempts} after each tick"
        )
    found = look.period_of(channel)
    filtered = found is not None and found.filtered
    if period_ps == "counted" or (period_ps is None and not filtered):
        looks = "looks like a filtered sync" if filtered else "lacks some of its syncs"
        doubt = f"channel {channel} {looks}: counting numbers attempts wrongly, take --period auto"
        warning = doubt if found is not None and found.filled < 1 else ""
        return ChosenAttempts(CountedSyncs(channel), f"counted syncs of channel {channel}", warning)
    words = f"reconstructed from filtered syncs of channel {channel}"
    return ChosenAttempts(ReconstructedSyncs(channel, nominal or (found.period_ps if found else None)), words)


def clicks_after_reference(look: FirstLook, attempts: ChosenAttempts) -> tuple[Times, Channels]:
    """Of the first look: ps after the reference event, int64[n], and channel, int16[n]."""
    if look.after_ps is not None:
        return look.after_ps, look.channel
    if look.time_ps is None or not look.time_ps.size:
        return np.empty(0, np.int64), np.empty(0, np.int16)
    assigner = attempts.strategy.assigner()
    parts = [assigner.push(Block(look.time_ps, look.channel, END_PS)), assigner.finish()]
    return np.concatenate([part.after_ps for part in parts]), np.concatenate([part.channel for part in parts])


def _suspect(source: Recording, look: FirstLook) -> int:
    if look.sync is not None:
        return look.sync.channel
    if look.clicks.get(SYNC_INPUT):
        return SYNC_INPUT
    held = ", ".join(f"{number} ({count})" for number, count in look.clicks.items()) or "none"
    raise RequestError(
        f"{source.name}: no channel looks like a sync; say which begins attempts with --sync CHANNEL"
        f" (clicks by channel: {held})"
    )
