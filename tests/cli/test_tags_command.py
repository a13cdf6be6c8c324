# SPDX-License-Identifier: Apache-2.0
"""``heraldlink tags`` as a user calls it, on real recordings."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(os.environ.get("HERALDLINK_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture
def recordings() -> Path:
    if not DATA.is_dir() and os.environ.get("HERALDLINK_REQUIRE_DATA") != "1":
        pytest.skip(f"no recordings in {DATA}")
    return DATA


def tags(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "heraldlink.cli", "tags", *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_info_as_json(recordings: Path) -> None:
    found = json.loads(tags("info", recordings / "hydraharp_t2_1channel.ptu", "--json").stdout)
    assert (found["tags"], found["overflow_records"], found["smallest_gap_ps"]) == (305_565, 129_754, 81_134)


def test_g2_as_json_and_as_a_table(recordings: Path) -> None:
    file = recordings / "hydraharp_t2_antibunching_320MHz.ptu"
    found = json.loads(tags("g2", file, "--json").stdout)
    assert found["pairs"] == sum(found["histogram"]) == 15_706
    assert "15706" in tags("g2", file).stdout


@pytest.mark.parametrize("length", [0, 100, 5000, 100_000])
def test_a_truncated_recording_is_one_sentence(recordings: Path, tmp_path: Path, length: int) -> None:
    cut = tmp_path / "cut.ptu"
    cut.write_bytes((recordings / "hydraharp_t2_1channel.ptu").read_bytes()[:length])
    done = tags("info", cut)
    assert done.returncode == 2
    assert str(cut) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout
