# SPDX-License-Identifier: Apache-2.0
"""Real recordings give their known values; broken ones an error that names file and byte."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from heraldlink import recordings
from heraldlink.errors import DataError, RequestError

DATA = Path(os.environ.get("HERALDLINK_DATA", Path(__file__).parents[3] / "shared" / "data"))
ONE, T2, T3 = (
    f"hydraharp_{name}.ptu" for name in ("t2_1channel", "t2_antibunching_320MHz", "t3_antibunching_80MHz")
)


@pytest.fixture
def data() -> Path:
    if not DATA.is_dir() and os.environ.get("HERALDLINK_REQUIRE_DATA") != "1":
        pytest.skip(f"no recordings in {DATA}")
    return DATA


def info(path: Path) -> dict[str, Any]:
    return recordings.info(path).summary()


def g2(path: Path, channels: Sequence[int] | None = None) -> dict[str, Any]:
    return recordings.g2(path, channels).summary()


def test_one_channel(data: Path) -> None:
    found = info(data / ONE)
    assert found["format"] == "PTU T2"
    assert found["resolution_ps"] == 1
    assert (found["tags"], found["overflow_records"], found["smallest_gap_ps"]) == (305_565, 129_754, 81_134)
    assert found["acquisition_s"] == pytest.approx(5, rel=1e-4)
    assert found["sync"] is None


def test_pulsed_antibunching_t2(data: Path) -> None:
    assert info(data / T2)["channels"] == {"0": 159_298, "1": 224_721}
    found = g2(data / T2)
    assert found["pairs"] == sum(found["histogram"]) == 15_706
    assert found["coincidences_within_ps"] == {"500": 1, "1000": 155, "5000": 1648}
    dip = found["pulsed"]
    assert dip["dip_ps"] == pytest.approx(23_690, abs=312)  # known: 23.44...23.94 ns; a tenth of a period
    assert dip["dip_pairs"] == 1
    assert dip["side_peak_pairs"] == pytest.approx(513, abs=6)  # standard error of the mean of 16 peaks
    assert dip["period_ps"] == pytest.approx(3125, rel=0.002)


def test_attempts_of_a_t3_recording(data: Path) -> None:
    found = info(data / T3)
    assert found["channels"] == {"0": 160_953, "1": 235_373}
    assert found["resolution_ps"] == 16
    assert found["sync_rate_Hz"] == pytest.approx(80.03e6, rel=1e-4)
    lags = g2(data / T3)["common_attempts_by_lag"]
    assert [lags[lag] for lag in "01234"] == [356, 381, 1, 359, 396]


def test_pulsed_light_is_no_sync(data: Path) -> None:
    found = info(data / T2)
    assert found["sync"] is None
    assert [each["channel"] for each in found["pulsed"]] == [0, 1]
    assert found["pulsed"][0]["period_ps"] == pytest.approx(3125, rel=0.002)


def test_a_channel_with_itself_leaves_out_each_click_s_own_pair(data: Path) -> None:
    found = recordings.g2(data / ONE, (0, 0), window_ps=(-50_000, 50_000)).summary()
    assert found["pairs"] == 0  # the smallest gap is 81 ns


def test_the_option_to_give_is_told(data: Path) -> None:
    with pytest.raises(RequestError, match=r"give --channels 0,0"):
        g2(data / ONE)
    with pytest.raises(RequestError, match="channel 1 has no clicks"):
        g2(data / ONE, (0, 1))


@pytest.mark.parametrize("length", [0, 3, 500, 4392, 90_001])
def test_truncated_recordings_name_the_byte(data: Path, tmp_path: Path, length: int) -> None:
    cut = tmp_path / "cut.ptu"
    cut.write_bytes((data / T2).read_bytes()[:length])
    with pytest.raises(DataError, match=rf"cut\.ptu: .*byte {0 if length < 6 else length}\b"):
        info(cut)
    with pytest.raises(DataError, match=r"cut\.ptu"):
        g2(cut)


def test_missing_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        info(tmp_path / "none.ptu")
    foreign = tmp_path / "foreign.ptu"
    foreign.write_bytes(b"\x89PNG" * 5000)
    with pytest.raises(DataError, match="not a recording"):
        info(foreign)
