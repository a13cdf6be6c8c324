# SPDX-License-Identifier: Apache-2.0
"""Whatever compiles plays back: steps walk in the order of the parts, markers and voltages stay in range.

The interpreter of the step table is the simulated laboratory's sequencer, written apart from the compiler.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from heraldlink.errors import ConfigurationError
from heraldlink.sequences import (
    AWG5208,
    AWG70002A,
    BrightPath,
    Element,
    NodeDrive,
    Part,
    PhaseSwitch,
    PumpPulse,
    QubitDrive,
    ReadoutGate,
    SlotPlan,
    Sync,
    check_plan,
    generator_program_of,
)
from heraldlink_drivers.roles import MARKER_1, MARKER_2, GeneratorProgram
from heraldlink_sim.world.rack import ProgramStep
from heraldlink_sim.world.sequencer import Timeline

RATE_Hz, SAMPLE_PS, SAMPLES = 2.5e9, 400, 2500
PERIOD_PS = SAMPLES * SAMPLE_PS
DRIVE = NodeDrive((0.5, 0.5), 0.2, 0.1, 1.0e9, 1.0e9, phase_switch=False)
NODES = ("a", "b")
QUICK = settings(max_examples=40, deadline=None)


def grid(begin: int, end: int) -> st.SearchStrategy[int]:
    return st.integers(begin // SAMPLE_PS, end // SAMPLE_PS).map(lambda n: n * SAMPLE_PS)


width = grid(SAMPLE_PS, 80_000)
sync = st.builds(Sync, grid(0, 900_000), width)
sigma = st.integers(5_000, 14_000)
volts = st.none() | st.floats(0, 0.25)
angle = st.floats(-3, 3)
detuning = st.sampled_from([0.0, -2e8])


def drive(begin: int, end: int) -> st.SearchStrategy[QubitDrive]:
    return st.builds(QubitDrive, st.integers(begin, end), sigma, angle, angle, detuning)


orderly = st.tuples(  # each in its own stretch of the waveform
    st.builds(PumpPulse, st.integers(60_000, 440_000), sigma, volts),
    st.builds(PumpPulse, st.integers(560_000, 940_000), sigma, volts),
    drive(0, 180_000),
    drive(300_000, 400_000),
    st.builds(ReadoutGate, grid(520_000, 700_000), width),
    st.builds(ReadoutGate, grid(800_000, 900_000), width),
    *(
        st.builds(lambda kind, begin, long: kind(begin, begin + long), st.just(kind), grid(0, 900_000), width)
        for kind in (PhaseSwitch, BrightPath)
    ),
)
wild = st.lists(
    st.one_of(
        st.builds(PumpPulse, st.integers(0, PERIOD_PS), st.integers(-1, 20_000), st.none() | st.floats()),
        st.builds(QubitDrive, st.integers(0, PERIOD_PS), st.integers(-1, 20_000), st.floats()),
        st.builds(ReadoutGate, st.integers(0, PERIOD_PS), st.integers(-1, 80_000)),
        st.builds(BrightPath, st.integers(0, PERIOD_PS), st.integers(0, PERIOD_PS)),
    ),
    max_size=2,
)


@st.composite
def chosen(draw: st.DrawFn) -> tuple[Element, ...]:
    """Some of the orderly elements."""
    elements = draw(orderly)
    kept = draw(st.lists(st.booleans(), min_size=len(elements), max_size=len(elements)))
    return tuple(element for element, keep in zip(elements, kept, strict=True) if keep)


@st.composite
def plans(
    draw: st.DrawFn,
    elements: st.SearchStrategy[tuple[Element, ...]] | None = None,
    jumps: bool | None = None,
) -> SlotPlan:
    """Plans of one to five parts, of which the last may jump."""
    mine = chosen() if elements is None else elements
    parts = []
    for number in range(draw(st.integers(1, 4))):
        first = draw(st.lists(sync, max_size=1))
        count = draw(st.integers(0 if parts else 1, 6))
        parts.append(Part(f"part_{number}", count, {node: (*first, *draw(mine)) for node in NODES}))
    if draw(st.booleans()) if jumps is None else jumps:
        parts[-1] = replace(parts[-1], jump_to="answer")
        parts.append(Part("answer", draw(st.integers(1, 3)), {node: tuple(draw(mine)) for node in NODES}))
    return SlotPlan("made_up", RATE_Hz, 10, PERIOD_PS, tuple(parts), 100 * PERIOD_PS, (0, PERIOD_PS))


def compiled(plan: SlotPlan) -> dict[str, GeneratorProgram]:
    return {node: generator_program_of(plan, node, DRIVE, AWG5208) for node in plan.nodes}


def timeline(program: GeneratorProgram, horizon_ps: int = 10**12) -> Timeline:
    steps = [
        ProgramStep((None, None), step.repeat, step.wait, step.event, step.jump_to, step.goto)
        for step in program.steps
    ]
    return Timeline(steps, [PERIOD_PS] * len(steps), 0, horizon_ps)


def played(program: GeneratorProgram, line: Timeline) -> list[str]:
    return [program.steps[run.step].waveform for run in line.runs for _ in range(run.count)]


def edges(markers: np.ndarray, bit: int) -> set[tuple[int, int]]:
    high = np.diff(np.concatenate(([0], ((markers & bit) != 0).astype(np.int8), [0])))
    pairs = zip(np.flatnonzero(high == 1), np.flatnonzero(high == -1), strict=True)
    return {(int(begin) * SAMPLE_PS, int(end) * SAMPLE_PS) for begin, end in pairs}


@QUICK
@given(plan=plans())
def test_without_a_herald_the_parts_play_in_order_and_then_wait(plan: SlotPlan) -> None:
    for program in compiled(plan).values():
        wanted = [part.name for part in plan.played for _ in range(part.count)]
        line = timeline(program)
        assert played(program, line) == wanted
        assert line.end_ps == plan.duration_ps


@QUICK
@given(plan=plans(jumps=True), data=st.data())
def test_a_herald_leads_to_the_answer_and_back(plan: SlotPlan, data: st.DataObject) -> None:
    jumping = plan.played[-1]
    assume(jumping.jump_to)  # unless its count is 0
    for program in compiled(plan).values():
        line = timeline(program)
        before = sum(part.count for part in plan.played[:-1])
        attempt = data.draw(st.integers(0, jumping.count - 1))
        inside_ps = data.draw(st.integers(0, PERIOD_PS - 1))
        assert line.event("B", (before + attempt) * PERIOD_PS + inside_ps)
        answers = ["answer"] * plan.part("answer").count
        again = [jumping.name] * jumping.count
        assert played(program, line)[before:] == [jumping.name] * (attempt + 1) + answers + again


@QUICK
@given(plan=plans())
def test_syncs_number_the_attempts_as_the_plan_says(plan: SlotPlan) -> None:
    for program in compiled(plan).values():
        names = []
        for name in played(program, timeline(program)):
            names += [name] * len(edges(program.waveforms[name].markers[0], MARKER_1))
        for part in plan.played:
            found = [n for n, name in enumerate(names) if name == part.name]
            promised = plan.indices(part.name)
            if part.jump_to is None:
                assert found == list(promised)
            else:
                assert found == list(promised)[: len(found)]


@QUICK
@given(plan=plans())
def test_every_mark_is_where_its_element_is(plan: SlotPlan) -> None:
    for node, program in compiled(plan).items():
        for part in plan.played:
            one, two = program.waveforms[part.name].markers
            mine = part.elements[node]
            for kind, track, bit in ((Sync, one, MARKER_1), (ReadoutGate, two, MARKER_1)):
                assert edges(track, bit) == {(e.begin_ps, e.end_ps) for e in mine if isinstance(e, kind)}
            for kind, track, bit in ((PhaseSwitch, one, MARKER_2), (BrightPath, two, MARKER_2)):
                at_ps = np.arange(SAMPLES) * SAMPLE_PS
                high = np.zeros(SAMPLES, dtype=np.bool_)
                for element in (e for e in mine if isinstance(e, kind)):
                    high |= (at_ps >= element.begin_ps) & (at_ps < element.end_ps)
                assert np.array_equal((track & bit) != 0, high)


@QUICK
@given(plan=plans())
def test_samples_stay_in_range_and_are_dark_outside_the_pulses(plan: SlotPlan) -> None:
    for node, program in compiled(plan).items():
        for part in plan.played:
            waveform = program.waveforms[part.name]
            for channel, kind in ((0, PumpPulse), (1, QubitDrive)):
                samples = waveform.channels[channel]
                assert np.abs(samples).max() <= 1
                at_ps = np.arange(SAMPLES) * SAMPLE_PS
                inside = np.zeros(SAMPLES, dtype=np.bool_)
                for pulse in (e for e in part.elements[node] if isinstance(e, kind)):
                    inside |= (at_ps >= pulse.begin_ps) & (at_ps <= pulse.end_ps)
                assert not samples[~inside].any()


@QUICK
@given(
    plan=plans(), amplitude=st.floats(-1, 2), rate_Hz=st.sampled_from([0.0, -1.0, 1e30, float("inf"), 2.5e9])
)
def test_what_cannot_be_played_is_refused_and_nothing_else_is_raised(
    plan: SlotPlan, amplitude: float, rate_Hz: float
) -> None:
    strange = replace(plan, sample_rate_Hz=rate_Hz)
    drive = replace(DRIVE, amplitude_Vpp=(amplitude, amplitude))
    try:
        program = generator_program_of(strange, "a", drive, AWG70002A)
    except ConfigurationError:
        return
    assert 0.25 <= amplitude <= 0.5
    assert set(program.waveforms) == {step.waveform for step in program.steps}


def plan_of(*parts: Part, **changes: object) -> SlotPlan:
    whole = SlotPlan("p", 12.5e9, 10, 400_000, parts, 10**10, (0, 0))
    return replace(whole, **changes)


def alone(*elements: Element, count: int = 1) -> Part:
    return Part("x", count, {"a": elements})


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (plan_of(), "no part plays"),
        (plan_of(alone(count=-1)), "count must not be negative"),
        (plan_of(alone(), alone()), "2 parts are named 'x'"),
        (plan_of(replace(alone(), jump_to="y")), "jump_to names no part"),
        (plan_of(Part("x", 1, {"a": (Sync(0, 800),), "b": ()})), "numbers of syncs differ"),
        (plan_of(alone(Sync(0, 0))), "sync .* is empty"),
        (plan_of(alone(Sync(0, 400_000))), "not before attempt_period_ps"),
        (plan_of(alone(Sync(0, 800), Sync(800, 800))), "move them apart"),
        (plan_of(alone(ReadoutGate(40, 800))), r"readout_begin_ps.* is not a whole number of samples of 80"),
        (plan_of(alone(PumpPulse(100_000, 10_000), PumpPulse(110_000, 10_000))), "pump pulse .* move them"),
        (plan_of(alone(PumpPulse(1000, 1000))), "3000 ps too early"),
        (plan_of(alone(PumpPulse(1000, 10))), "shorter than a sample"),
        (plan_of(alone(PumpPulse(1000, 100, float("nan")))), "not finite"),
        (plan_of(alone(QubitDrive(0, 2000, 1.0), ReadoutGate(8000, 800))), "move them apart"),
        (plan_of(alone(), period_ps=80_000), "the generator needs 2400"),
        (plan_of(alone(count=2_000_000)), "largest repeat count"),
        (plan_of(alone(count=30_000)), r"leave some of them not within record_ps"),
        (plan_of(alone(), record_ps=10**11), "must be shorter than a slot"),
        (plan_of(alone(), gate_ps=(0, 500_000)), "window inside attempt_period_ps"),
        (plan_of(alone(*(Sync(800 * n, 400) for n in range(4)))), r"1e\+07 events/s on one time controller"),
        (plan_of(alone(), sample_rate_Hz=50e9), r"sample_rate_Hz = 5e\+10 is outside"),
        (plan_of(alone(), period_ps=400_040), "attempt_period_ps = 400040 is not a whole number of samples"),
    ],
)
def test_each_impossibility_has_its_sentence(plan: SlotPlan, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        check_plan(plan)
    assert all(sentence.startswith("sequence 'p': ") for sentence in caught.value.sentences)


def test_a_part_that_jumps_must_be_the_last_and_its_answer_hold_no_sync() -> None:
    answer = Part("answer", 1, {"a": (Sync(0, 800),)})
    plan = plan_of(replace(alone(), jump_to="answer"), replace(alone(), name="z"), answer)
    with pytest.raises(ConfigurationError) as caught:
        check_plan(plan)
    assert ["must be the last" in s for s in caught.value.sentences].count(True) == 1
    assert ["must hold no Sync" in s for s in caught.value.sentences].count(True) == 1


def test_limits_of_the_generator_are_data() -> None:
    plan = plan_of(alone(Sync(0, 800)))
    check_plan(plan, AWG70002A)
    with pytest.raises(ConfigurationError, match="of the AWG5208"):
        check_plan(plan, AWG5208)
    with pytest.raises(ConfigurationError, match="4 samples of 80 ps"):
        check_plan(plan_of(alone(Sync(80, 800))), replace(AWG70002A, marker_samples=4))
    with pytest.raises(ConfigurationError, match="exceed the 0 of the AWG70002A: play fewer parts"):
        check_plan(plan, replace(AWG70002A, waveforms=0))
    with pytest.raises(ConfigurationError, match="exceed the memory"):
        check_plan(plan, replace(AWG70002A, memory_samples=4999))
    drive = QubitDrive(0, 2000, 1.0)
    slow = replace(plan, sample_rate_Hz=1.5e9, period_ps=4_000_000, parts=(alone(drive),))
    with pytest.raises(ConfigurationError, match=r"qubit frequency 1e\+09"):
        generator_program_of(slow, "a", DRIVE)
    with pytest.raises(ConfigurationError, match="nothing for node 'carol'"):
        generator_program_of(plan, "carol", DRIVE)
    with pytest.raises(ConfigurationError, match="has no part 'y'"):
        plan.indices("y")


def test_the_digest_follows_every_part() -> None:
    plan = plan_of(alone(Sync(0, 800)))
    assert plan.digest() == plan_of(alone(Sync(0, 800))).digest()
    others = [
        plan_of(alone(Sync(0, 880))),
        plan_of(alone(Sync(0, 800), count=2)),
        replace(plan, gate_ps=(0, 8)),
    ]
    assert len({one.digest() for one in (plan, *others)}) == 4
