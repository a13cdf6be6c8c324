# SPDX-License-Identifier: Apache-2.0
"""A run folder: whole or absent, readable by others, and replayed to the same numbers."""

import json
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from synthetic_run import CORRELATORS, FIRST, Bench, synthetic

from heraldlink.errors import DataError
from heraldlink.messages.values import Confusion
from heraldlink.record.pair_table import BASES, BELL_STATES
from heraldlink.record.parquet import read_tags
from heraldlink.record.replay import replay
from heraldlink.record.results import bench_time_s, readout_errors
from heraldlink.record.run import Run, write_run


@pytest.fixture(scope="module")
def bench() -> Bench:
    return synthetic(seed=11)


@pytest.fixture
def run(bench: Bench, tmp_path: Path) -> Run:
    return write_run(tmp_path / "runs", bench.result(), bench.node_tags(), request={"number": 200})


def test_everything_is_there_and_nothing_else(run: Run) -> None:
    names = {"run.json", "run.db", "correlators.png", "arrivals.png"}
    names |= {f"tags-{node}.parquet" for node in ("midpoint", "alice", "bob")}
    assert {item.name for item in run.folder.iterdir()} == names
    assert [item.name for item in run.folder.parent.iterdir()] == [run.folder.name]
    for figure in ("correlators.png", "arrivals.png"):
        assert (run.folder / figure).read_bytes().startswith(b"\x89PNG")


def test_results_meet_the_truth_they_were_drawn_from(run: Run) -> None:
    for bell in BELL_STATES:
        for basis in BASES:
            item = run.results.correlators[bell, basis]
            assert item.corrected is not None
            assert abs(item.corrected.deviation(CORRELATORS[bell][basis])) < 4
        assert abs(run.results.fidelity[bell].standard_deviations) < 4
    assert abs(run.results.rate.standard_deviations) < 4
    assert run.results.fidelity["both"].raw.value < run.results.fidelity["both"].corrected.value


def test_the_record_ties_the_run_together(run: Run) -> None:
    record = json.loads((run.folder / "run.json").read_text())
    assert record["origin"] == "simulated"
    assert record["instruments"]["midpoint"]["hub_tc"] == {
        "identity": "IDQ,ID900,SIM-1,1.0",
        "origin": "simulated",
        "simulated": True,
        "settings": {},
    }
    assert record["results"] == run.results.as_dict()
    assert record["request"] == {"number": 200}
    assert set(record["files"]) == {item.name for item in run.folder.iterdir()} - {"run.json"}
    assert {"heraldlink", "python", "numpy"} <= set(record["software"])


def test_a_replay_gives_the_same_numbers(run: Run, bench: Bench) -> None:
    again = replay(run.folder)
    assert again["differences"] == []
    assert again["identical"] is True
    assert again["hardware_disagreements"] == 0
    assert again["heralds"] == len(bench.heralds)
    assert again["results"] == run.results.as_dict()


def test_a_replay_tells_what_the_tags_do_not_hold(bench: Bench, tmp_path: Path) -> None:
    result = bench.result()
    one, two, *rest = result.heralds
    moved = replace(one, attempt=one.attempt + 20_000)
    flipped = replace(two, outcomes=(-two.outcomes[0], two.outcomes[1]))
    run = write_run(tmp_path, replace(result, heralds=(moved, flipped, *rest)), bench.node_tags())
    again = replay(run.folder)
    assert again["identical"] is False
    told = "\n".join(again["differences"])
    assert f"attempt {moved.attempt}: the tags hold no such herald" in told
    assert f"attempt {flipped.attempt}: the tags give outcomes" in told
    assert f"attempt {one.attempt}: herald in the tags, but not stored" in told


def test_tags_come_back_as_they_were_and_are_delta_coded(run: Run, bench: Bench) -> None:
    for name, node in bench.node_tags().items():
        path = run.folder / f"tags-{name}.parquet"
        back = read_tags(path)
        assert (back.node, back.describe) == (name, node.describe)
        assert set(back.tags) == set(node.tags)
        for key, (time, index) in node.tags.items():
            np.testing.assert_array_equal(back.tags[key][0], time)
            np.testing.assert_array_equal(back.tags[key][1], index)
        column = pq.ParquetFile(path).metadata.row_group(0).column(2)
        assert column.compression == "ZSTD"
        assert "DELTA_BINARY_PACKED" in column.encodings


def test_the_database_is_a_qcodes_one(run: Run, bench: Bench) -> None:
    from qcodes.dataset import load_by_id
    from qcodes.dataset.sqlite.database import connect

    connection = connect(run.folder / "run.db")
    try:
        pairs = load_by_id(1, conn=connection)
        data = pairs.get_parameter_data("attempt", "basis")
        assert data["attempt"]["attempt"].tolist() == [pair.attempt for pair in bench.heralds]
        assert data["basis"]["basis"].tolist() == [pair.basis for pair in bench.heralds]
        assert json.loads(pairs.metadata["heraldlink"])["run_id"] == run.folder.name
        assert load_by_id(2, conn=connection).get_parameter_data("raw")["raw"]["raw"].size == 6
    finally:
        connection.close()
    with sqlite3.connect(run.folder / "run.db") as plain:
        assert plain.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_failure_leaves_nothing(bench: Bench, tmp_path: Path) -> None:
    tags = bench.node_tags()
    broken = replace(tags["bob"], tags={(4, 1): (np.zeros(3, np.int64), np.zeros(2, np.int64))})
    with pytest.raises(ValueError, match="length"):
        write_run(tmp_path / "runs", bench.result(), tags | {"bob": broken})
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_run_without_pairs_is_still_a_run(tmp_path: Path) -> None:
    bench = Bench(3)
    bench.play(3, "ZZ", estimate=True)
    run = write_run(tmp_path, bench.result(), bench.node_tags())
    assert run.results.fidelity["both"].as_dict()["raw"] is None
    json.dumps(run.results.as_dict(), allow_nan=False)
    assert replay(run.folder)["identical"] is True


@pytest.mark.parametrize("victim", ["tags-alice.parquet", "tags-midpoint.parquet"])
def test_changed_or_missing_tags_are_named(run: Run, victim: str) -> None:
    path = run.folder / victim
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=f"{victim}: was changed"):
        replay(run.folder)
    path.unlink()
    with pytest.raises(DataError, match=f"{victim}: missing"):
        replay(run.folder)


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"run\.json: there is no such run record"):
        replay(tmp_path)
    (tmp_path / "run.json").write_text('{"format": 1}')
    with pytest.raises(DataError, match=r"run\.json: not a run record"):
        replay(tmp_path)


def test_calibration_without_contrast_corrects_nothing() -> None:
    assert readout_errors(Confusion()) is None
    assert readout_errors(Confusion(gg=50, ge=50, eg=50, ee=50)) is None
    found = readout_errors(Confusion(gg=97, ge=3, eg=4, ee=96))
    assert found is not None
    assert found.rates == (0.03, 0.04)


def test_bench_time_counts_slots_that_were_not_played() -> None:
    assert bench_time_s([5, 7, 9], 10.0) == 0.5
    assert bench_time_s([], 10.0) == 0


def test_estimating_slots_count_for_calibration_only(bench: Bench) -> None:
    assert {slot.slot for slot in bench.slots if slot.estimate} == {3}
    assert all(pair.slot != 3 and pair.attempt >= FIRST for pair in bench.heralds)


def test_importing_the_record_loads_nothing_heavy() -> None:
    heavy = "('qcodes', 'matplotlib', 'pyarrow')"
    code = f"import sys, heraldlink.record; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
