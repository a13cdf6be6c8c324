# SPDX-License-Identifier: Apache-2.0
"""Heralds of streams against brute force, for any blocks, delays, duplicates and gaps."""

import bisect
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import RequestError
from heraldlink.heralding import CountedSyncs, HeraldStream, PatternTable, ReferenceIndex, SlotTicks
from heraldlink.heralding.decisions import AssignedDecisions
from heraldlink.heralding.engine_numpy import NumpyEngine
from heraldlink.heralding.patterns import AMBIGUOUS, NONE, Detector, Gate, Rule, single_click, two_gates
from heraldlink.heralding.results import joined
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock
from heraldlink.tags.channels import ChannelMap, mapped

SIZES = [1, 7, 4096]
TABLES = {
    "two gates": two_gates(1, 2, (2, 9), (12, 20)),
    "one gate": single_click(1, 2, (5, 15)),
    "three gates": PatternTable(
        (Detector("c", 1), Detector("d", 2), Detector("e", 3)),
        (Gate("a", 0, 4), Gate("b", 4, 9), Gate("c", 15, 40)),
        (Rule("W", (("c", "a"), ("d", "b"))), Rule("W", (("e", "c"),)), Rule("V", (("d", "a"), ("d", "b")))),
        repeats="ambiguous",
    ),
}
tag_steps = st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0, 1, 1, 2, 2, 3, 5])), max_size=120)


def in_time(steps: list) -> list[tuple[int, int]]:
    times = np.cumsum([step for step, _ in steps], dtype=np.int64).tolist()
    return [(int(time), channel) for time, (_, channel) in zip(times, steps, strict=True)]


def blocks_of(tags: list, size: int, gaps: tuple[Gap, ...] = ()) -> list[Block]:
    blocks, last = [], -END_PS
    for start in range(0, max(1, len(tags)), size):
        part = tags[start : start + size]
        until = END_PS if start + size >= len(tags) else tags[start + size - 1][0]
        until = min([until, *(g.begin_ps for g in gaps if g.begin_ps < until < g.end_ps)])
        here = tuple(gap for gap in gaps if last < gap.end_ps <= until)
        last = max(last, until)
        time, channel = (np.array(column) for column in (list(zip(*part, strict=True)) or ([], [])))
        blocks.append(Block(time.astype(np.int64), channel.astype(np.int16), until, here))
    return blocks


def outcome_of(table: PatternTable, clicks: list[tuple[int, int]]) -> tuple[int, int, int]:
    """Outcome, pattern and first click of (after, channel) in one attempt."""
    hits = [
        (after, 1 << (place * len(table.gates) + number))
        for after, channel in clicks
        for place, detector in enumerate(table.detectors)
        for number, gate in enumerate(table.gates)
        if detector.channel == channel and gate.begin_ps <= after < gate.end_ps
    ]
    pattern = sum({bit for _, bit in hits})
    outcome = int(table.outcomes()[pattern])
    if table.repeats == "ambiguous" and outcome != NONE and len(hits) > pattern.bit_count():
        outcome = AMBIGUOUS
    return outcome, pattern, min((after for after, _ in hits), default=-1)


def brute(table: PatternTable, tags: list) -> tuple[list, list, list]:
    """Rows (attempt, outcome, pattern, after, time), ambiguous attempts, patterns of all attempts."""
    syncs = sorted(time for time, channel in tags if channel == 0)
    clicks: dict[int, list] = {number: [] for number in range(len(syncs))}
    for time, channel in tags:
        number = bisect.bisect_right(syncs, time) - 1
        if channel and number >= 0:
            clicks[number].append((time - syncs[number], channel))
    rows, ambiguous, patterns = [], [], []
    for number, here in clicks.items():
        outcome, pattern, after = outcome_of(table, here)
        patterns.append(pattern)
        if outcome == AMBIGUOUS:
            ambiguous.append(number)
        elif outcome != NONE:
            rows.append((number, outcome, pattern, after, syncs[number] + after))
    return rows, ambiguous, patterns


def rows_of(heralds) -> list:
    return list(
        zip(
            *(c.tolist() for c in (heralds.attempt, heralds.outcome, heralds.pattern, heralds.after_ps)),
            heralds.time_ps.tolist(),
            strict=True,
        )
    )


@pytest.mark.parametrize("name", TABLES)
@given(steps=tag_steps, size=st.sampled_from(SIZES))
@settings(max_examples=150)
def test_counted_syncs_give_the_heralds_of_brute_force(name: str, steps: list, size: int) -> None:
    table, tags = TABLES[name], in_time(steps)
    stream = HeraldStream(table, CountedSyncs(0))
    for block in blocks_of(tags, size):
        stream.push(block)
    result = stream.finish()
    rows, ambiguous, patterns = brute(table, tags)
    assert rows_of(result.heralds) == rows
    assert result.heralds.ambiguous.tolist() == ambiguous
    assert result.patterns.tolist() == np.bincount(patterns or [0], minlength=1 << table.bits).tolist() or (
        not patterns and not result.patterns.any()
    )
    assert result.report.attempts == len(patterns)
    first = min((time for time, channel in tags if channel == 0), default=END_PS)
    assert result.report.outside == sum(1 for time, channel in tags if channel and time < first)


def run(stream: HeraldStream, blocks: list) -> tuple:
    for block in blocks:
        stream.push(block)
    result = stream.finish()
    return (
        rows_of(result.heralds),
        result.heralds.ambiguous.tolist(),
        result.patterns.tolist(),
        result.vetoed,
        result.report,
    )


@given(steps=tag_steps, size=st.sampled_from(SIZES), bounds=st.lists(st.integers(0, 400), max_size=6))
@settings(max_examples=200)
def test_gaps_cut_attempts_whatever_the_blocks_and_the_way(steps: list, size: int, bounds: list) -> None:
    tags, bounds = in_time(steps), sorted(set(bounds))
    gaps = tuple(Gap(a, b, "overflow") for a, b in zip(bounds[::2], bounds[1::2], strict=False))
    table = TABLES["two gates"]
    found = run(HeraldStream(table, CountedSyncs(0)), blocks_of(tags, size, gaps))
    assigned = HeraldStream(table, CountedSyncs(0))
    assigned._decisions = AssignedDecisions(table, CountedSyncs(0), NumpyEngine(), None)
    assert run(assigned, blocks_of(tags, 4096, gaps)) == found
    begin, expected, cut, number = -END_PS, [], 0, 0
    for gap in (*gaps, Gap(END_PS, END_PS, "overflow")):
        part = [tag for tag in tags if begin <= tag[0] < gap.begin_ps]
        begin, syncs = gap.end_ps, [time for time, channel in part if channel == 0]
        lost = bool(syncs) and syncs[-1] + 20 > gap.begin_ps
        cut += lost
        rows = [row for row in brute(table, part)[0] if not lost or row[0] < len(syncs) - 1]
        expected += [(row[0] + number, *row[1:]) for row in rows]
        number += len(syncs)
    assert (found[0], found[4].cut, found[4].attempts) == (expected, cut, number - cut)


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.integers(-3, 40), st.sampled_from([1, 2, 3])), max_size=80
    ),
    size=st.sampled_from(SIZES),
    period=st.sampled_from([None, 50.0]),
)
def test_reference_indices_give_the_heralds_of_brute_force(steps: list, size: int, period: float) -> None:
    index = np.cumsum([step for step, _, _ in steps], dtype=np.int64).tolist()
    tags = sorted((int(n), after, channel) for n, (_, after, channel) in zip(index, steps, strict=True))
    table = TABLES["three gates"]
    stream = HeraldStream(table, ReferenceIndex(period, first_index=2))
    for start in range(0, max(1, len(tags)), size):
        part = tags[start : start + size]
        n, after, channel = np.array(part, dtype=np.int64).reshape(-1, 3).T
        until = int(n[-1]) if len(n) else 0
        stream.push(IndexedBlock(after, n, channel.astype(np.int16), until))
    heralds = stream.finish().heralds
    expected = []
    for number in sorted({n for n, _, _ in tags if n >= 2}):
        outcome, pattern, after = outcome_of(table, [(a, c) for n, a, c in tags if n == number])
        if outcome not in (NONE, AMBIGUOUS):
            expected.append((number - 2, outcome, pattern, after))
    columns = (heralds.attempt, heralds.outcome, heralds.pattern, heralds.after_ps)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == expected
    if period is None:
        assert heralds.time_ps is None
    else:
        assert heralds.time_ps.tolist() == [50 * row[0] + row[3] for row in expected]


@given(steps=tag_steps, size=st.sampled_from(SIZES))
def test_slot_ticks_begin_a_row_of_attempts(steps: list, size: int) -> None:
    tags, table, slots = in_time(steps), TABLES["two gates"], SlotTicks(0, 22.5, 3, first_ps=4)
    result = run(HeraldStream(table, slots), blocks_of(tags, size))
    ticks = sorted(time for time, channel in tags if channel == 0)
    virtual = []
    for time, channel in tags:
        tick = bisect.bisect_right(ticks, time) - 1
        after = time - ticks[tick] - 4 if tick >= 0 else -1
        number = int(after // 22.5)
        if channel and tick >= 0 and 0 <= number < 3:
            virtual.append((3 * tick + number, after - round(number * 22.5), channel, time))
    expected = []
    for attempt in sorted({row[0] for row in virtual}):
        outcome, pattern, after = outcome_of(table, [row[1:3] for row in virtual if row[0] == attempt])
        if outcome not in (NONE, AMBIGUOUS):
            time = next(t for n, a, _, t in virtual if (n, a) == (attempt, after))
            expected.append((attempt, outcome, pattern, after, time))
    assert result[0] == expected
    assert result[4].attempts == 3 * len(ticks)
    assert result[4].outside == sum(1 for _, channel in tags if channel) - len(virtual)


@given(steps=tag_steps, size=st.sampled_from(SIZES), dead=st.integers(1, 60))
def test_a_detector_that_is_dead_vetoes(steps: list, size: int, dead: int) -> None:
    tags, plain = in_time(steps), TABLES["two gates"]
    table = PatternTable((Detector("c", 1, dead), Detector("d", 2)), plain.gates, plain.rules)
    rows, vetoed = run(HeraldStream(table, CountedSyncs(0)), blocks_of(tags, size))[0::3][:2]
    every, ambiguous, _ = brute(plain, tags)
    syncs = [time for time, channel in tags if channel == 0]
    clicks = [time for time, channel in tags if channel == 1]

    def is_dead(attempt: int) -> bool:
        return any(syncs[attempt] + 2 - dead < click < syncs[attempt] + 2 for click in clicks)

    assert rows == [row for row in every if not is_dead(row[0])]
    assert vetoed == sum(is_dead(attempt) for attempt in [*ambiguous, *(row[0] for row in every)])


def test_hardware_heralds_are_compared() -> None:
    tags = [(0, 0), (3, 1), (13, 2), (18, 9), (30, 0), (33, 1), (60, 0), (65, 9), (90, 0), (93, 1), (103, 1)]
    stream = HeraldStream(TABLES["two gates"], CountedSyncs(0), hardware=9)
    for block in blocks_of(tags, 3):
        stream.push(block)
    comparison = stream.finish().comparison
    assert comparison is not None
    assert (comparison.only_hardware.tolist(), comparison.only_software.tolist()) == ([2], [3])


def test_heralds_that_the_hardware_saw_too_are_not_remembered() -> None:
    stream = HeraldStream(TABLES["one gate"], CountedSyncs(0), hardware=9, keep=False)
    channel = np.tile(np.array([0, 1, 9], np.int16), 1000)
    for number in range(60):
        time_ps = np.arange(number * 3000, number * 3000 + 3000) * 6
        stream.push(Block(time_ps, channel, int(time_ps[-1])))
        if number == 9:
            tracemalloc.start()
            before = tracemalloc.get_traced_memory()[0]
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    comparison = stream.finish().comparison
    assert comparison is not None
    assert comparison.disagreements == 0
    assert grown < 100_000


def test_what_does_not_fit_together_is_refused() -> None:
    table = TABLES["two gates"]
    with pytest.raises(RequestError, match="detector c has channel 1, as has another input"):
        HeraldStream(table, CountedSyncs(1))
    with pytest.raises(RequestError, match="delay the sync's channel"):
        HeraldStream(single_click(1, 2, (-5, 5)), CountedSyncs(0))
    empty = np.empty(0, dtype=np.int64)
    with pytest.raises(RequestError, match="index tells the attempt"):
        HeraldStream(table, CountedSyncs(0)).push(IndexedBlock(empty, empty, empty.astype(np.int16), 0))
    with pytest.raises(RequestError, match="carry no reference index"):
        HeraldStream(table, ReferenceIndex()).push(blocks_of([], 1)[0])


class Recorded:
    """Blocks of a list of tags as a source."""

    header = Header("test", "times", 1.0)

    def __init__(self, tags: list, gaps: tuple[Gap, ...] = ()) -> None:
        self._tags, self._gaps = tags, gaps

    def blocks(self, size: int = 4096) -> Iterator[Block]:
        return iter(blocks_of(self._tags, size, self._gaps))


@given(
    steps=tag_steps,
    size=st.sampled_from(SIZES),
    delays=st.dictionaries(st.integers(0, 3), st.integers(-300, 300), max_size=4),
)
def test_delays_of_several_attempts_come_off_first(steps: list, size: int, delays: dict) -> None:
    tags, table = in_time(steps), TABLES["two gates"]
    delayed = sorted((time - delays.get(channel, 0), channel) for time, channel in tags)
    blocks = mapped(Recorded(tags), ChannelMap(delays)).blocks(size)
    found = run(HeraldStream(table, CountedSyncs(0)), list(blocks))
    rows, ambiguous, _ = brute(table, delayed)
    assert (found[0], found[1]) == (rows, ambiguous)


@given(
    steps=tag_steps,
    size=st.sampled_from([1, 7]),
    delays=st.dictionaries(st.integers(0, 3), st.integers(-60, 60), max_size=4),
    bounds=st.lists(st.integers(0, 400), max_size=6),
    attempts=st.sampled_from([CountedSyncs(0), SlotTicks(0, 22.5, 3, first_ps=4)]),
)
@settings(max_examples=150)
def test_gaps_and_delays_give_the_same_for_any_blocks(
    steps: list, size: int, delays: dict, bounds: list, attempts: CountedSyncs | SlotTicks
) -> None:
    tags, bounds = in_time(steps), sorted(set(bounds))
    gaps = tuple(Gap(a, b, "overflow") for a, b in zip(bounds[::2], bounds[1::2], strict=False))
    source = mapped(Recorded(tags, gaps), ChannelMap(delays))
    whole = run(HeraldStream(TABLES["two gates"], attempts), list(source.blocks(4096)))
    assert run(HeraldStream(TABLES["two gates"], attempts), list(source.blocks(size))) == whole


@given(steps=tag_steps, size=st.sampled_from(SIZES))
def test_without_keeping_each_herald_comes_once(steps: list, size: int) -> None:
    tags, table = in_time(steps), TABLES["one gate"]
    stream = HeraldStream(table, CountedSyncs(0), keep=False)
    pushed = [stream.push(block) for block in blocks_of(tags, size)]
    parts = joined([part for part in pushed if part is not None] + [stream.finish().heralds])
    rows, ambiguous, _ = brute(table, tags)
    assert (rows_of(parts), parts.ambiguous.tolist()) == (rows, ambiguous)


def test_a_gap_leaves_detectors_with_a_dead_time_unknown() -> None:
    tags = [(0, 0), (4, 1), (14, 1), (100, 0), (104, 1), (114, 1), (200, 0), (204, 1), (214, 1)]
    plain = TABLES["two gates"]
    table = PatternTable((Detector("c", 1, 20), Detector("d", 2)), plain.gates, plain.rules)
    found = run(HeraldStream(table, CountedSyncs(0)), blocks_of(tags, 4096, (Gap(60, 90, "overflow"),)))
    assert ([row[0] for row in found[0]], found[3]) == ([0, 2], 1)


@pytest.mark.parametrize(("rate", "ties"), [(0.3, 3), (0.0003, 40), (0.9, 1)])
def test_long_streams_are_cut_into_pieces_unseen(rate: float, ties: int) -> None:
    rng = np.random.default_rng(7)
    time = np.sort(rng.integers(0, 200_000 * 6 // ties, 200_000))
    channel = np.where(rng.random(time.size) < rate, 0, rng.integers(1, 4, time.size)).astype(np.int16)
    block, table = Block(time, channel, END_PS), TABLES["three gates"]
    assigned = HeraldStream(table, CountedSyncs(0))
    assigned._decisions = AssignedDecisions(table, CountedSyncs(0), NumpyEngine(), None)
    found = run(HeraldStream(table, CountedSyncs(0)), [block])
    assert found == run(assigned, [block])
    assert found[4].attempts == np.count_nonzero(channel == 0)
