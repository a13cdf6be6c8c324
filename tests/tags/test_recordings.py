# SPDX-License-Identifier: Apache-2.0
"""Real recordings give their known values; broken ones an error that names file and byte."""

import os
from pathlib import Path

import pytest

from heraldlink.errors import DataError, RequestError
from heraldlink.tags import g2, info

DATA = Path(os.environ.get("HERALDLINK_DATA", Path(__file__).parents[3] / "shared" / "data"))
ONE, T2, T3 = (
    f"hydraharp_{name}.ptu" for name in ("t2_1channel", "t2_antibunching_320MHz", "t3_antibunching_80MHz")
)


@pytest.fixture
def data() -> Path:
    if not DATA.is_dir() and os.environ.get("HERALDLINK_REQUIRE_DATA") != "1":
        pytest.skip(f"no recordings in {DATA}")
    return DATA


def test_one_channel(data: Path) -> None:
    found = info(data / ONE)
    assert found["mode"] == "T2"
    assert found["resolution_ps"] == 1
    assert (found["tags"], found["overflow_records"], found["smallest_gap_ps"]) == (305_565, 129_754, 81_134)
    assert found["acquisition_s"] == pytest.approx(5, rel=1e-4)


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
    assert lags == {"0": 356, "1": 381, "2": 1, "3": 359, "4": 396}


def test_a_channel_with_itself_leaves_out_each_click_s_own_pair(data: Path) -> None:
    found = g2(data / ONE, first=0, second=0)
    assert found["pairs"] == 0  # the smallest gap is 81 ns
    assert sum(found["histogram"]) == 0


def test_an_unknown_channel_is_told(data: Path) -> None:
    with pytest.raises(RequestError, match="channel 1 has no clicks"):
        g2(data / ONE)


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
    with pytest.raises(DataError, match="not a PTU file"):
        info(foreign)
