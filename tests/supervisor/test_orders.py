# SPDX-License-Identifier: Apache-2.0
"""Many orders at once on the safety channel, and faults that outlive a supervisor; the test has the clock."""

from pathlib import Path

import pytest

from heraldlink.messages.command import Err
from heraldlink.messages.oversight import Beat, Obeyed, OrderKind
from heraldlink.messages.safety import Secured
from heraldlink.supervisor.fault_file import FaultFile
from heraldlink.supervisor.guard import Action, Guard, Kill, Latch, Phase, Raw, Reply, Spawn, Tell
from heraldlink.supervisor.orders import MOST_ORDERS, MOST_WAITING

SAFE = {"pump": "safe, read back"}
UNSAFE = {"pump": "NOT VERIFIED: :POW:SHUT? answers '0'"}


def started(state: str = "IDLE", fault: str = "") -> Guard:
    """A guard whose agent runs and beats."""
    guard = Guard("alice", 1, fault)
    guard.ticked(0.0)
    guard.spawned(10, 0.0)
    guard.told(Beat(1, state, ""), 0.0)
    return guard


def told(actions: list[Action]) -> list[int]:
    """Numbers of the orders that go to the agent."""
    return [action.word.number for action in actions if isinstance(action, Tell)]  # type: ignore[union-attr]


def answered(actions: list[Action]) -> list[object]:
    """Who is answered that everything is safe."""
    return [one.key for one in actions if isinstance(one, Reply) and isinstance(one.body, Secured)]


def ask(guard: Guard, kind: OrderKind, keys: range, now: float = 0.1) -> list[Action]:
    return [action for key in keys for action in guard.asked(kind, key, "eve", "why", now)]


def test_five_hundred_stops_are_one_order_and_all_are_answered() -> None:
    guard = started()
    assert told(ask(guard, "stop", range(500))) == [1]
    assert answered(guard.told(Obeyed(1, True, "drivers", "FAULT", SAFE), 0.2)) == list(range(500))


def test_an_abort_joins_a_stop_and_a_stop_never_joins_an_abort() -> None:
    guard = started()
    assert told(ask(guard, "abort", range(1))) == [1]
    assert told(ask(guard, "stop", range(1, 2))) == [2]
    assert told(ask(guard, "abort", range(2, 3))) == []
    assert answered(guard.told(Obeyed(1, True, "drivers", "RECOVER", SAFE), 0.2)) == [0]
    assert answered(guard.told(Obeyed(2, True, "drivers", "FAULT", SAFE), 0.2)) == [1, 2]


def test_who_asks_to_abort_is_answered_by_an_abort_that_the_agent_was_told_afterwards() -> None:
    """Something may have been prepared since the former one; nobody is told that it is safe by that."""
    guard = started()
    assert told(ask(guard, "abort", range(500))) == [1, 2, 3, 4]
    assert MOST_ORDERS == 4
    first = guard.told(Obeyed(1, True, "drivers", "SAFE", SAFE), 0.5)
    assert answered(first) == [0]
    assert told(first) == [5]
    for number in (2, 3, 4):
        assert told(guard.told(Obeyed(number, True, "drivers", "SAFE", SAFE), 0.6)) == []
    assert answered(guard.told(Obeyed(5, True, "drivers", "SAFE", SAFE), 0.7)) == list(range(4, 500))


def test_no_flood_of_orders_makes_a_healthy_agent_seem_to_hang() -> None:
    """Orders of all kinds without end, each obeyed 0.3 s after it was told: nobody is killed."""
    guard, now, open_orders = started(), 0.0, dict[int, float]()
    for step in range(2000):
        now += 0.01
        kinds: tuple[OrderKind, ...] = ("stop", "clear", "abort")
        actions = guard.asked(kinds[step % 3], step, "eve", "why", now)
        guard.told(Beat(step + 2, "FAULT", ""), now)
        for number, at in list(open_orders.items()):
            if now - at > 0.3:
                del open_orders[number]
                actions += guard.told(Obeyed(number, True, "drivers", "FAULT", SAFE), now)
        open_orders |= dict.fromkeys(told(actions), now)
        assert len(open_orders) <= 2 + MOST_ORDERS
        assert Kill() not in [*actions, *guard.ticked(now)]


def test_a_crowd_is_refused_with_the_reason_and_the_order_stays() -> None:
    guard = started()
    refused = [action for action in ask(guard, "stop", range(MOST_WAITING + 1)) if isinstance(action, Reply)]
    assert [one.key for one in refused] == [MOST_WAITING]
    assert isinstance(refused[0].body, Err)
    assert refused[0].body.code == "LIMIT"
    assert len(answered(guard.told(Obeyed(1, True, "drivers", "FAULT", SAFE), 0.2))) == MOST_WAITING


def test_without_an_agent_the_list_that_is_run_serves_all_who_ask() -> None:
    guard = Guard("alice", 1)
    assert [type(one) for one in ask(guard, "stop", range(500))] == [Raw]
    assert answered(guard.secured(0, SAFE, True, 0.2)) == list(range(500))


def test_a_fault_of_a_former_supervisor_stays_until_it_is_cleared() -> None:
    """The rack is made safe again at once; no agent is started however long it lasts."""
    guard = Guard("alice", 1, fault="emergency stop: smoke")
    assert guard.ticked(0.0) == [Raw(None, (), "emergency stop: smoke")]
    assert guard.secured(0, SAFE, True, 0.1) == []
    assert (guard.phase, guard.state, guard.reason) == (Phase.DOWN, "FAULT", "emergency stop: smoke")
    assert guard.ticked(1e6) == []
    assert guard.asked("clear", "me", "eve", "the smoke is gone", 1e6) == [Raw(None, (), "the smoke is gone")]
    latch, reply = guard.secured(0, SAFE, True, 1e6)
    assert (latch, type(reply)) == (Latch(""), Reply)
    assert guard.ticked(1e6 + 1) == [Spawn()]


def test_a_fault_is_kept_before_anybody_is_told_of_it() -> None:
    guard = started()
    ask(guard, "stop", range(1))
    guard.died(-9, 0.2)
    latch, reply = guard.secured(0, UNSAFE, False, 0.3)
    assert isinstance(latch, Latch)
    assert "pump: NOT VERIFIED" in latch.reason
    assert isinstance(reply, Reply)


def test_an_agent_that_cannot_be_started_is_tried_again() -> None:
    guard = Guard("alice", 1)
    assert guard.ticked(0.0) == [Spawn()]
    guard.not_spawned("Too many open files", 0.0)
    assert "Too many open files" in guard.status(0.0).reason
    assert guard.ticked(1.0) == []
    assert guard.ticked(2.5) == [Spawn()]


def test_the_file_of_a_fault(tmp_path: Path) -> None:
    file = FaultFile(tmp_path / "fault-alice.txt")
    assert file.read() == ""
    file.keep("the pump does not obey")
    assert FaultFile(tmp_path / "fault-alice.txt").read() == "the pump does not obey"
    file.keep("")
    assert file.read() == ""
    file.keep("")
    (tmp_path / "fault-alice.txt").mkdir()
    assert "cannot be read" in file.read()
    with pytest.raises(OSError, match="directory"):
        file.keep("no room")
