# SPDX-License-Identifier: Apache-2.0
"""A recorded run with another herald gate: what its tags give, beside what the model predicts for that gate.

Clicks of all times are in the tags, so that any gate gives a rate. Qubits were read out only where the
hardware heralded: inside its gate a herald of any other gate was read out as well, since the hardware heralds
for a click of either detector. A gate that reaches outside gives heralds without outcomes, and which ones
have none depends on the clicks: then no fidelity is given, unless every attempt was read out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.heralding.description import gate_of, sequence_of
from heraldlink.messages.values import BELL_STATES as OUTCOMES
from heraldlink.messages.values import Confusion, Prediction
from heraldlink.pairs import NodeTags, SlotReport
from heraldlink.record.pair_table import BELL_STATES, PairTable, place_of
from heraldlink.record.recompute import Found, SlotFound, recompute
from heraldlink.record.replay import load_run
from heraldlink.record.results import RunResults, bench_time_s, compute
from heraldlink.record.run_record import RunRecord
from heraldlink.sequences.tagger import READOUT_MARKS

GatePs = tuple[int, int]
Predict = Callable[[Mapping[str, str], GatePs], Prediction]
"""Description of the midpoint's tags, gate -> what the model expects."""


@dataclass(frozen=True, eq=False)
class Regated:
    """A run's heralds for ``gate_ps``, in order of slot and attempt.

    ``results``: as a run's; without pairs, fidelities and correlators if ``unavailable`` says why. ``kept``:
    how many of the heralds that were stored are among them, with the same outcome.
    """

    run_id: str
    gate_ps: GatePs
    hardware_gate_ps: GatePs
    heralds: tuple[Found, ...]
    stored: int
    kept: int
    double_clicks: int
    results: RunResults
    unavailable: str

    @property
    def identical(self) -> bool:
        """Whether the heralds are exactly the stored ones."""
        return self.kept == self.stored == len(self.heralds)

    def as_dict(self) -> dict[str, object]:
        """JSON-ready; fidelity and correlators are None where they are unavailable."""
        results = self.results.as_dict()
        if self.unavailable:
            results |= {"fidelity": None, "correlators": None}
        return {
            "run_id": self.run_id,
            "gate_ps": list(self.gate_ps),
            "hardware_gate_ps": list(self.hardware_gate_ps),
            "heralds": len(self.heralds),
            "stored_heralds": self.stored,
            "kept_heralds": self.kept,
            "identical": self.identical,
            "double_clicks": self.double_clicks,
            "fidelity_unavailable": self.unavailable or None,
            "results": results,
        }


def regate(folder: str | Path, gate_ps: GatePs, predict: Predict) -> Regated:
    """Recompute a run folder's heralds with another gate, ps after START, and compare with ``predict``.

    Raises RequestError if the gate is empty or reaches beyond one attempt, DataError as `replay` does.
    """
    record, tags = load_run(Path(folder))
    hub = tags[record.midpoint]
    _refuse_gate(gate_ps, sequence_of(hub.describe).attempt_period_ps)
    measuring = [slot for slot in record.slots if not slot.estimate]
    found = {
        slot.slot: recompute(tags, record.ends, record.midpoint, slot.slot, gate_ps) for slot in record.slots
    }
    heralds = [herald for slot in measuring for herald in found[slot.slot].heralds]
    hardware = gate_of(hub.describe)
    unavailable = _unavailable(gate_ps, hardware, record, tags, measuring)
    pairs = _pairs(record, [] if unavailable else heralds)
    prediction = predict(hub.describe, gate_ps)
    return Regated(
        run_id=record.run_id,
        gate_ps=gate_ps,
        hardware_gate_ps=hardware,
        heralds=tuple(heralds),
        stored=len(record.heralds),
        kept=_kept(record, heralds),
        double_clicks=sum(found[slot.slot].double_clicks for slot in measuring),
        results=_results(record, tags, (pairs, len(heralds)), list(found.values()), prediction),
        unavailable=unavailable,
    )


def _refuse_gate(gate_ps: GatePs, period_ps: int) -> None:
    begin_ps, end_ps = gate_ps
    if not 0 <= begin_ps < end_ps <= period_ps:
        raise RequestError(
            f"gate {begin_ps} to {end_ps} ps: it must begin at 0 or later, end after that, and by the end of "
            f"one attempt ({period_ps} ps)"
        )


def _unavailable(
    gate_ps: GatePs,
    hardware_ps: GatePs,
    record: RunRecord,
    tags: Mapping[str, NodeTags],
    measuring: Sequence[SlotReport],
) -> str:
    inside = hardware_ps[0] <= gate_ps[0] and gate_ps[1] <= hardware_ps[1]
    if inside or all(_all_read_out(record, tags, slot) for slot in measuring):
        return ""
    return (
        f"the gate {gate_ps[0]} to {gate_ps[1]} ps reaches outside the hardware's ({hardware_ps[0]} to "
        f"{hardware_ps[1]} ps), and only attempts that the hardware heralded were read out"
    )


def _all_read_out(record: RunRecord, tags: Mapping[str, NodeTags], slot: SlotReport) -> bool:
    """Whether both ends read their qubits in every attempt of a slot."""
    for end in record.ends:
        node = tags[end]
        marks = node.tags.get((slot.slot, READOUT_MARKS))
        first = sequence_of(node.describe).segments.first_attempt
        index = np.empty(0, np.int64) if marks is None else marks[1]
        if np.unique(index[index >= first]).size < slot.counts.attempts:
            return False
    return True


def _kept(record: RunRecord, heralds: Sequence[Found]) -> int:
    stored = {(pair.slot, pair.attempt): pair.bell_state for pair in record.heralds}
    return sum(stored.get((item.slot, item.attempt)) == OUTCOMES[item.outcome] for item in heralds)


def _results(
    record: RunRecord,
    tags: Mapping[str, NodeTags],
    heralded: tuple[PairTable, int],
    slots: Sequence[SlotFound],
    prediction: Prediction,
) -> RunResults:
    local = sum((slot.confusions[0] for slot in slots), Confusion())
    remote = sum((slot.confusions[1] for slot in slots), Confusion())
    tick_rate_Hz = sequence_of(tags[record.midpoint].describe).tick_rate_Hz
    bench_s = bench_time_s([slot.slot for slot in record.slots], tick_rate_Hz)
    attempts = sum(slot.counts.attempts for slot in record.slots if not slot.estimate)
    counted = (heralded[1], attempts, bench_s)
    return compute(heralded[0], (local, remote), prediction, counted)


def _pairs(record: RunRecord, heralds: Sequence[Found]) -> PairTable:
    """Heralds whose outcomes count: what was stored was CONFIRMED, what is new is of a slot in order."""
    slots = {slot.slot: slot for slot in record.slots}
    status = {(pair.slot, pair.attempt): pair.status == "CONFIRMED" for pair in record.heralds}
    rows = [
        (
            item.slot,
            item.attempt,
            BELL_STATES.index(OUTCOMES[item.outcome]),
            place_of(slots[item.slot].basis),
            *item.outcomes,
        )
        for item in heralds
        if status.get((item.slot, item.attempt), not slots[item.slot].deviations)
    ]
    return PairTable(*np.array(rows, dtype=np.int64).reshape(-1, 6).T)
