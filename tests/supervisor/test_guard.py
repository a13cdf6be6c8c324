# SPDX-License-Identifier: Apache-2.0
"""What a supervisor decides, on a clock of the test's own: no processes, no sockets."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.agent.states import TABLE, State, follow
from heraldlink.messages.command import Err
from heraldlink.messages.oversight import Beat, Farewell, Help, Helped, Obeyed, Order
from heraldlink.supervisor.guard import Action, End, Guard, Kill, Latch, Phase, Raw, Reply, Spawn, Tell

SAFE = {"pump": "safe, read back"}
UNSAFE = {"pump": "NOT VERIFIED: :POW:SHUT? answers '0'"}


def started(now: float = 0.0) -> Guard:
    """A guard whose agent runs and beats."""
    guard = Guard("alice", 1)
    assert guard.ticked(now) == [Spawn()]
    guard.spawned(10, now)
    guard.told(Beat(1, "IDLE", ""), now)
    return guard


def kinds(actions: list[Action]) -> list[type]:
    return [type(action) for action in actions]


def crash(guard: Guard, now: float) -> None:
    """The agent dies and is started anew once everything is safe."""
    (raw,) = guard.died(-9, now)
    assert raw == Raw(None, (), "the agent was ended by signal 9")
    guard.secured(0, SAFE, True, now)


def test_a_dead_agent_means_the_raw_list_at_once_then_another_agent() -> None:
    guard = started()
    crash(guard, 5.0)
    assert guard.ticked(5.1) == []
    assert guard.ticked(5.3) == [Spawn()]
    assert guard.restarts == 1


def test_an_agent_that_finds_a_file_wrong_as_it_opens_its_instruments_is_not_tried_again() -> None:
    guard = Guard("alice", 1)
    assert guard.ticked(0.0) == [Spawn()]
    guard.spawned(10, 0.0)
    guard.told(Beat(1, "BOOT", ""), 0.5)
    assert kinds(guard.died(2, 1.0)) == [Raw]  # what it has opened is made safe first
    assert guard.secured(0, UNSAFE, False, 2.0) == [End(2)]
    assert guard.ticked(60.0) == []


def test_an_agent_that_ends_with_the_same_code_later_has_crashed() -> None:
    guard = started()
    assert kinds(guard.died(2, 1.0)) == [Raw]
    guard.secured(0, SAFE, True, 2.0)
    assert guard.ticked(3.0) == [Spawn()]


def test_an_agent_that_stands_still_is_killed_after_one_and_a_half_seconds() -> None:
    guard = started()
    guard.told(Beat(2, "IDLE", ""), 1.0)
    guard.told(Beat(2, "IDLE", ""), 2.0)  # the same count: its loop does not move
    assert guard.ticked(2.4) == []
    assert guard.ticked(2.6) == [Kill()]
    assert guard.ticked(9.0) == []  # once


def test_a_stall_of_one_second_kills_nobody() -> None:
    guard = started()
    for second in range(1, 20):
        assert guard.ticked(second + 0.05) == []
        guard.told(Beat(second + 1, "RUNNING", ""), second + 0.1)


def test_too_many_ends_within_a_minute_and_the_node_stays_down_until_it_is_cleared() -> None:
    guard, now = started(), 0.0
    for _ in range(3):
        crash(guard, now)
        now += 3.0
        assert guard.ticked(now) == [Spawn()]
        guard.spawned(11, now)
        guard.told(Beat(1, "SAFE", ""), now)
    crash(guard, now)
    assert guard.phase is Phase.DOWN
    assert "4 times" in guard.status(now).reason
    assert guard.ticked(now + 1000) == []
    assert isinstance(guard.asked("clear", "me", "eve", " ", now)[0].body, Err)  # type: ignore[union-attr]
    assert kinds(guard.asked("clear", "me", "eve", "mended", now)) == [Raw]
    assert kinds(guard.secured(0, SAFE, True, now)) == [Latch, Reply]
    now += 1.0
    assert guard.ticked(now) == [Spawn()]


def test_aborts_while_the_agent_starts_are_no_ends_of_its_own() -> None:
    """Somebody who may only watch and abort cannot bring a node into FAULT by asking often."""
    guard, now = Guard("alice", 1), 0.0
    for _ in range(8):
        assert guard.ticked(now) == [Spawn()]
        guard.spawned(11, now)
        assert guard.asked("abort", "me", "eve", "smoke", now) == [Kill()]
        assert kinds(guard.died(-9, now)) == [Raw]
        assert kinds(guard.secured(0, SAFE, True, now)) == [Reply]
        assert guard.state == "SAFE"
        now += 0.3


def test_ends_far_apart_are_forgiven() -> None:
    guard = started()
    for minute in range(1, 10):
        crash(guard, 100.0 * minute)
        assert guard.ticked(100.0 * minute + 3) == [Spawn()]
        guard.spawned(11, 100.0 * minute + 3)
        guard.told(Beat(1, "SAFE", ""), 100.0 * minute + 3)


def test_what_cannot_be_made_safe_is_a_fault_that_names_it() -> None:
    guard = started()
    guard.died(-11, 1.0)
    guard.secured(0, UNSAFE, False, 1.5)
    assert guard.status(2.0).state == "FAULT"
    assert "pump: NOT VERIFIED" in guard.status(2.0).reason
    assert guard.ticked(100.0) == []


@pytest.mark.parametrize("status", [2, 4])
def test_an_agent_that_touched_nothing_is_not_started_again(status: int) -> None:
    guard = Guard("alice", 1)
    guard.ticked(0.0)
    guard.spawned(10, 0.0)
    assert guard.died(status, 1.0) == [End(status)]


def test_an_order_that_is_not_obeyed_in_time_is_carried_out_without_the_agent() -> None:
    guard = started()
    assert guard.asked("stop", "me", "eve", "smoke", 0.0) == [Tell(Order(1, "stop", "eve", "smoke"))]
    for tenth in range(31):
        guard.told(Beat(tenth + 2, "IDLE", ""), tenth / 10)
    assert guard.ticked(3.1) == [Kill()]
    assert kinds(guard.died(-9, 3.1)) == [Raw]
    latch, reply = guard.secured(0, SAFE, True, 3.2)
    assert latch == Latch("emergency stop: smoke")
    assert isinstance(reply, Reply)
    assert (reply.key, guard.state) == ("me", "FAULT")
    assert guard.ticked(100.0) == []


def test_an_order_that_is_obeyed_is_answered_once() -> None:
    guard = started()
    guard.asked("abort", "me", "eve", "", 0.0)
    obeyed = Obeyed(1, True, "drivers", "SAFE", SAFE)
    assert kinds(guard.told(obeyed, 0.1)) == [Reply]
    assert guard.told(obeyed, 0.2) == []


def test_help_is_given_and_told() -> None:
    guard = started()
    assert guard.told(Help(7, (55,), (), "it hangs"), 0.1) == [Raw((55,), (), "it hangs", 7)]
    assert guard.secured(7, SAFE, True, 0.2) == [Tell(Helped(7, True, SAFE))]


def test_an_agent_that_dies_while_it_is_helped_gets_the_whole_list_still() -> None:
    guard = started()
    guard.told(Help(7, (55,), ("pump",), "it hangs"), 0.1)
    assert kinds(guard.died(-9, 0.2)) == [Raw]
    assert guard.secured(7, SAFE, True, 0.3) == []
    assert guard.phase is Phase.SECURING
    guard.secured(0, SAFE, True, 0.4)
    assert guard.phase is Phase.WAITING


def test_the_first_signal_drains_and_the_second_does_not_wait() -> None:
    guard = started()
    assert kinds(guard.signalled(0.0)) == [Tell]
    assert guard.signalled(0.5) == [Kill()]
    guard.died(-9, 0.6)
    assert guard.secured(0, SAFE, True, 0.7) == [End(0)]


def test_a_farewell_needs_no_raw_list_and_an_unsafe_one_does() -> None:
    good, bad = started(), started()
    good.signalled(0.0)
    good.told(Farewell(True, SAFE), 1.0)
    assert good.ticked(6.0) == []  # it closes its connections and says nothing more
    assert good.died(0, 6.1) == [End(0)]
    bad.signalled(0.0)
    bad.told(Farewell(False, UNSAFE), 1.0)
    assert kinds(bad.died(1, 2.0)) == [Raw]
    assert kinds(bad.secured(0, UNSAFE, False, 3.0)) == [Latch, End]


EVENTS = st.sampled_from(
    ["beat", "still", "die", "help", "secured", "failed", "stop", "abort", "clear", "signal", "bye", "tick"]
)


@given(st.lists(EVENTS, max_size=40))
def test_no_agent_is_ever_started_before_the_last_one_s_rack_was_made_safe(events: list[str]) -> None:
    """Whatever happens in whatever order: after an end, nothing is spawned until a raw list has succeeded."""
    guard, now, owed, running = Guard("alice", 1), 0.0, 0, False
    answered: dict[object, int] = {}
    for key, event in zip(itertools.count(1), events, strict=False):
        now += 0.7
        actions: list[Action] = []
        match event:
            case "beat" if running:
                actions = guard.told(Beat(key, "IDLE", ""), now)
            case "die" if running:
                actions, running = guard.died(-9, now), False
                owed = 1
            case "help" if running:
                actions = guard.told(Help(key, (), (), ""), now)
            case "secured" if owed == 2:
                owed = 0
                actions = guard.secured(0, SAFE, True, now)
            case "failed" if owed == 2:
                actions = guard.secured(0, UNSAFE, False, now)
            case "stop" | "abort" | "clear":
                answered[key] = 0
                actions = guard.asked(event, key, "eve", "why", now)  # type: ignore[arg-type]
            case "signal":
                actions = guard.signalled(now)
            case "bye" if running:
                actions = guard.told(Farewell(True, SAFE), now)
            case "tick":
                actions = guard.ticked(now)
            case _:
                continue
        for action in actions:
            match action:
                case Spawn():
                    assert not running
                    assert not owed
                    running = True
                    guard.spawned(key, now)
                case Raw(number=0):
                    owed = 2
                case Kill():
                    assert running
                case Reply(one):
                    answered[one] = answered[one] + 1  # type: ignore[index]
                    assert answered[one] == 1
                case End():
                    return
                case _:
                    pass


@given(st.lists(st.sampled_from(sorted({cause for _, cause in TABLE})), max_size=30))
def test_only_clearing_leads_out_of_fault_and_a_request_only_starts_prepared(causes: list[str]) -> None:
    state = State.BOOT
    for cause in causes:
        after = follow(state, cause)  # type: ignore[arg-type]
        if state is State.FAULT:
            assert after is State.FAULT or cause == "cleared"
        if after is State.ARMED:
            assert state in (State.IDLE, State.ARMED)
        if after is State.RUNNING:
            assert state in (State.ARMED, State.RUNNING)
        if after is State.SAFE:
            assert state in (State.RECOVER, State.SAFE)
        state = after


def test_every_state_can_be_reached_and_left() -> None:
    reached, ahead = {State.BOOT}, [State.BOOT]
    while ahead:
        state = ahead.pop()
        for (before, _), after in TABLE.items():
            if before is state and after not in reached:
                reached.add(after)
                ahead.append(after)
    assert reached == set(State)
    assert {before for before, after in TABLE if before is not after} | {State.DRAIN} >= set(State)
