# SPDX-License-Identifier: Apache-2.0
"""Photon-HDF5 written and read back, times and clicks; other HDF5 files and gaps refused."""

import io
from pathlib import Path

import h5py
import numpy as np
import pytest
from format_files import SIZES, Click, Tag, clicks, found, opened, streams, tags
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock
from heraldlink.tags.formats.photon_hdf5 import PhotonHdf5
from heraldlink.tags.formats.photon_hdf5_writer import PhotonHdf5Writer

TIMES = Header("test", "times", 1.0, acquisition_s=2.5, channels={1: "signal", 5: "sync"})
EVENTS = Header("test", "indexed", 1.0, reference_period_ps=12_500.0)


def block(stream: list[Tag]) -> Block:
    time, channel = (np.array(column) for column in zip(*stream, strict=True))
    return Block(time.astype(np.int64), channel.astype(np.int16), int(time[-1]))


def written(*blocks: Block | IndexedBlock, header: Header = TIMES, drop_gaps: bool = False) -> bytes:
    stream = io.BytesIO()
    with PhotonHdf5Writer(stream, header, drop_gaps, created="2026-01-01T00:00:00") as writer:
        for each in blocks:
            writer.push(each)
    return stream.getvalue()


@settings(max_examples=15)
@given(streams([1, 5, 104]), st.integers(1, 39))
def test_times_read_back_in_blocks_of_any_size(stream: list[Tag], cut: int) -> None:
    data = written(*(block(part) for part in (stream[:cut], stream[cut:]) if part))
    for size in SIZES:
        assert tags(opened(PhotonHdf5(), data), size) == stream


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 12_499), st.integers(0, 3)), min_size=1))
def test_clicks_read_back(stream: list[Click]) -> None:
    stream.sort(key=lambda click: click[:2])
    index, after, channel = (np.array(column, dtype=np.int64) for column in zip(*stream, strict=True))
    data = written(IndexedBlock(after, index, channel.astype(np.int16), END_PS), header=EVENTS)
    source = found(data)
    assert (source.header.kind, source.header.reference_period_ps) == ("indexed", 12_500.0)
    for size in SIZES:
        assert clicks(opened(PhotonHdf5(), data), size) == stream


def test_delays_and_the_step_of_the_times_are_kept() -> None:
    header = Header("test", "times", 4.0, delays_ps={1: 350, 5: -20})
    source = found(written(block([(12, 1), (20, 5)]), header=header))
    assert (source.header.delays_ps, source.header.resolution_ps) == ({1: 350, 5: -20}, 4.0)


def test_the_file_has_what_the_specification_demands() -> None:
    data = written(block([(10, 1), (20, 5), (10**12, 1)]))
    with h5py.File(io.BytesIO(data)) as file:
        demanded = ["acquisition_duration", "description", "photon_data/timestamps_specs/timestamps_unit"]
        demanded += [f"setup/num_{name}" for name in ("pixels", "spots", "spectral_ch", "polarization_ch")]
        demanded += ["setup/num_split_ch", "setup/modulated_excitation", "setup/lifetime"]
        demanded += ["setup/excitation_alternated", "identity/format_url", "identity/software_version"]
        assert all(name in file for name in demanded)
        assert file.attrs["format_name"] == b"Photon-HDF5"
        assert file["setup/detectors/counts"][()].tolist() == [2, 1]
        titled: list[bool] = []
        file.visititems(lambda _, item: titled.append("TITLE" in item.attrs))
        assert titled
        assert all(titled)
    header = found(data).header
    assert header.channels == {1: "signal", 5: "sync"}
    assert (header.acquisition_s, header.tags, header.about["creation_time"]) == (
        2.5,
        3,
        "2026-01-01T00:00:00",
    )


def test_a_coarse_clock_and_several_spots(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "spots.h5", "w") as file:
        for spot in range(2):
            file[f"photon_data{spot}/timestamps"] = np.array([1, 2, 4]) + spot
            file[f"photon_data{spot}/timestamps_specs/timestamps_unit"] = 12.5e-9
    data = (tmp_path / "spots.h5").read_bytes()
    with pytest.raises(
        DataError, match="2 spots: choose one of photon_data0, photon_data1 with option spot=NUMBER"
    ):
        found(data)
    assert tags(found(data, spot="1")) == [(25_000, 0), (37_500, 0), (62_500, 0)]
    with pytest.raises(RequestError, match="spot 7"):
        found(data, spot="7")


def test_other_hdf5_files_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["events/time"] = [1, 2, 3]
    data = (tmp_path / "other.h5").read_bytes()
    with pytest.raises(DataError, match=r"no Photon-HDF5 \(its root holds events\)"):
        found(data)
    with pytest.raises(DataError, match="truncated or damaged"):
        found(written(block([(1, 1), (2, 2)]))[:3000])


def test_gaps_have_no_place() -> None:
    lost = Block(np.array([5]), np.array([1], np.int16), 100, (Gap(10, 20, "overflow"),))
    with pytest.raises(RequestError, match="no place for gaps"):
        written(lost)
    assert "1 gaps" in found(written(lost, drop_gaps=True)).header.about["description"]
    with pytest.raises(RequestError, match="the other kind"):
        written(lost, header=EVENTS)
