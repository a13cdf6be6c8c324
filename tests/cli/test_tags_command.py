# SPDX-License-Identifier: Apache-2.0
"""``heraldlink tags`` as a user calls it, on real recordings."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from heraldlink.cli.main import execute

DATA = Path(os.environ.get("HERALDLINK_DATA", Path(__file__).parents[3] / "shared" / "data"))
ONE, T2, T3 = (
    DATA / f"hydraharp_{name}.ptu"
    for name in ("t2_1channel", "t2_antibunching_320MHz", "t3_antibunching_80MHz")
)

needs_recordings = pytest.mark.skipif(
    not DATA.is_dir() and os.environ.get("HERALDLINK_REQUIRE_DATA") != "1", reason=f"no recordings in {DATA}"
)


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def tags(*arguments: str | Path) -> Done:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = execute(["tags", *map(str, arguments)])
    return Done(code, out.getvalue(), err.getvalue())


def found(*arguments: str | Path) -> dict[str, Any]:
    done = tags(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_recordings
def test_info_as_a_process() -> None:
    command = [sys.executable, "-m", "heraldlink.cli", "tags", "info", str(ONE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "81,134" in done.stdout
    assert not done.stderr


def test_info_says_what_was_read_and_is_no_tag(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    rows = [f"{10**6 * at},{10**6 * at + 500 if at < 150 else 0}" for at in range(1, 200)]
    file.write_text("signal (ps),idler (ps)\n" + "\n".join(rows) + "\n")
    assert found("info", file)["zeros_that_fill"] == 50
    assert "zeros that fill" in tags("info", file).stdout


@needs_recordings
def test_known_values_of_three_recordings() -> None:
    one, t2, t3 = found("info", ONE, T2, T3)["files"]
    assert (one["tags"], one["overflow_records"], one["smallest_gap_ps"]) == (305_565, 129_754, 81_134)
    assert t2["channels"] == {"0": 159_298, "1": 224_721}
    assert t3["channels"] == {"0": 160_953, "1": 235_373}


@needs_recordings
def test_antibunching_by_delay_and_by_attempt(tmp_path: Path) -> None:
    t2 = found("g2", T2, "--plot", tmp_path / "g2.svg")
    assert t2["pairs"] == sum(t2["histogram"]) == 15_706
    assert t2["pulsed"]["dip_pairs"] == 1
    assert (tmp_path / "g2.svg").read_text().startswith("<?xml")
    t3 = found("g2", T3, "--lags", "0:4")
    assert t3["common_attempts_by_lag"] == {"0": 356, "1": 381, "2": 1, "3": 359, "4": 396}


@needs_recordings
def test_coincidences() -> None:
    rows = found("coincidences", T2)["pairs"]
    assert [row["coincidences"] for row in rows] == [1, 155, 1648]
    table = tags("coincidences", T2, "--window", "1e3")
    assert "155" in table.stdout


@needs_recordings
def test_a_copy_and_a_part_hold_the_same(tmp_path: Path) -> None:
    copy, part = tmp_path / "copy.parquet", tmp_path / "part.ptu"
    assert found("convert", T2, "--output", copy)["tags"] == 384_019
    assert found("coincidences", copy)["pairs"][1]["coincidences"] == 155
    assert found("cut", copy, "--window", "0:500000000000", "--output", part, "--channels", "1")["tags"] > 1e5
    assert list(found("info", part)["channels"]) == ["1"]
    again = tags("convert", T2, "--output", copy)
    assert (again.returncode, len(again.stderr.splitlines())) == (2, 1)


@needs_recordings
@pytest.mark.parametrize("length", [0, 100, 5000, 100_000])
def test_a_truncated_recording_is_one_sentence(tmp_path: Path, length: int) -> None:
    cut = tmp_path / "cut.ptu"
    cut.write_bytes(ONE.read_bytes()[:length])
    done = tags("info", cut)
    assert done.returncode == 2
    assert str(cut) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout


@needs_recordings
def test_the_good_part_of_a_truncated_recording(tmp_path: Path) -> None:
    cut = tmp_path / "cut.ptu"
    cut.write_bytes(ONE.read_bytes()[:100_001])
    salvaged = found("info", cut, "--salvage")
    assert 10_000 < salvaged["tags"] < 25_000
    assert salvaged["gaps"][-1]["reason"] == "truncated"


def test_wrong_arguments_are_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "clicks.csv"
    file.write_text("time_ps,channel\n" + "".join(f"{1000 * n},{n % 2}\n" for n in range(100)))
    wrong = [
        ("g2", file, "--window", "5"),
        ("heralds", file, "--gates", "10:5"),
        ("coincidences", file, "--window", "-3"),
        ("info", file, "--delays", "1"),
        ("heralds", file, "--period", "0"),
        ("g2", file, "--plot", "plot.doc"),
        ("info", file, "--option", "unit"),
        ("info", file, "--format", "none"),
    ]
    for arguments in wrong:
        done = tags(*arguments)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), (arguments, done.stderr)
