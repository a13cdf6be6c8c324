# SPDX-License-Identifier: Apache-2.0
"""The verbs on recordings whose contents are known because they were made here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_recordings import PERIOD_PS, Events, filtered_syncs, pair_source, stream

from heraldlink import recordings
from heraldlink.cli.main import execute
from heraldlink.errors import RequestError
from heraldlink.recordings.merged import Merged
from heraldlink.recordings.pair_results import AttemptG2, DelayG2
from heraldlink.tags.block import END_PS, Header
from heraldlink.tags.passes import InOrder


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
