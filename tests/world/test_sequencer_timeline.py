# SPDX-License-Identifier: Apache-2.0
"""The sequencer against a stepper that plays one waveform at a time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink_sim.world.rack import ProgramStep
from heraldlink_sim.world.sequencer import Timeline

HORIZON = 400


def played(timeline: Timeline) -> list[tuple[int, int]]:
    return [(run.step, run.start_ps + k * run.period_ps) for run in timeline.runs for k in range(run.count)]


def stepped(steps, periods, start, events) -> list[tuple[int, int]]:
    """Play waveform after waveform; an event in it, seen by its step, jumps at its end."""
    found, now, time, left, triggered = [], 0, start, None, True
    while 0 <= now < len(steps) and time < HORIZON:
        step = steps[now]
        if left is None:
            if step.wait_trigger and not triggered:
                break
            left = step.repeat
        triggered = False
        found.append((now, time))
        end = time + periods[now]
        heard = [e for e in events if time <= e < end and step.event == "B"]
        time, left = end, left - 1
        if heard:
            now, left = (now + 1 if step.jump_to is None else step.jump_to - 1), None
        elif left == 0:
            now, left = (now + 1 if step.goto is None else step.goto - 1), None
    return found


STEP = st.builds(
    ProgramStep,
    waveforms=st.just(()),
    repeat=st.integers(1, 7),
    wait_trigger=st.sampled_from([None, None, "A"]),
    event=st.sampled_from([None, "B"]),
    jump_to=st.one_of(st.none(), st.integers(1, 4)),
    goto=st.one_of(st.none(), st.integers(1, 4)),
)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.tuples(STEP, st.integers(3, 20)), min_size=1, max_size=4),
    st.integers(0, 30),
    st.lists(st.integers(0, HORIZON), unique=True, max_size=12),
)
def test_timeline_plays_what_a_stepper_plays(rows, start, events):
    steps, periods = [row[0] for row in rows], [row[1] for row in rows]
    steps[0] = ProgramStep((), steps[0].repeat, "A", steps[0].event, steps[0].jump_to, steps[0].goto)
    timeline = Timeline(steps, periods, start, HORIZON)
    for event in sorted(events):
        timeline.event("B", event)
    assert played(timeline) == stepped(steps, periods, start, events)


def test_an_event_starts_the_repeats_of_the_attempts_again():
    steps = (
        ProgramStep((), 4, "A"),
        ProgramStep((), 10, None, "B", jump_to=3, goto=1),
        ProgramStep((), 1, goto=2),
    )
    timeline = Timeline(steps, (100, 100, 50), 7, 10**9)
    assert timeline.event("B", 7 + 400 + 250)
    assert [(run.step, run.count) for run in timeline.runs] == [(0, 4), (1, 3), (2, 1), (1, 10)]


def test_an_immediate_jump_does_not_wait_for_the_waveform():
    steps = (ProgramStep((), 10, "A", "B", jump_to=2, jump_at_end=False), ProgramStep((), 1))
    timeline = Timeline(steps, (100, 50), 0, 10**9)
    timeline.event("B", 230)
    assert timeline.runs[1].start_ps == 230


def test_events_nobody_listens_to_change_nothing():
    steps = (ProgramStep((), 3, "A"), ProgramStep((), 3, None, "A", jump_to=1))
    timeline = Timeline(steps, (10, 10), 0, 10**9)
    before = played(timeline)
    assert not any(timeline.event("B", time) for time in range(0, 100, 7))
    assert played(timeline) == before


def test_an_endless_step_ends_at_the_horizon():
    timeline = Timeline((ProgramStep((), None, "A"),), (30,), 5, 100)
    assert [start for _, start in played(timeline)] == [5, 35, 65, 95]
    assert np.all(np.diff([start for _, start in played(timeline)]) == 30)
