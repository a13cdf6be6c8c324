# SPDX-License-Identifier: Apache-2.0
"""The compiled engine gives numpy's pairs, byte for byte."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import RequestError
from heraldlink.tags import engine, engine_numpy
from heraldlink.tags.engine import engine_name, pair_engine

pytest.importorskip("numba", reason="the compiled engine needs numba (the extra [fast])")

times = st.lists(st.integers(-300, 300), max_size=60).map(lambda item: np.array(sorted(item), dtype=np.int64))
windows = st.tuples(st.integers(-60, 60), st.integers(1, 9), st.integers(1, 9)).map(
    lambda item: (item[0], item[0] + item[1] * item[2], item[2])
)


@given(a=times, b=times, window=windows, within=st.integers(0, 40))
def test_two_channels(a: np.ndarray, b: np.ndarray, window: tuple[int, int, int], within: int) -> None:
    compiled = pair_engine("compiled")
    assert compiled.count_pairs(a, b, *window[:2]) == engine_numpy.count_pairs(a, b, *window[:2])
    same(compiled.histogram(a, b, *window), engine_numpy.histogram(a, b, *window))
    for one, other in zip(
        compiled.match_pairs(a, b, within), engine_numpy.match_pairs(a, b, within), strict=True
    ):
        same(one, other)


@given(
    time_ps=times,
    seed=st.integers(0, 99),
    window=windows,
    second=st.integers(1, 3),
    sparse=st.sampled_from((1, 30)),
)
def test_a_stream(
    time_ps: np.ndarray, seed: int, window: tuple[int, int, int], second: int, sparse: int
) -> None:
    channel = np.random.default_rng(seed).integers(1, 4, time_ps.size).astype(np.int16)
    stream = time_ps * sparse, channel, 1, second
    every = [
        y - x
        for i, x in enumerate((time_ps * sparse).tolist())
        for j, y in enumerate((time_ps * sparse).tolist())
        if i != j and channel[i] == 1 and channel[j] == second and window[0] <= y - x < window[1]
    ]
    for name in ("numpy", "compiled"):
        chosen = pair_engine(name)
        assert chosen.count_in_stream(*stream, *window[:2]) == len(every)
        bins = chosen.histogram_in_stream(*stream, *window)
        same(bins, np.bincount((np.array(every, np.int64) - window[0]) // window[2], minlength=bins.size))


@settings(max_examples=10)
@given(seed=st.integers(0, 999), reach=st.sampled_from((30, 3_000)))
def test_long_streams(seed: int, reach: int) -> None:
    drawn = np.random.default_rng(seed)
    time_ps = np.sort(drawn.integers(0, 500_000, 20_000))
    time_ps.flags.writeable = False
    channel = drawn.integers(1, 4, time_ps.size).astype(np.int16)
    window = (-reach, reach, reach // 3)
    one, other = (
        pair_engine(name).histogram_in_stream(time_ps, channel, 1, 2, *window)
        for name in ("compiled", "numpy")
    )
    same(one, other)


def same(one: np.ndarray, other: np.ndarray) -> None:
    assert one.dtype == other.dtype == np.int64
    assert one.tolist() == other.tolist()


def test_the_engine_changes_within_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a trace in what it gives."""
    monkeypatch.setattr(engine, "LARGE_TAGS", 100)
    monkeypatch.setattr(engine, "WORTH_TAGS", 350)
    time_ps = np.sort(np.random.default_rng(1).integers(0, 9_000, 150))
    channel, auto = np.tile(np.array([1, 2, 3], np.int16), 50), pair_engine()
    for _ in range(4):
        stream = time_ps, channel, 1, 2, -40, 50
        assert auto.count_in_stream(*stream) == engine_numpy.count_in_stream(*stream)
        same(auto.histogram_in_stream(*stream, 10), engine_numpy.histogram_in_stream(*stream, 10))
        a, b = time_ps[channel == 1], time_ps[channel == 2]
        assert auto.count_pairs(a, b, -40, 50) == engine_numpy.count_pairs(a, b, -40, 50)
        same(auto.histogram(a, b, -40, 50, 10), engine_numpy.histogram(a, b, -40, 50, 10))
        same(auto.match_pairs(a, b, 20)[1], engine_numpy.match_pairs(a, b, 20)[1])


def test_engines_by_name() -> None:
    assert [engine_name(name) for name in engine.ENGINES] == list(engine.ENGINES)
    assert pair_engine("numpy") is engine_numpy
    with pytest.raises(RequestError, match="auto, numpy, compiled"):
        engine_name("fortran")


def test_bins_must_fill_the_window() -> None:
    empty = np.empty(0, np.int64)
    with pytest.raises(RequestError, match="whole bins"):
        pair_engine("compiled").histogram(empty, empty, 0, 100, 33)
