# SPDX-License-Identifier: Apache-2.0
"""All blocks of the ID900 and ID1000 drivers on the simulated instrument."""

from math import inf

import numpy as np
import pytest
from driver_programs import HUB
from driver_rig import sent, settings
from qcodes import validators as vals

from heraldlink_drivers import IDQuantiqueID900
from heraldlink_drivers.errors import InstrumentError, ProgramError, RecordIncomplete
from heraldlink_drivers.id_quantique_id900 import IDQuantiqueID1000
from heraldlink_drivers.roles import Combiner, TaggerProgram, TimeTagger
from heraldlink_sim.faces.id900_older import OLDER_FIRMWARE
from heraldlink_sim.faces.id900_server import serve_id900
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900 as Face


@pytest.fixture
def face():
    return Face("SIM-1", identity="IDQ,ID1000,{serial},3.1")


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def server(face, serve, folder):
    return serve(serve_id900(face, folder=folder))


@pytest.fixture
def tagger(server):
    return IDQuantiqueID1000("tagger", server.address, datalink=server.datalink_address, stream_port=0)


@pytest.fixture
def play(loop, face):
    def slot(**times):
        async def deliver():
            face.deliver({name: np.array(values, np.int64) for name, values in times.items()}, 0)

        loop.run(deliver())

    return slot


def parameters(tagger):
    for block in (tagger, tagger.start, tagger.record, *tagger.inputs, *tagger.delays, *tagger.generators,
                  *tagger.combiners, *tagger.histograms, *tagger.raws, *tagger.outputs):  # fmt: skip
        yield from block.parameters.values()


def test_connecting_sends_one_query_and_a_snapshot_only_queries(tagger, face):
    assert set(sent(face)) == {"*IDN?"}
    tagger.snapshot(update=True)
    assert len(sent(face)) > 500
    assert settings(face) == []
    assert isinstance(tagger, TimeTagger)
    assert isinstance(tagger, IDQuantiqueID900)


def test_every_setting_reads_back_what_was_set(tagger):
    values = {"source": "NONE", "threshold": -0.25, "number": 3, "bin_count": 200, "width": 2e-9}
    count = 0
    for parameter in parameters(tagger):
        if not (parameter.settable and parameter.gettable) or parameter.name in ("IDN", "timeout"):
            continue
        value = values.get(parameter.name, True if isinstance(parameter.vals, vals.Bool) else 1e-6)
        if isinstance(parameter.vals, vals.Enum) and parameter.name != "source":
            value = sorted(map(str, parameter.vals.values))[-1]
        if parameter.name in ("window_begin_source", "window_end_source", "first", "second"):
            value = "NONE"
        if parameter.name == "integration_time":
            value = 0.25
        parameter.set(value)
        assert parameter.get() == (pytest.approx(value) if isinstance(value, float) else value), parameter
        count += 1
    assert count > 400


def test_a_histogram_has_its_time_axis(tagger, play):
    histogram = tagger.histograms[0]
    for block in (tagger.start, tagger.inputs[0]):
        block.enabled.set(True)
    histogram.source.set("INPU1")
    histogram.reference.set("STAR")
    histogram.minimum.set(1e-9)
    histogram.bin_width.set(500e-12)
    histogram.bin_count.set(8)
    tagger.record.width.set(10e-3)
    tagger.record.play()
    play(START=[0, 10**6], IN1=[999, 1_000, 2_600, 10**6 + 4_999, 10**6 + 5_000])
    assert tagger.record.done()
    assert histogram.data.get().tolist() == [1, 0, 0, 1, 0, 0, 0, 1]
    np.testing.assert_allclose(histogram.time_axis.get(), 1e-9 + 500e-12 * np.arange(8))
    histogram.flush()
    assert histogram.data.get().sum() == 0
    assert not any(histogram.snapshot()["parameters"]["data"].get("value", []))


def test_generators_and_counters(tagger, play):
    generator, combiner = tagger.generators[2], tagger.combiners[0]
    play()
    generator.period.set(1e-6)
    generator.number.set(inf)
    assert generator.number.get() == inf
    combiner.first.set("GEN3")
    combiner.outside.set("ONLYFIR")
    combiner.integration_time.set(0.05)
    combiner.reset_counter()
    generator.enabled.set(True)
    generator.play()
    assert generator.stage.get() == "PLAYING"
    play()
    assert combiner.count.get() == 50_000
    combiner.counter_mode.set("ACCU")
    assert combiner.count.get() == 100_000
    generator.stop()
    assert generator.done()
    generator.trigger.set("INPU2")
    generator.arm()
    assert generator.stage.get() == "ARMED"
    generator.disarm()
    assert generator.done()


def test_presets_resolution_and_recalibration(tagger, face):
    tagger.load_preset("COUNT")
    assert tagger.combiners[23].first.get() == "TSCO15"
    with pytest.raises(ValueError, match="EVERYTHING"):
        tagger.load_preset("EVERYTHING")
    assert tagger.resolution_bin.get() == 1e-12
    tagger.resolution.set("LOWRES")
    assert tagger.resolution_bin.get() == 100e-12
    tagger.recalibrate()
    tagger.reference.set("EXT")
    face.set_locked(False)
    with pytest.raises(InstrumentError, match="failed"):
        tagger.recalibrate()


def test_high_resolution_errors_are_told_and_cleared(tagger, face, loop):
    tagger.inputs[1].enabled.set(True)
    assert tagger.errors() == []

    async def flood():
        face.deliver({"IN2": np.arange(3_000_000, dtype=np.int64) * 33_000}, 0)

    loop.run(flood())
    assert tagger.errors() == ["2 INPU2: high-resolution error"]
    tagger.inputs[1].clear_hires_error()
    assert tagger.errors() == []


def test_tags_are_saved_by_the_service(tagger, folder, play):
    tagger.configure(HUB)
    identity = tagger.start_saving(1, "C1.bin")
    tagger.arm_record(10**9)
    play(IN4=[0], START=[100, 2_000], IN1=[150, 2_040, 2_050])
    assert tagger.stop_saving(identity) == 3
    assert np.fromfile(folder / "C1.bin", "<u8").reshape(-1, 2).tolist() == [[50, 0], [40, 1], [50, 1]]
    with pytest.raises(InstrumentError, match="outside"):
        tagger.start_saving(1, "../C1.bin")


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (TaggerProgram("STAR", {1: "INPUT1"}), "RAW channels have no source INPUT1"),
        (TaggerProgram("STAR", {}, outputs={2: "TSCO25"}), "outputs have no source TSCO25"),
        (TaggerProgram("STAR", {}, Combiner(5, "IN1", "INPU2", 0, 9)), "combiner has no source IN1"),
        (
            TaggerProgram("STAR", {}, Combiner(9, "INPU1", "INPU2", 0, 9)),
            "INPU1 cannot be linked to combiner 9",
        ),
        (
            TaggerProgram("STAR", {}, Combiner(5, "TSCO4", "INPU2", 0, 9)),
            "TSCO4 cannot be linked to combiner 5",
        ),
        (TaggerProgram("STAR", {}, threshold_V={"INPU1": 3.5}), "thresholds"),
        (TaggerProgram("STAR", {}, threshold_V={"INPU1": float("nan")}), "thresholds"),
        (TaggerProgram("STAR", {}, delays_ps={"INPU7": 5}), "no input INPU7"),
        (TaggerProgram("STAR", {}, accumulate=("TSCO1",)), "no counter TSCO1"),
    ],
)
def test_names_are_checked_before_anything_is_sent(tagger, face, program, words):
    with pytest.raises(ProgramError, match=words):
        tagger.configure(program)
    assert settings(face) == []


def test_a_combiner_of_the_second_level_takes_delayed_inputs(tagger, face):
    delays = {"INPU1": 100, "INPU2": 200, "STAR": 50}
    gate = Combiner(9, "INPU1", "INPU2", 50, 90)
    tagger.configure(TaggerProgram("STAR", {1: "TSCO9"}, gate, delays_ps=delays, threshold_V=HUB.threshold_V))
    assert tagger.gate_ps() == (50, 90)
    assert tagger.combiners[8].first.get() == "DELA2"


def test_lost_time_stamps_break_a_record(tagger, server):
    identity = tagger.start_saving(1, "C1.bin")
    for acquisition in server.datalink._running.values():
        acquisition.errors.append("buffer overflow")
    with pytest.raises(RecordIncomplete, match="buffer overflow"):
        tagger.stop_saving(identity)


@pytest.mark.parametrize("options", [{"quirks": (OLDER_FIRMWARE.id,)}, {"idle": "IDLE"}])
def test_the_role_works_with_older_firmware_and_another_word_for_idle(serve, loop, options):
    face = Face("SIM-1", **options)
    server = serve(serve_id900(face))
    tagger = IDQuantiqueID900("tagger", server.address, datalink=server.datalink_address, stream_port=0)
    tagger.configure(HUB)
    tagger.open_streams()
    assert tagger.gate_ps() == (50_000, 350_000)
    assert tagger.arm_record(10**9) == 0
    assert not tagger.record_done()

    async def deliver():
        times = {"IN4": [0], "START": [0], "IN1": [60_000], "IN2": [400_000]}
        face.deliver({name: np.array(at, np.int64) for name, at in times.items()}, 0)

    loop.run(deliver())
    assert tagger.record_done()
    assert [times.tolist() for times, _ in tagger.read_record().values()] == [[60_000], [400_000], [60_000]]
    assert tagger.counts()["STAR"] == 1
    tagger.safe_state()
