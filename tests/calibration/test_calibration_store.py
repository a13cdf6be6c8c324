# SPDX-License-Identifier: Apache-2.0
"""Calibration files: what is written is read, whole or not at all, and a broken line is named."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.calibration.measured import Measured
from heraldlink.calibration.result import Result
from heraldlink.calibration.store import KEPT, add_result, calibration_file, latest, read_results
from heraldlink.errors import DataError

numbers = st.floats(-1e30, 1e30)
results = st.builds(
    Result,
    calibration=st.sampled_from(["pi", "readout"]),
    node=st.text(max_size=8),
    outcome=st.sampled_from(["measured", "failed"]),
    slot=st.integers(0, 2**40),
    moved_slot=st.integers(0, 2**40),
    at=st.just("2025-01-01T00:00:00+00:00"),
    origin=st.sampled_from(["real", "simulated", "mixed"]),
    digest=st.text("0123456789abcdef", max_size=8),
    values=st.dictionaries(
        st.text(max_size=8), st.builds(Measured, numbers, st.floats(0, 1e30), st.text(max_size=4)), max_size=3
    ),
    reason=st.text(max_size=20),
    declared=st.dictionaries(st.text(max_size=8), st.text("0123456789abcdef", max_size=4), max_size=2),
)


def one(slot: int, name: str = "pi") -> Result:
    return Result(name, "alice", "measured", slot, 0, "", "simulated", "ab", {"rabi": Measured(1.0, 0.1)})


@settings(max_examples=25)
@given(st.lists(results, max_size=3))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, found: list[Result]) -> None:
    path = tmp_path_factory.mktemp("store") / "calibration-alice.jsonl"
    for result in found:
        add_result(path, result)
    assert read_results(path) == found
    assert latest(found) == latest(read_results(path))


def test_one_line_a_run_and_the_oldest_are_dropped(tmp_path: Path) -> None:
    path = calibration_file(tmp_path / "new folder", "alice")
    assert read_results(path) == []
    add_result(path, one(0, "readout"))
    for slot in range(KEPT + 3):
        add_result(path, one(slot))
    lines = path.read_text().splitlines()
    assert len(lines) == KEPT + 1
    assert [result.slot for result in read_results(path)] == [0, *range(3, KEPT + 3)]
    assert '"rabi": {"value": 1.0, "sigma": 0.1' in lines[-1]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"slot": 1', '"slot": "1"', ":2: slot is missing or not a int"),
        ('"value": 1.0', '"value": null', ":2: values.rabi: must hold value, sigma and unit"),
        ('"sigma": 0.1', '"sigma": -0.1', ":2: values.rabi: 1.0 ± -0.1"),
        ('{"calibration"', '{"calibratio', ":2: is not JSON"),
        ('"measured"', '"guessed"', ":2: outcome or origin"),
        ('"at": ""', '"at": "noon"', ":2: at is no time of day"),
        ('"declared": {}', '"declared": {"sequence": 1}', ":2: declared must hold digests"),
        ('"node": "alice", ', "", ":2: node is missing"),
        ("}\n", "}", ":2: the line is cut off"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    path = tmp_path / "calibration-alice.jsonl"
    add_result(path, one(0))
    add_result(path, one(1))
    first, second = path.read_text().splitlines(keepends=True)
    path.write_text(first + second.replace(old, new))
    before = path.read_bytes()
    with pytest.raises(DataError, match=str(path) + complaint):
        read_results(path)
    with pytest.raises(DataError, match="heraldlink calibrate"):
        add_result(path, one(2))
    assert path.read_bytes() == before
