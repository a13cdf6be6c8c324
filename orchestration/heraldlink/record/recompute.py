# SPDX-License-Identifier: Apache-2.0
"""From the stored tags of all nodes back to heralds, outcomes and calibration counts: slot by slot."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError
from heraldlink.heralding import (
    attempt_readouts,
    compare_hardware,
    confusion,
    find_heralds,
    read_out,
)
from heraldlink.heralding.description import gate_of, sequence_of, window_of
from heraldlink.messages.values import Confusion
from heraldlink.pairs import NodeTags
from heraldlink.sequences.tagger import (
    CLICKS_C,
    CLICKS_D,
    HARDWARE_HERALDS,
    READOUT_CLICKS,
    READOUT_MARKS,
)

Tags = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Found:
    """One herald of one slot, recomputed: outcome 1 (Psi+) or 2 (Psi-), qubit outcomes 0 where none is."""

    slot: int
    attempt: int
    outcome: int
    outcomes: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SlotFound:
    """What the tags of one slot hold."""

    slot: int
    heralds: tuple[Found, ...]
    double_clicks: int
    disagreements: int
    confusions: tuple[Confusion, Confusion]


def recompute(
    tags: Mapping[str, NodeTags],
    ends: tuple[str, str],
    midpoint: str,
    slot: int,
    gate_ps: tuple[int, int] | None = None,
) -> SlotFound:
    """Recompute one slot, with the hardware's gate unless another one is given.

    Raises DataError if a node's tags or their description are missing.
    """
    hub = _node(tags, midpoint)
    segments = sequence_of(hub.describe).segments
    c, d = _tags(hub, slot, CLICKS_C), _tags(hub, slot, CLICKS_D)
    heralds = find_heralds(c, d, gate_ps or gate_of(hub.describe), segments.first_attempt)
    hardware = compare_hardware(heralds, _tags(hub, slot, HARDWARE_HERALDS), segments.first_attempt)
    local, remote = (_readouts(_node(tags, end), slot) for end in ends)
    return SlotFound(
        slot=slot,
        heralds=tuple(
            Found(slot, attempt, outcome, (local[0].get(attempt, 0), remote[0].get(attempt, 0)))
            for attempt, outcome in zip(heralds.attempt.tolist(), heralds.outcome.tolist(), strict=True)
        ),
        double_clicks=int(heralds.ambiguous.size),
        disagreements=hardware.disagreements,
        confusions=(local[1], remote[1]),
    )


def _readouts(node: NodeTags, slot: int) -> tuple[dict[int, int], Confusion]:
    """Outcome by attempt, and calibration counts."""
    segments = sequence_of(node.describe).segments
    clicks, marks = _tags(node, slot, READOUT_CLICKS), _tags(node, slot, READOUT_MARKS)
    readouts = read_out(clicks, marks, window_of(node.describe))
    kept = attempt_readouts(readouts, segments)
    outcomes = dict(zip(kept.index.tolist(), kept.outcome.tolist(), strict=True))
    return outcomes, confusion(readouts, segments)


def _node(tags: Mapping[str, NodeTags], name: str) -> NodeTags:
    if name not in tags:
        raise DataError(f"the run holds no tags of node {name} (it has {', '.join(tags) or 'none'})")
    return tags[name]


def _tags(node: NodeTags, slot: int, raw: int) -> Tags:
    empty = np.empty(0, dtype=np.int64)
    return node.tags.get((slot, raw), (empty, empty))
