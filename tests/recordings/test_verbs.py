# SPDX-License-Identifier: Apache-2.0
"""The verbs on recordings whose contents are known because they were made here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_recordings import PERIOD_PS, Arrays, filtered_syncs, pair_source, stream

from heraldlink import recordings
from heraldlink.cli.main import execute
from heraldlink.errors import RequestError
from heraldlink.recordings.merged import Merged
from heraldlink.recordings.pair_results import AttemptG2, DelayG2
from heraldlink.recordings.source import recording
from heraldlink.tags.block import END_PS, Block, Header, IndexedBlock
from heraldlink.tags.description import joined
from heraldlink.tags.formats.parquet import ParquetWriter
from heraldlink.tags.passes import InOrder


@dataclass(frozen=True)
class Events:
    """A click after each reference event, of channels 1 and 2 in turn."""

    after_ps: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    header: Header

    def blocks(self, size: int = 1 << 20) -> Iterator[IndexedBlock]:
        index = np.arange(self.after_ps.size)
        yield IndexedBlock(self.after_ps, index, (index % 2 + 1).astype(np.int16), END_PS)


def test_a_filtered_sync_is_recognised_and_attempts_are_those_that_were_played() -> None:
    tags, single = filtered_syncs()
    found = recordings.info(tags)
    assert found.sync is not None
    assert (found.sync.channel, found.sync.filtered) == (5, True)
    known = found.summary()["sync"]
    assert isinstance(known, dict)
    assert known["period_ps"] == pytest.approx(PERIOD_PS, rel=1e-7)
    assert known["residual_rms_ps"] < 10
    heralds = recordings.heralds(tags, gates_ps=[(1500, 2500)])
    assert heralds.choice.attempts.described == "reconstructed from filtered syncs of channel 5"
    assert set(heralds.heralds.attempt.tolist()) == single
    dataset = heralds.to_xarray()
    assert dataset.sizes["attempt"] == len(single)
    assert dataset.attrs["outcome Psi+"] == 1


def test_counting_a_filtered_sync_is_warned_of() -> None:
    found = recordings.heralds(filtered_syncs(clicks=5000)[0], gates_ps=[(1500, 2500)], period_ps="counted")
    assert "looks like a filtered sync" in str(found.summary()["advice"])


def test_a_pattern_file_brings_detectors_gates_attempts_and_delays(tmp_path: Path) -> None:
    syncs = np.arange(1000) * 20_000
    late = 2 * 20_000 + 700  # a delay of more than two attempts
    tags = stream((0, syncs), (1, syncs[::2] + 500), (2, np.sort(syncs[::3] + 500 + late)))
    file = tmp_path / "patterns.yaml"
    file.write_text(
        "detectors: {c: 1, d: 2}\ngates: {window: [0, 1000]}\n"
        "outcomes:\n  Psi+: [c.window]\n  Psi-: [d.window]\n  both: [c.window d.window]\n"
        f"attempts: {{kind: counted, channel: 0}}\ndelays_ps: {{d: {late}}}\n"
    )
    found = recordings.heralds(tags, patterns=file)
    assert found.counts == {"Psi+": 333, "Psi-": 167, "both": 167}
    assert recordings.heralds(tags, patterns=file, pattern_delays=False).counts["Psi-"] == 0


def test_slot_ticks_and_the_heralded_g2() -> None:
    ticks = np.arange(20) * 10**9
    attempts = (ticks[:, None] + 1000 + np.arange(10) * 20_000).ravel()
    tags = stream((0, ticks), (1, attempts + 100), (2, attempts[::2] + 100))
    found = recordings.heralds(
        tags, [(0, 500)], (1, 2), sync=0, period_ps=20_000, slot_attempts=10, slot_first_ps=1000
    )
    assert found.result.report.attempts == 200
    assert (found.counts["Psi+"], found.heralds.ambiguous.size) == (100, 100)
    three = recordings.coincidences(tags, (1, 2), within_ps=[1200], herald=0)
    assert three.heralded[0].heralds == 20
    assert three.heralded[0].both == 20


def test_clicks_after_reference_events_are_attempts_without_a_sync() -> None:
    header = Header("test", "indexed", 1.0, reference_period_ps=12_500.0)
    for after_ps, late in ((np.full(400, 2000), False), (np.arange(400) * 100, True)):
        tags = Events(after_ps, header)
        found = recordings.heralds(tags, gates_ps=[(0, 50_000)], detectors=(1, 2))
        assert sum(found.counts.values()) == 400
        assert ("filtered or divided" in str(found.summary()["advice"])) == late
        with pytest.raises(RequestError, match=r"counted from reference events.* leave out --sync"):
            recordings.heralds(tags, gates_ps=[(0, 50_000)], detectors=(1, 2), sync=5)


def test_without_gates_the_hint_says_when_clicks_come() -> None:
    with pytest.raises(RequestError, match=r"--gates BEGIN:END .*90 % come 19\d\d to 20\d\d ps"):
        recordings.heralds(filtered_syncs()[0])


def test_a_sync_recorded_whole_is_counted() -> None:
    syncs = np.arange(50_000) * 20_000
    clicks = syncs[::7] + 3000
    tags = stream((0, syncs), (1, clicks), (2, syncs[::11] + 3000))
    found = recordings.heralds(tags, gates_ps=[(2000, 4000)])
    assert found.choice.attempts.described == "counted syncs of channel 0"
    assert found.result.report.attempts == 50_000
    assert int(found.heralds.ambiguous.size) == 650  # attempts 0, 77, 154, ...
    by_attempt = recordings.g2(tags, sync=0)
    assert isinstance(by_attempt, AttemptG2)
    assert by_attempt.lags.both[8] == 650


@pytest.mark.parametrize("recorded", [1.0, 0.999, 0.9])
def test_a_sync_that_lost_a_few_tags_is_told_from_sharp_detectors(recorded: float) -> None:
    random = np.random.default_rng(4)
    pulses = np.arange(100_000) * 12_500
    syncs = pulses + np.rint(random.normal(0, 30, pulses.size)).astype(np.int64)
    clicks = [pulses[random.random(pulses.size) < 0.01] + 3000 for _ in range(2)]
    kept = np.append(True, random.random(pulses.size - 1) < recorded)
    tags = stream((0, syncs[kept]), (1, clicks[0]), (2, clicks[1]))
    found = recordings.heralds(tags, gates_ps=[(2500, 3500)], period_ps="auto")
    assert found.summary()["detectors"] == {"c": 1, "d": 2}
    single = np.setxor1d(*clicks) // 12_500
    assert np.array_equal(found.heralds.attempt, single)
    counted = recordings.heralds(tags, gates_ps=[(2500, 3500)], period_ps="counted")
    assert ("counting numbers attempts wrongly" in str(counted.summary()["advice"])) == (recorded < 1)


def test_a_sync_channel_without_tags_is_refused() -> None:
    tags = stream((0, np.arange(1000) * 20_000), (1, np.arange(100) * 200_000), (2, np.arange(50) * 400_000))
    with pytest.raises(RequestError, match=r"channel 7 has no clicks \(channels with clicks: 0, 1, 2\)"):
        recordings.heralds(tags, [(0, 500)], (1, 2), sync=7, period_ps="counted")


@pytest.mark.parametrize("delay_ps", [12_400, 250_000_000])
def test_the_delay_of_a_pair_source_is_told(tmp_path: Path, delay_ps: int) -> None:
    signal, idler = pair_source(delay_ps)
    paths = [tmp_path / "signal.txt", tmp_path / "idler.txt"]
    for path, times in zip(paths, (signal, idler), strict=True):
        path.write_text("".join(f"{time}\n" for time in times.tolist()))
    blind = recordings.coincidences(paths)
    assert blind.counts[-1].pairs < 50
    (advice,) = blind.advice
    told = int(advice.rpartition("=")[2].split()[0])
    assert told == pytest.approx(delay_ps, abs=200)
    seen = recordings.coincidences(recordings.open_recording(*paths, delays_ps={101: told}))
    assert seen.of(1, 101, 500).pairs == pytest.approx(5000, abs=10)


def test_a_continuous_pair_source_is_not_called_pulsed() -> None:
    signal, idler = pair_source(12_400)
    found = recordings.g2(stream((1, signal), (2, idler)))
    assert isinstance(found, DelayG2)
    assert found.pulsed is None
    assert found.peak is not None
    assert found.peak.delay_ps == pytest.approx(12_400, abs=found.bin_ps)
    assert found.peak.pairs - found.peak.accidental == pytest.approx(5000, abs=20)


def test_gaps_are_shown_and_no_pair_crosses_one(tmp_path: Path) -> None:
    tags = stream((1, [0, 10_000, 50_000]), (2, [10_100, 20_100, 50_100]), gaps=[(10_050, 10_090)])
    found = recordings.info(tags).summary()
    assert found["gaps"] == [{"begin_ps": 10_050, "end_ps": 10_090, "reason": "overflow", "tags": None}]
    assert recordings.coincidences(tags, within_ps=[200]).counts[0].pairs == 1
    with pytest.raises(RequestError, match="Parquet"):
        recordings.convert(tags, tmp_path / "gap.ptu")
    assert not list(tmp_path.iterdir())
    assert recordings.convert(tags, tmp_path / "gap.parquet").tags == 6
    assert recordings.info(tmp_path / "gap.parquet").summary()["gap_count"] == 1
    recordings.cut(tmp_path / "gap.parquet", tmp_path / "part.parquet", (5000, 40_000))
    assert recordings.info(tmp_path / "part.parquet").span.tags == 3


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


def test_rates_and_their_dataset() -> None:
    found = recordings.rates(stream((1, np.arange(1000) * 10**9), (4, [5 * 10**11])), bin_ps=10**11)
    assert found.table.clicks.sum(axis=1).tolist() == [1000, 1]
    dataset = found.to_xarray()
    assert dataset["rate"].sel(channel=1).values[3] == pytest.approx(1000)


times = st.lists(st.integers(0, 200), max_size=30).map(sorted)


@settings(deadline=None, max_examples=60)
@given(st.lists(times, min_size=2, max_size=3), st.integers(1, 8), st.lists(st.integers(0, 200), max_size=4))
def test_merged_recordings_are_in_order_and_whole(parts: list[list[int]], size: int, ends: list[int]) -> None:
    edges = sorted(set(ends))
    gaps = list(zip(edges[::2], edges[1::2], strict=False))
    outside = [t for t in parts[0] if not any(begin <= t < end for begin, end in gaps)]
    sources = [stream((0, outside), gaps=gaps), *(stream((n, p)) for n, p in enumerate(parts[1:], 1))]
    order, seen, over = InOrder(), list[tuple[int, int]](), list[tuple[int, int]]()
    until = -END_PS
    for block in Merged(sources).blocks(size):
        order.push(block)
        assert block.until_ps >= until
        until = block.until_ps
        seen += zip(block.time_ps.tolist(), block.channel.tolist(), strict=True)
        over += [(gap.begin_ps, gap.end_ps) for gap in block.gaps]
    assert until == END_PS
    assert seen == sorted([(t, 0) for t in outside] + [(t, n) for n, p in enumerate(parts[1:], 1) for t in p])
    assert over == gaps


def test_importing_the_verbs_loads_neither_instruments_nor_compilers() -> None:
    script = (
        "import sys, heraldlink.recordings as r; r.info; r.heralds; r.convert;"
        "sys.exit(','.join({'qcodes', 'zmq', 'numba', 'matplotlib', 'xarray'} & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


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


def test_a_gate_that_reaches_into_the_next_attempt_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    syncs = np.arange(2000) * 20_000
    tags = stream((0, syncs), (1, syncs[::7] + 3000), (2, syncs[::11] + 3000))
    for gates, late in (([(0, 20_000)], 0), ([(0, 20_001)], 1), ([(0, 500), (19_000, 21_000)], 1)):
        found = recordings.heralds(tags, gates, (1, 2), sync=0)
        assert (len(found.warnings), found.period_ps) == (late, pytest.approx(20_000))
        ticks = recordings.heralds(tags, gates, (1, 2), sync=0, period_ps=20_000, slot_attempts=1)
        assert len(ticks.warnings) == late
    recordings.convert(tags, tmp_path / "a.parquet")
    asked = ["tags", "heralds", str(tmp_path / "a.parquet"), "--gates", "0:30000", "--sync", "0", "--json"]
    assert execute(asked) == 0
    out, err = capsys.readouterr()
    assert "warning: gates reach into the next attempt, 20000 ps later (gate: 0 to 30000 ps)" in err
    assert json.loads(out)["warnings"] == [err.removeprefix("heraldlink: warning: ").strip()]
    irregular = np.cumsum(np.random.default_rng(1).integers(15_000, 40_000, 500))
    found = recordings.heralds(stream((0, irregular), (1, irregular[:3]), (2, irregular[3:5])), [(0, 16_000)],
                               (1, 2), sync=0, period_ps="counted")  # fmt: skip
    assert len(found.warnings) == 1
    header = Header("test", "indexed", 1.0, reference_period_ps=12_500.0)
    assert recordings.heralds(Events(np.full(400, 2000), header), [(-1, 12_500)], (1, 2)).warnings
    assert not filtered_warnings((1500, 2500))
    assert filtered_warnings((1500, 12_600))


def filtered_warnings(gate: tuple[int, int]) -> tuple[str, ...]:
    return recordings.heralds(filtered_syncs(clicks=5000)[0], gates_ps=[gate]).warnings


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
