# SPDX-License-Identifier: Apache-2.0
"""Instruments of a bench that are recorded, replayed or somewhere else, and the commands for transcripts."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qcodes.instrument import Instrument

sys.path.insert(0, str(Path(__file__).parents[1]))
from wire_laboratory import BENCH, GATE_PS, HUB_THRESHOLDS_V, SEQUENCE, served

from heraldlink.messages.origin import joined, origin_of
from heraldlink.sequences import midpoint_tagger
from heraldlink_drivers import IDQuantiqueID900, KeysightN7764A, SantecTSL570
from heraldlink_sim.bench import Bench
from heraldlink_sim.errors import BenchError
from heraldlink_sim.faults import FaultConfig
from heraldlink_sim.recording import compare, coverage, load_transcript, serve_recording, serve_replay
from heraldlink_sim.transport import EventLoopThread


def sections(**changes: dict[str, Any]) -> dict[str, object]:
    return {"instruments": changes}


@contextmanager
def bench_of(loop: EventLoopThread, **changes: dict[str, Any]) -> Iterator[Bench]:
    async def start() -> Bench:
        return await Bench.from_file(BENCH, sections(**changes)).__aenter__()

    bench = loop.run(start())
    try:
        yield bench
    finally:
        loop.run(bench.close())


def tune(address: str) -> tuple[float, str]:
    laser = SantecTSL570("laser", address, visalib="@py")
    laser.set_wavelength_m(1.5512e-6)
    found = laser.wavelength_m(), laser.identity()
    laser.close()
    return found


def test_a_bench_records_replays_and_points_elsewhere(loop, tmp_path) -> None:
    file = str(tmp_path / "pump")
    with bench_of(loop, hub_pump={"source": "recorded", "transcript": file}) as bench:
        recorded = tune(bench.addresses["hub_pump"])
        assert bench.instruments["hub_pump"].face.wire_log
    with bench_of(loop, hub_pump={"source": "replayed", "transcript": file}) as bench:
        replayed = tune(bench.addresses["hub_pump"])
        assert not bench.instruments["hub_pump"].face.wire_log
        other = {"hub_readout_pump": {"source": "real", "target": bench.addresses["hub_pump"]}}
        with bench_of(loop, **other) as second:
            assert second.addresses["hub_readout_pump"] == bench.addresses["hub_pump"]
            assert tune(second.addresses["hub_readout_pump"]) == replayed
    assert recorded[0] == replayed[0]
    assert [origin_of(identity) for identity in (recorded[1], replayed[1])] == ["simulated", "replayed"]
    assert joined(map(origin_of, (recorded[1], "SANTEC,TSL-570,21020001,1", replayed[1]))) == "mixed"


def test_an_instrument_somewhere_else_is_recorded_through_the_bench(loop, tmp_path) -> None:
    with bench_of(loop) as first:
        file = tmp_path / "far"
        far = {"source": "recorded", "transcript": str(file), "target": first.addresses["hub_pump"]}
        with bench_of(loop, hub_pump=far) as second:
            assert tune(second.addresses["hub_pump"])[0] == pytest.approx(1.5512e-6)
            assert first.instruments["hub_pump"].face.wire_log
            assert not second.instruments["hub_pump"].face.wire_log
    assert load_transcript(file).model == "Santec TSL-570"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": "recorded"}, "transcript: missing with source recorded"),
        ({"source": "real"}, "target: missing with source real"),
        ({"transcript": "x"}, "transcript: not used with source simulated"),
        ({"source": "replayed", "transcript": "x", "target": "y"}, "target: not used with source replayed"),
        ({"source": "copied"}, "source"),
    ],
)
def test_a_source_that_makes_no_sense_names_its_key(change, words) -> None:
    with pytest.raises(BenchError, match=words):
        Bench.from_file(BENCH, sections(hub_pump=change))


def test_a_missing_transcript_names_instrument_and_file(loop, tmp_path) -> None:
    change = {"source": "replayed", "transcript": str(tmp_path / "none")}
    with (
        pytest.raises(BenchError, match=r"hub_pump: .*none: cannot be read"),
        bench_of(loop, hub_pump=change),
    ):
        pass


def test_a_replayed_instrument_has_no_faults(loop, tmp_path) -> None:
    change = {"source": "replayed", "transcript": str(tmp_path / "none"), "faults": [{"kind": "hang"}]}
    with pytest.raises(BenchError, match="hub_pump is not simulated"):
        Bench.from_file(BENCH, sections(hub_pump=change))


def record_session(tagger: Any, arm: Any) -> dict[int, Any]:
    tagger.configure(midpoint_tagger(SEQUENCE, GATE_PS, HUB_THRESHOLDS_V))
    tagger.open_streams()
    arm()
    while not tagger.record_done():
        pass
    return tagger.read_record()


def test_the_tags_of_a_time_controller_come_back_from_its_transcript(loop, tmp_path, listen) -> None:
    file = tmp_path / "hub_tc"
    with served(seed=5) as (bench, rack):
        addresses = {name: at for name, at in bench.addresses.items() if name.startswith("hub_tc")}
        rack["hub_tc"].close_streams()
        recorder = listen(serve_recording(addresses, file, model="ID Quantique ID900"))
        at = recorder.addresses
        tagger = IDQuantiqueID900(
            "through_recorder", at["hub_tc"], datalink=at["hub_tc.datalink"], stream_port=0
        )
        rack.roles["hub_tc"] = tagger
        tags = record_session(tagger, rack.arm)
        tagger.close()
    assert sum(times.size for times, _ in tags.values()) > 100
    at = listen(serve_replay(file)).addresses
    again = IDQuantiqueID900("again", at["hub_tc"], datalink=at["hub_tc.datalink"], stream_port=0)

    def arm() -> None:
        again.tick_count()
        again.arm_record(SEQUENCE.record_ps)

    replayed = record_session(again, arm)
    assert replayed.keys() == tags.keys()
    for channel, (times, index) in tags.items():
        assert np.array_equal(replayed[channel][0], times)
        assert np.array_equal(replayed[channel][1], index)
    assert origin_of(again.identity()) == "replayed"


def test_two_recordings_of_a_session_compare_and_a_changed_one_differs(
    instrument, listen, close, tmp_path
) -> None:
    files = [tmp_path / str(number) for number in range(3)]
    for file, attenuation_dB in zip(files, (12.5, 12.5, 13.5), strict=True):
        addresses = instrument("Keysight N7764A", "voa")
        recording = listen(serve_recording(addresses, file))
        voa = KeysightN7764A("voa", recording.addresses["voa"], visalib="@py")
        voa.set_attenuation_dB(2, attenuation_dB)
        voa.attenuation_dB(2)
        Instrument.close_all()
        close(recording)
    assert {item.verdict for item in compare(files[0], files[1])} == {"equal"}
    texts = [
        [line.split(" ", 1)[1] for line in file.read_text().partition("---\n")[2].splitlines()]
        for file in files[:2]
    ]
    assert texts[0] == texts[1]  # but for the times, diff finds nothing
    found = compare(files[0], files[2])
    unequal = [item for item in found if item.verdict != "equal"]
    assert {item.verdict for item in unequal} == {"unknown"}
    assert "3 unknown" in coverage(found)  # the setting, its own read-back, and the reading


def test_scrubbing_leaves_the_client_what_it_asked_for(instrument, listen, tmp_path) -> None:
    file = tmp_path / "scrubbed"
    address = listen(serve_recording(instrument("Keysight N7764A", "voa"), file, scrub=True)).addresses["voa"]
    voa = KeysightN7764A("voa", address, visalib="@py")
    assert "SIM-voa" in voa.identity()
    assert "SIM-voa" not in file.read_text()
    assert "SIM-XXX" in file.read_text()


def test_a_replay_may_be_as_late_as_the_instrument(loop, listen, tmp_path) -> None:
    file = tmp_path / "slow"
    with bench_of(loop, hub_voa={"source": "recorded", "transcript": str(file)}) as bench:

        async def delay() -> None:
            bench.faults.add("hub_voa", FaultConfig(kind="delay", match="*INP1:ATT?", delay_s=0.3))

        loop.run(delay())
        voa = KeysightN7764A("slow", bench.addresses["hub_voa"], visalib="@py")
        voa.attenuation_dB(1)
        voa.close()
    lasted_s = []
    for timing in ("recorded", "none"):
        at = listen(serve_replay(file, timing=timing)).addresses["hub_voa"]
        voa = KeysightN7764A(timing, at, visalib="@py")
        begun = time.monotonic()
        voa.attenuation_dB(1)
        lasted_s.append(time.monotonic() - begun)
        voa.close()
    assert lasted_s[0] > 0.25 > lasted_s[1]


# --- the command line


def sim(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "heraldlink.cli", "sim", *arguments],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@contextmanager
def running(ports: Path, *arguments: str) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "heraldlink.cli", "sim", *arguments, "--ports-file", str(ports)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=dict(os.environ))
    end = time.monotonic() + 60
    try:
        while not ports.exists():
            assert process.poll() is None
            assert time.monotonic() < end
            select.select([], [], [], 0.02)
        yield json.loads(ports.read_text())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_record_replay_and_conform_from_the_command_line(instrument, tmp_path) -> None:
    address = instrument("Santec TSL-570", "pump")["pump"]
    file = tmp_path / "pump.transcript"
    record = ("record", "--target", address, "--out", str(file), "--name", "pump")
    with running(tmp_path / "a.json", *record, "--model", "Santec TSL-570") as at:
        recorded = tune(at["pump"])
    with running(tmp_path / "b.json", "replay", str(file)) as at:
        replayed = tune(at["pump"])
        done = sim("conform", str(file), "--against", at["pump"], "--settings")
        assert (done.returncode, "0 different" in done.stdout) == (0, True), done.stdout
    assert replayed == (recorded[0], recorded[1].replace("SIM-", "REPLAY-SIM-"))
    done = sim("conform", str(file), "--against", "Santec TSL-570")
    assert done.returncode == 0, done.stdout
    assert "0 different, 0 unknown" in done.stdout
    done = sim("conform", str(file), "--against", "Keysight N7764A")
    assert done.returncode == 1
    assert "different *IDN?" in done.stdout
    assert "unknown" in done.stdout


def test_a_bench_records_and_replays_from_the_command_line(tmp_path) -> None:
    file = tmp_path / "pump.transcript"
    bench = ("benches/two_nodes.yaml", "--pace", "fast")
    with running(tmp_path / "a.json", *bench, "--record", f"hub_pump={file}") as at:
        recorded = tune(at["hub_pump"])
    with running(tmp_path / "b.json", *bench, "--replay", f"hub_pump={file}") as at:
        replayed = tune(at["hub_pump"])
    assert replayed[0] == recorded[0]
    assert "REPLAY-SIM-hub_pump" in replayed[1]
    done = sim(*bench, "--replay", f"nobody={file}")
    assert done.returncode == 2
    assert "no instrument 'nobody'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("replay", "none.transcript"), "none.transcript: cannot be read"),
        (("record", "--target", "tcp://127.0.0.1:9", "--out", "x"), "which protocol"),
        (("record", "--target", "nowhere", "--out", "x"), "'nowhere' is no address"),
        (("conform", "none.transcript", "--against", "ACME"), "none.transcript"),
    ],
)
def test_mistakes_are_one_sentence(arguments, words) -> None:
    done = sim(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_faults_strike_also_a_recorded_simulator(loop, tmp_path) -> None:
    with bench_of(loop, hub_pump={"source": "recorded", "transcript": str(tmp_path / "t")}) as bench:
        laser = SantecTSL570("laser", bench.addresses["hub_pump"], visalib="@py", timeout=0.5)

        async def hang() -> None:
            bench.faults.add("hub_pump", FaultConfig(kind="hang", match="*WAV?", count=1))

        loop.run(hang())
        with pytest.raises(Exception, match="laser"):
            laser.wavelength_m()
        assert laser.shutter_open() is False
