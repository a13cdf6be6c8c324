# SPDX-License-Identifier: Apache-2.0
"""Parts and copies of recordings: delays and channels go with them, nothing half written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_recordings import Arrays, Events, stream

from heraldlink import recordings
from heraldlink.cli.main import execute
from heraldlink.errors import RequestError
from heraldlink.recordings.source import recording
from heraldlink.tags.block import Block, Header, IndexedBlock
from heraldlink.tags.description import joined
from heraldlink.tags.formats.parquet import ParquetWriter


def test_stored_delays_are_subtracted_but_copied_as_they_are(tmp_path: Path) -> None:
    header = Header("test", "times", 1.0, delays_ps={2: 4000})
    tags = stream((1, [0, 100_000]), (2, [4000, 104_000]))
    with (tmp_path / "a.parquet").open("wb") as file, ParquetWriter(file, header) as writer:
        for block in tags.blocks():
            writer.push(block)
    recordings.convert(tmp_path / "a.parquet", tmp_path / "b.parquet")
    for name in "ab":
        opened = recordings.open_recording(tmp_path / f"{name}.parquet", raw=True)
        assert opened.header.delays_ps == {2: 4000}
        assert recordings.coincidences(tmp_path / f"{name}.parquet", within_ps=[0]).counts[0].pairs == 2


def test_a_part_of_some_channels_keeps_their_stored_delays(tmp_path: Path) -> None:
    header = Header("test", "times", 1.0, delays_ps={1: 7, 2: 4000})
    tags = stream((1, [0, 100_000]), (2, [4000, 104_000]))
    delayed = Arrays(tags.time_ps, tags.channel, header=header)
    recordings.cut(delayed, tmp_path / "part.parquet", (0, 100_000), keep=[2])
    opened = recordings.open_recording(tmp_path / "part.parquet", raw=True)
    assert opened.header.delays_ps == {2: 4000}


def test_stored_delays_are_told(tmp_path: Path) -> None:
    tags = stream((1, [0, 100_000]), (2, [4000, 104_000]))
    header = Header("test", "times", 1.0, delays_ps={2: 4000})
    recordings.convert(Arrays(tags.time_ps, tags.channel, header=header), tmp_path / "a.parquet")
    assert recordings.info(tmp_path / "a.parquet").summary()["stored_delays_ps"] == {"2": 4000}


def test_delays_of_a_pattern_file_replace_stored_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    syncs = np.arange(100) * 20_000
    tags = stream((0, syncs), (1, syncs[::2] + 500), (2, syncs[::5] + 900))
    header = Header("test", "times", 1.0, delays_ps={0: 3, 1: 80, 2: 700})
    path, patterns = tmp_path / "a.parquet", tmp_path / "patterns.yaml"
    recordings.convert(Arrays(tags.time_ps, tags.channel, header=header), path)
    patterns.write_text(
        "detectors: {c: 1, d: 2}\ngates: {window: [200, 201]}\n"
        "outcomes:\n  Psi+: [c.window]\n  Psi-: [d.window]\n  both: [c.window d.window]\n"
        "attempts: {kind: counted, channel: 0}\ndelays_ps: {c: 300, d: 700}\n"
    )
    expected = {"Psi+": 40, "Psi-": 10, "both": 10}
    assert recordings.heralds(path, patterns=patterns).counts == expected
    assert recordings.heralds(recordings.open_recording(path), patterns=patterns).counts == expected
    assert execute(["tags", "heralds", str(path), "--patterns", str(patterns), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["outcomes"] == expected


@pytest.mark.parametrize("end", ["parquet", "ptu", "h5", "csv"])
def test_a_copy_for_which_the_disk_has_no_room_is_one_sentence(tmp_path: Path, end: str) -> None:
    time_ps = np.cumsum(np.random.default_rng(1).integers(1, 1 << 20, 20_000))
    recordings.convert(stream((1, time_ps)), tmp_path / "tags.parquet")
    command = ["tags", "convert", str(tmp_path / "tags.parquet"), "--output", str(tmp_path / f"copy.{end}")]
    limited = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limited += "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
    limited += f"from heraldlink.cli.main import execute; raise SystemExit(execute({command}))"
    done = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "cannot be written (File too large)" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["tags.parquet"]


def test_a_delay_of_a_channel_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tags = stream((0, np.arange(100) * 1000), (2, np.arange(50) * 2000 + 300))
    recordings.convert(tags, tmp_path / "a.parquet")
    told = "a delay for channel 7, which it does not have (its channels: 0, 2)"
    for verb, *more in (["coincidences"], ["convert", "--output", str(tmp_path / "b.parquet")]):
        assert execute(["tags", verb, str(tmp_path / "a.parquet"), "--delays", "7=5,2=300", *more]) == 2
        assert told in capsys.readouterr().err
    assert not (tmp_path / "b.parquet").exists()
    opened = recordings.open_recording(tmp_path / "a.parquet", delays_ps={2: 300, 9: 0})
    with pytest.raises(RequestError, match="a delay for channel 9"):
        recordings.rates(opened)
    named = Arrays(tags.time_ps, tags.channel, header=Header("test", "times", 1.0, channels={9: "dark"}))
    assert recordings.coincidences(recording(named, delays_ps={9: 5, 2: 300}), within_ps=[0])


def test_a_part_beside_all_tags_is_refused_and_not_written(tmp_path: Path) -> None:
    tags = stream((0, 1000 + np.arange(100) * 1000), (2, [5050]))
    output = tmp_path / "part.parquet"
    for window, keep, told in (
        ((200_000, 300_000), None, "no tags from 200000 to 300000 ps: its tags end before.* at 100000"),
        ((-50, 1000), None, "no tags from -50 to 1000 ps: its tags begin at 1000"),
        ((0, 5000), (2,), "its tags begin at 5050"),
        ((0, 5000), (7,), "there are no such tags"),
    ):
        with pytest.raises(RequestError, match=told):
            recordings.cut(tags, output, window, keep)
        assert not list(tmp_path.iterdir())
    events = Events(np.full(40, 2000), Header("test", "indexed", 1.0))
    with pytest.raises(RequestError, match="no tags from 40 to 50 reference events"):
        recordings.cut(events, output, (40, 50))
    assert recordings.cut(tags, output, (6001, 6999)).tags == 0  # silent, but within the recording
    assert recordings.cut(tags, tmp_path / "last.parquet", (100_000, 10**9)).tags == 1


def test_channels_of_a_copy_have_other_numbers_and_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = stream((5, [10, 20]), (1, [15]), (0, [18]))
    header = Header("test", "times", 1.0, channels={5: "sync"}, delays_ps={5: 120, 1: 7})
    recordings.convert(Arrays(made.time_ps, made.channel, header=header), tmp_path / "a.parquet")
    command = [
        "tags",
        "convert",
        str(tmp_path / "a.parquet"),
        "--output",
        str(tmp_path / "b.parquet"),
        "--channels",
    ]
    for wrong, told in (
        ("5=9,1=9", "2 channels would become channel 9"),
        ("5=1", "channel 5 cannot become 1, which has tags itself"),
        ("7=2", "has no channel 7 to rename (its channels: 0, 1, 5)"),
        ("5=70000", "16-bit"),
        ("5", "CHANNEL=NEW"),
        ("5=", "a number or a name"),
        ("5=1,5=2", "stands twice"),
    ):
        assert execute([*command, wrong]) == 2
        assert told in capsys.readouterr().err
        assert not (tmp_path / "b.parquet").exists()
    assert execute([*command, "5=1,1=0,0=late"]) == 2  # 1 becomes 0, which stays
    assert execute([*command, "5=1,1=5,0=late"]) == 0
    copy = recordings.open_recording(tmp_path / "b.parquet", raw=True)
    assert (copy.header.channels, copy.header.delays_ps) == ({1: "sync", 0: "late"}, {1: 120, 5: 7})
    (block,) = copy.blocks()
    assert block.channel.tolist() == [1, 5, 0, 1]


def test_a_copy_as_text_is_read_back(tmp_path: Path) -> None:
    tags = stream((1, np.arange(50) * 1000), (2, np.arange(20) * 1700 + 3))
    recordings.convert(tags, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().splitlines()[:3] == ["time_ps,channel", "0,1", "3,2"]
    copy = recordings.open_recording(tmp_path / "a.csv")
    block = joined(list(copy.blocks()))
    assert isinstance(block, Block)
    assert np.array_equal(block.time_ps, tags.time_ps)
    assert np.array_equal(block.channel, tags.channel)
    events = Events(np.arange(40) * 7, Header("test", "indexed", 1.0))
    recordings.convert(events, tmp_path / "b.csv")
    back = joined(list(recordings.open_recording(tmp_path / "b.csv").blocks()))
    assert isinstance(back, IndexedBlock)
    assert np.array_equal(back.after_ps, events.after_ps)
    assert back.index.tolist() == list(range(40))
    assert back.channel.tolist() == [1, 2] * 20
    with pytest.raises(RequestError, match="cannot say that tags are missing"):
        recordings.convert(stream((1, [1, 90]), gaps=[(5, 50)]), tmp_path / "c.csv")
    delayed = Arrays(tags.time_ps, tags.channel, header=Header("test", "times", 1.0, delays_ps={1: 5}))
    with pytest.raises(RequestError, match="no place for delays"):
        recordings.convert(delayed, tmp_path / "c.csv")
    assert not list(tmp_path.glob("c*"))
