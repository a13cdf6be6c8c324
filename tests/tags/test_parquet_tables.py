# SPDX-License-Identifier: Apache-2.0
"""Parquet tables of others: columns by their names or content, units, and what cannot be told."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from format_files import SIZES, clicks, found, tags

from heraldlink.errors import DataError

STREAM = [(10**12 + 4_000_000 * at, at % 2) for at in range(300)]
TIMES = np.array([time for time, _ in STREAM])
CHANNELS = np.array([channel for _, channel in STREAM])


def written(**columns: object) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, row_group_size=70)
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        written(channel=CHANNELS.astype(np.uint16), time_tags=TIMES.astype(np.uint64)),
        written(index=np.arange(300), **{"Timestamp (ns)": TIMES / 1000, "Detector": CHANNELS.astype(float)}),
        written(a=TIMES, b=CHANNELS),
    ],
)
def test_columns_of_others_are_told(data: bytes) -> None:
    source = found(data)
    assert (source.header.format, source.header.tags, source.header.resolution_ps) == (
        "Parquet",
        300,
        4_000_000,
    )
    for size in SIZES:
        assert tags(source, size) == STREAM


def test_clicks_after_syncs() -> None:
    data = written(nsync=[5, 6, 6], channel=[0, 1, 0], **{"dtime (ps)": [16, 32, 48]})
    assert clicks(found(data)) == [(5, 16, 0), (6, 32, 1), (6, 48, 0)]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (written(counts=[1, 5, 2], angle=[0.0, 0.5, 1.0]), "a table of counts, angle"),
        (written(time=[0.25, 0.5, 0.75], channel=[0, 1, 0]), "no unit: give option unit=ps"),
        (written(time=[1, None, 3], channel=[0, 1, 0]), "places are empty"),
        (written(time=np.array([], dtype=np.int64), channel=np.array([], dtype=np.int64)), "without rows"),
    ],
)
def test_what_cannot_be_told_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        tags(found(data))
