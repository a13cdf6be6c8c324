# SPDX-License-Identifier: Apache-2.0
"""Recompute a run from its stored tags, through the same code, and compare."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from heraldlink.errors import DataError
from heraldlink.heralding.description import sequence_of
from heraldlink.messages.values import BELL_STATES as OUTCOMES
from heraldlink.messages.values import Confusion
from heraldlink.pairs import NodeTags, Pair
from heraldlink.record.folder import digest
from heraldlink.record.pair_table import PairTable, with_outcomes
from heraldlink.record.recompute import Found, SlotFound, recompute
from heraldlink.record.results import bench_time_s, compute
from heraldlink.record.run import RECORD, tags_file
from heraldlink.record.run_record import RunRecord, read_record

Key = tuple[int, int]
SHOWN = 20
"""Differences that are told one by one."""


def replay(folder: str | Path) -> dict[str, object]:
    """Recompute heralds, outcomes, calibration and results of a run folder from its tags.

    JSON-ready: ``identical``, ``differences`` (sentences), ``heralds`` (how many),
    ``hardware_disagreements`` and ``results`` of the recomputed outcomes. Raises DataError if a
    file is missing or was changed.
    """
    record, tags = load_run(Path(folder))
    measuring = [slot for slot in record.slots if not slot.estimate]
    found = {slot.slot: recompute(tags, record.ends, record.midpoint, slot.slot) for slot in record.slots}
    heralds = {(item.slot, item.attempt): item for slot in measuring for item in found[slot.slot].heralds}
    results = _results(record, heralds, list(found.values()), tags)
    differences = [*_heralds(record.heralds, heralds), *_calibrations(record, found)]
    if results != record.results:
        differences.append("the recomputed results differ from the stored ones")
    return {
        "run_id": record.run_id,
        "origin": record.origin,
        "identical": not differences,
        "differences": differences[:SHOWN],
        "heralds": len(heralds),
        "hardware_disagreements": sum(item.disagreements for item in found.values()),
        "results": results,
    }


def load_run(folder: Path) -> tuple[RunRecord, dict[str, NodeTags]]:
    """Record and tags of a run folder. Raises DataError if a file is missing or was changed."""
    record = read_record(folder / RECORD)
    return record, _load(folder, record)


def _load(folder: Path, record: RunRecord) -> dict[str, NodeTags]:
    from heraldlink.record.parquet import read_tags

    tags: dict[str, NodeTags] = {}
    for node in record.tags:
        path = folder / tags_file(node)
        if not path.is_file():
            raise DataError(f"{path}: missing; the run record names it")
        if digest(path) != record.files.get(path.name):
            raise DataError(f"{path}: was changed after the run (its SHA-256 differs from the record's)")
        tags[node] = read_tags(path)
    return tags


def _heralds(stored: Sequence[Pair], found: Mapping[Key, Found]) -> list[str]:
    told: list[str] = []
    seen = {(pair.slot, pair.attempt) for pair in stored}
    for pair in stored:
        again = found.get((pair.slot, pair.attempt))
        place = f"slot {pair.slot} attempt {pair.attempt}"
        if again is None:
            told.append(f"{place}: the tags hold no such herald")
        elif OUTCOMES[again.outcome] != pair.bell_state:
            told.append(f"{place}: the tags say {OUTCOMES[again.outcome]}, stored is {pair.bell_state}")
        elif again.outcomes != pair.outcomes and pair.status == "CONFIRMED":
            told.append(f"{place}: the tags give outcomes {again.outcomes}, stored are {pair.outcomes}")
    told += [f"slot {slot} attempt {attempt}: herald in the tags, but not stored"
             for slot, attempt in sorted(set(found) - seen)]  # fmt: skip
    return told


def _calibrations(record: RunRecord, found: Mapping[int, SlotFound]) -> list[str]:
    return [
        f"slot {slot.slot}: the tags give calibration counts {found[slot.slot].confusions}"
        for slot in record.slots
        if found[slot.slot].confusions != slot.confusions
    ]


def _results(
    record: RunRecord, heralds: Mapping[Key, Found], slots: Sequence[SlotFound], tags: Mapping[str, NodeTags]
) -> dict[str, object]:
    """Results of the pairs that were CONFIRMED, with outcomes and calibration from the tags."""
    confirmed = [pair for pair in record.heralds if pair.status == "CONFIRMED"]
    found = [(pair, heralds.get((pair.slot, pair.attempt))) for pair in confirmed]
    pairs = [with_outcomes(pair, again.outcome, again.outcomes) for pair, again in found if again]
    local = sum((slot.confusions[0] for slot in slots), Confusion())
    remote = sum((slot.confusions[1] for slot in slots), Confusion())
    tick_rate_Hz = sequence_of(tags[record.midpoint].describe).tick_rate_Hz
    bench_s = bench_time_s([slot.slot for slot in record.slots], tick_rate_Hz)
    attempts = sum(slot.counts.attempts for slot in record.slots if not slot.estimate)
    counted = (len(heralds), attempts, bench_s)
    return compute(PairTable.of(pairs), (local, remote), record.prediction, counted).as_dict()
