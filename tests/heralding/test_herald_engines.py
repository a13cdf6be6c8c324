# SPDX-License-Identifier: Apache-2.0
"""The compiled engine gives numpy's arrays, byte for byte."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import RequestError
from heraldlink.heralding.engine import herald_engine
from heraldlink.heralding.engine_numpy import NumpyEngine
from heraldlink.heralding.gate_logic import GateLogic, HeraldEngine, Rows, no_attempt
from heraldlink.heralding.patterns import Detector, Gate, PatternTable, Rule
from heraldlink.tags import engine as engine_module

pytest.importorskip("numba", reason="the compiled engine needs numba (the extra [fast])")

ENGINES = ("numpy", "compiled")
SYNC, STRANGE = 9, -3


def table(detectors: int, gates: int, repeats: bool) -> PatternTable:
    names = [f"g{place}" for place in range(gates)]
    first = (("d0", names[0]),)
    second = ((f"d{detectors - 1}", names[-1]),)
    every = tuple((f"d{d}", names[0]) for d in range(detectors))
    rules = {first: "Psi+", second: "Psi-", every: "all"}
    return PatternTable(
        tuple(Detector(f"d{d}", d + 1) for d in range(detectors)),
        tuple(Gate(name, 3 * place - 1, 3 * place + 2) for place, name in enumerate(names)),
        tuple(Rule(outcome, clicks) for clicks, outcome in rules.items()),
        "ambiguous" if repeats else "once",
    )


tables = st.builds(table, st.integers(1, 3), st.integers(1, 4), st.booleans())
steps = st.sampled_from((0, 0, 1, 1, 2, 5, 40))
channels = st.sampled_from((1, 2, 3, SYNC, SYNC, STRANGE))
streams = st.lists(st.tuples(steps, channels), max_size=80)


def arrays(stream: list[tuple[int, int]], from_ps: int) -> tuple[np.ndarray, np.ndarray]:
    times = np.cumsum(np.array([step for step, _ in stream], np.int64)) + from_ps
    return times, np.array([channel for _, channel in stream], np.int16)


def cuts(times: np.ndarray, places: list[int]) -> Iterator[slice]:
    """Pieces that do not divide tags of equal time."""
    edges = sorted({0, times.size} | {int(np.searchsorted(times, times[p % times.size])) for p in places})
    return (slice(*edge) for edge in pairwise(edges))


def identical(one: Rows, other: Rows) -> None:
    for a, b in zip(one, other, strict=True):
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes()


@given(
    stream=streams,
    table=tables,
    from_ps=st.integers(-200, 200),
    places=st.lists(st.integers(0, 80), max_size=3),
)
def test_counted_syncs(
    stream: list[tuple[int, int]], table: PatternTable, from_ps: int, places: list[int]
) -> None:
    times, channel = arrays(stream, from_ps)
    logic = GateLogic.of(table, SYNC)
    still, counts = {}, {}
    for engine in ENGINES:
        still[engine], counts[engine] = no_attempt(), np.zeros(1 << table.bits, np.int64)
    for part in cuts(times, places) if times.size else ():
        rows = [
            herald_engine(name).counted(logic, times[part], channel[part], still[name], counts[name])
            for name in ENGINES
        ]
        identical(*rows)
        assert still["numpy"].tolist() == still["compiled"].tolist()
        assert counts["numpy"].tolist() == counts["compiled"].tolist()


@given(stream=streams, table=tables)
def test_clicks_of_whole_attempts(stream: list[tuple[int, int]], table: PatternTable) -> None:
    after_ps, channel = arrays(stream, -3)
    attempt = np.cumsum(after_ps % 7 == 0)
    after_ps = after_ps % 12 - 3
    both = [whole(herald_engine(name), GateLogic.of(table), attempt, after_ps, channel) for name in ENGINES]
    identical(both[0][0], both[1][0])
    assert both[0][1].tolist() == both[1][1].tolist()


def whole(
    engine: HeraldEngine, logic: GateLogic, attempt: np.ndarray, after_ps: np.ndarray, channel: np.ndarray
) -> tuple[Rows, np.ndarray]:
    counts = np.zeros(logic.outcomes.size, np.int64)
    return engine.assigned(logic, attempt, after_ps, 100 * attempt + after_ps, channel, counts), counts


@settings(max_examples=10)
@given(seed=st.integers(0, 1000), tied=st.sampled_from((0, 9_000, 30_000)), coarse=st.sampled_from((1, 50)))
def test_long_streams(seed: int, tied: int, coarse: int) -> None:
    """More tags than a piece holds, and more of one time than that."""
    drawn = np.random.default_rng(seed)
    times = np.sort(drawn.integers(0, 2_000_000, 40_000)) // coarse * coarse
    times[5_000 : 5_000 + tied] = times[5_000]
    channel = drawn.choice(np.array([1, 2, SYNC, STRANGE], np.int16), times.size)
    logic = GateLogic.of(table(2, 2, bool(seed % 2)), SYNC)
    results = []
    for name in ENGINES:
        still, counts = no_attempt(), np.zeros(16, np.int64)
        rows = herald_engine(name).counted(logic, times, channel, still, counts)
        results.append((rows, still.tolist(), counts.tolist()))
    identical(results[0][0], results[1][0])
    assert results[0][1:] == results[1][1:]


def test_read_only_and_strided_tags() -> None:
    """Arrays as files and Arrow give them."""
    times = np.arange(0, 400, 2, dtype=np.int64)
    channel = np.tile(np.array([SYNC, 1, 2, 1], np.int16), 50)
    strided, still = np.repeat(times, 2)[::2], no_attempt()
    strided.flags.writeable = False
    logic, counts = GateLogic.of(table(2, 1, False), SYNC), np.zeros(4, np.int64)
    rows = herald_engine("compiled").counted(logic, strided, channel, still, counts)
    identical(rows, herald_engine("numpy").counted(logic, times, channel, no_attempt(), counts.copy()))


def test_the_engine_changes_within_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a trace in what it gives."""
    monkeypatch.setattr(engine_module, "LARGE_TAGS", 100)
    monkeypatch.setattr(engine_module, "WORTH_TAGS", 250)
    times = np.arange(0, 2_000, 2, dtype=np.int64)
    channel = np.random.default_rng(3).choice(np.array([SYNC, 1, 2], np.int16), times.size)
    logic, auto, names = GateLogic.of(table(2, 2, False), SYNC), herald_engine("auto"), []
    still, counts = (no_attempt(), no_attempt()), (np.zeros(16, np.int64), np.zeros(16, np.int64))
    for part in (slice(0, 99), slice(99, 300), slice(300, 500), slice(500, 501), slice(501, 1_000)):
        rows = auto.counted(logic, times[part], channel[part], still[0], counts[0])
        names.append(auto.name)
        identical(rows, NumpyEngine().counted(logic, times[part], channel[part], still[1], counts[1]))
    assert names == ["numpy", "numpy", "compiled", "compiled", "compiled"]
    assert counts[0].tolist() == counts[1].tolist()


def test_engines_by_name() -> None:
    assert [herald_engine(name).name for name in ("auto", *ENGINES)] == ["numpy", *ENGINES]
    with pytest.raises(RequestError, match="auto, numpy, compiled"):
        herald_engine("fortran")
