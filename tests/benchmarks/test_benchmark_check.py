# SPDX-License-Identifier: Apache-2.0
"""What benchmarks/check counts as a floor that is met, missed or not measured; nothing here is about time."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import check

    return check


def test_every_floor_of_a_benchmark_is_listed(check, tmp_path: Path) -> None:
    outcome = check._run(check.Benchmark("C", "states.py", 8), sys.executable, 1, tmp_path / "figures.json")
    assert not outcome.trouble
    lines = check._lines(outcome)
    assert len(lines) == 8
    assert all("ms < 20" in figure for _, _, figure, _ in lines)
    assert [verdict for *_, verdict in lines] == ["met" if row.met else "MISSED" for row in outcome.rows]


@pytest.mark.parametrize(
    ("script", "floors", "said"),
    [
        ("states.py", 9, "1 not measured"),
        ("absent.py", 1, "No such file"),
        pytest.param(
            "against_sequence.py",
            1,
            "SeQUeNCe is not installed",
            marks=pytest.mark.skipif(find_spec("sequence") is not None, reason="SeQUeNCe is installed here"),
        ),
    ],
)
def test_what_is_not_measured_is_missed(check, script: str, floors: int, said: str, tmp_path: Path) -> None:
    benchmark = check.Benchmark("C", script, floors)
    *_, last = check._lines(check._run(benchmark, sys.executable, 1, tmp_path / "figures.json"))
    assert said in last[1]
    assert last[3] == "NOT MEASURED"


def test_scripts_are_there_and_executable(check) -> None:
    assert all((BENCHMARKS / benchmark.script).exists() for benchmark in check.BENCHMARKS)
    assert (BENCHMARKS / "check").stat().st_mode & 0o111


def test_the_benchmark_of_tags_agrees_with_itself(check, tmp_path: Path) -> None:
    """Engines, peers that are installed and numpy give the same counts; all floors are measured."""
    pytest.importorskip("numba", reason="half of the table needs numba (the extra [fast])")
    figures = tmp_path / "figures.json"
    command = [
        sys.executable,
        str(BENCHMARKS / "tags.py"),
        "--tags",
        "20000",
        "--rounds",
        "1",
        "--json",
        str(figures),
    ]
    ended = subprocess.run([*command, "--memory", "2000000"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    floors = [row for row in json.loads(figures.read_text())["rows"] if row["met"] is not None]
    assert len(floors) == next(item.floors for item in check.BENCHMARKS if item.script == "tags.py")
