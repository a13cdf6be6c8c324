# SPDX-License-Identifier: Apache-2.0
"""Programs of the time controllers: what they number, gate, record and herald."""

from collections.abc import Mapping

from heraldlink.errors import ConfigurationError
from heraldlink.sequences.pair_source import PairSourceSequence, pair_source_plan
from heraldlink.sequences.plan import SlotPlan
from heraldlink_drivers.roles import Combiner, TaggerProgram

CLICKS_C, CLICKS_D, HARDWARE_HERALDS = 1, 2, 3
"""RAW channels of the midpoint."""

READOUT_CLICKS, READOUT_MARKS = 1, 2
"""RAW channels of an end node."""

HERALD_COMBINER = 5


def midpoint_tagger(
    sequence: PairSourceSequence,
    gate_ps: tuple[int, int],
    threshold_V: Mapping[str, float],
    delays_ps: Mapping[str, int] | None = None,
) -> TaggerProgram:
    """Program of the hub for a pair source; ``gate_ps``: as in `hub_tagger`."""
    return hub_tagger(pair_source_plan(sequence, gate_ps=gate_ps), threshold_V, delays_ps)


def hub_tagger(
    plan: SlotPlan, threshold_V: Mapping[str, float], delays_ps: Mapping[str, int] | None = None
) -> TaggerProgram:
    """Program of the hub: detectors on inputs 1 and 2, and if a part jumps, heralds on outputs 1 and 2.

    The plan's gate is the herald window begin <= t < end after START (node A's sync at the hub). Raises
    ConfigurationError if it is longer than an attempt, or empty where a part jumps.
    """
    begin_ps, end_ps = plan.gate_ps
    jumps = any(part.jump_to is not None for part in plan.parts)
    if not 0 <= begin_ps <= end_ps <= plan.period_ps or (jumps and begin_ps == end_ps):
        raise ConfigurationError(
            f"gate {begin_ps}..{end_ps} ps must be a window inside one attempt"
            f" (attempt_period_ps {plan.period_ps})"
        )
    source = f"TSCO{HERALD_COMBINER}"
    heralds = begin_ps < end_ps
    return TaggerProgram(
        reference="STAR",
        raw={CLICKS_C: "INPU1", CLICKS_D: "INPU2"} | ({HARDWARE_HERALDS: source} if heralds else {}),
        combiner=Combiner(HERALD_COMBINER, "INPU1", "INPU2", begin_ps, end_ps) if heralds else None,
        outputs={1: source, 2: source} if jumps else {},
        threshold_V=dict(threshold_V),
        delays_ps=dict(delays_ps or {}),
    )


def end_tagger(threshold_V: Mapping[str, float], delays_ps: Mapping[str, int] | None = None) -> TaggerProgram:
    """Program of an end node: readout clicks on input 1, gate marks on input 3, own sync on START."""
    return TaggerProgram(
        reference="STAR",
        raw={READOUT_CLICKS: "INPU1", READOUT_MARKS: "INPU3"},
        threshold_V=dict(threshold_V),
        delays_ps=dict(delays_ps or {}),
    )
