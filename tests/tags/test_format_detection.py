# SPDX-License-Identifier: Apache-2.0
"""Each recording is found by its content; what is no recording is found by none."""

import gzip
import io
import json

import numpy as np
import pytest
from format_files import Tag, found, opened, tags
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import DataError
from heraldlink.tags.block import Block, Header
from heraldlink.tags.formats.detect import detect, named
from heraldlink.tags.formats.photon_hdf5_writer import PhotonHdf5Writer
from heraldlink.tags.formats.qutag import MAGIC
from heraldlink.tags.formats.qutag import RECORD as QUTAG
from heraldlink.tags.formats.swabian import RECORD as DUMP

STREAM = [(10**12 + 31_250 * at + at * at % 1000, 1 + at % 2) for at in range(400)]
TIMES = np.array([time for time, _ in STREAM])
CHANNELS = np.array([channel for _, channel in STREAM], dtype=np.int16)


def hdf5() -> bytes:
    stream = io.BytesIO()
    with PhotonHdf5Writer(stream, Header("test", "times", 1.0)) as writer:
        writer.push(Block(TIMES, CHANNELS, int(TIMES[-1])))
    return stream.getvalue()


def fifteen(times: list[Tag]) -> list[int]:
    return [time * 32 // 125 << 10 | 1 << (channel - 1) for time, channel in times]


SAMPLES = {
    "quTAG": MAGIC.ljust(40, b"\0") + np.array(STREAM, dtype=QUTAG).tobytes(),
    "quTAG without header": np.array(STREAM, dtype=QUTAG).tobytes(),
    "S-Fifteen": np.array(fifteen(STREAM), dtype="<u8").tobytes(),
    "S-Fifteen as text": "".join(f"{word:016x}\n" for word in fifteen(STREAM)).encode(),
    "ID900": np.array(TIMES, dtype="<u8").tobytes(),
    "ID900 with index": np.array([(at * at % 12_000, at // 3) for at in range(400)], dtype="<u8").tobytes(),
    "Swabian dump": np.array([(0, 0, 0, c, t) for t, c in STREAM], dtype=DUMP).tobytes(),
    "Swabian ttbin": b"SITT" + bytes(60),
    "text of pairs": b"".join(b"%d %d\n" % tag for tag in STREAM),
    "text of times": b"".join(b"%d\n" % time for time, _ in STREAM),
    "Photon-HDF5": hdf5(),
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_each_recording_is_found_by_its_content(sample: str) -> None:
    data = SAMPLES[sample]
    assert sample.startswith(detect(data[: 1 << 16], len(data)).name)


@pytest.mark.parametrize("begin_ps", [0, 4 << 32, 0xE8 << 32, 10**15, 3 * 10**17])
@pytest.mark.parametrize("step_ps", [3_000, 1_000_000, 70_000_000])
def test_bare_times_are_not_mistaken(begin_ps: int, step_ps: int) -> None:
    steps = np.random.default_rng(1).exponential(step_ps, 9000).astype(np.int64) + 1
    times = begin_ps + np.cumsum(steps)
    data = times.astype("<u8").tobytes()
    assert detect(data[: 1 << 16], len(data)).name == "ID900"
    data = np.array([(time, 3) for time in times.tolist()], dtype=QUTAG).tobytes()
    assert detect(data[: 1 << 16], len(data)).name == "quTAG"
    words = (times * 32 // 125 % 2**54).astype(np.uint64) << np.uint64(10) | np.uint64(0x324)
    for data in (words.tobytes(), words.view("<u4").reshape(-1, 2)[:, ::-1].tobytes()):
        assert detect(data[: 1 << 16], len(data)).name == "S-Fifteen"


@settings(max_examples=200)
@given(st.binary(min_size=64, max_size=400))
def test_noise_is_no_recording(noise: bytes) -> None:
    with pytest.raises(DataError, match="byte 0"):
        detect(noise, len(noise))


PROGRAM = b'"""A program."""\n\nimport os\n\nLIMITS = (\n    1,\n    2,\n    3,\n    4,\n)\nprint(os.name)\n'


@pytest.mark.parametrize(
    "data",
    [
        PROGRAM,
        json.dumps({"times": [1, 2, 3, 4], "channels": [0, 1, 0, 1]}, indent=1).encode(),
        b"<svg>\n" + b"".join(b"L %d %d\n" % tag for tag in STREAM),
        b"A letter.\n\nIt was sent in 1935\nand came in 1936.\n",
        bytes(4000),
    ],
)
def test_other_files_are_no_recordings(data: bytes) -> None:
    with pytest.raises(DataError, match="not a recording of a known format"):
        found(data)


def test_files_that_hide_tags_say_what_to_do() -> None:
    with pytest.raises(DataError, match="gzip file: unpack it first"):
        found(gzip.compress(SAMPLES["text of pairs"]))
    with pytest.raises(DataError, match="UTF-16: save it as UTF-8"):
        found(SAMPLES["text of pairs"].decode().encode("utf-16"))


def test_a_format_can_be_named_where_content_is_not_enough() -> None:
    three = np.array([5, 6, 7], dtype="<u8").tobytes()
    assert tags(opened(named("id900"), three, index="no")) == [(5, 1), (6, 1), (7, 1)]


@pytest.mark.parametrize(
    "text", ["Time (ps),Channel\n", "(19, 1)\n(25, 2)\n", "2024-01-01,17,1\n2024-01-01,19,2\n"]
)
def test_a_text_without_rows_of_numbers_is_told_why(text: str) -> None:
    with pytest.raises(DataError, match=r"known format: .*; a text of tags has rows of numbers"):
        found(text.encode())
