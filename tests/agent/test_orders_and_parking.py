# SPDX-License-Identifier: Apache-2.0
"""Nothing that was ordered before a node was made safe reaches an instrument after it."""

import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from heraldlink.agent.desk import Desk, Limits, answer
from heraldlink.agent.outbox import Outbox
from heraldlink.agent.oversight import Oversight
from heraldlink.agent.permits import Permits
from heraldlink.agent.states import State
from heraldlink.agent.warden import Warden
from heraldlink.agent.workers import Worker
from heraldlink.config.permits import PermitConfig
from heraldlink.errors import RequestError
from heraldlink.journal import Journal
from heraldlink.link.events import Call
from heraldlink.messages.header import Body, Message
from heraldlink.messages.worker import (
    Fault,
    Fence,
    Fenced,
    Notes,
    ParkAll,
    PlaySlot,
    PrepareAll,
    ReadOne,
    ReadTags,
    Start,
    Started,
    TagArrays,
    Value,
)


class HandWorker:
    """A worker that answers when the test says so; ``asked`` is all that has reached it."""

    def __init__(self) -> None:
        self.asked: list[Body] = []
        self._waiting: deque[Message] = deque()
        self._ends = socket.socketpair()

    def fileno(self) -> int:
        return self._ends[0].fileno()

    def ask(self, body: Body, lease: int = 0) -> None:
        self.asked.append(body)

    def replies(self) -> list[Message]:
        found, self._waiting = list(self._waiting), deque()
        return found

    def reply(self, body: Body) -> None:
        self._waiting.append(answer(body))

    def stop(self, timeout_s: float) -> None:
        pass

    def abandon(self) -> int:
        return 0


class Rig:
    """A desk, its worker and the warden of a node that has just become SAFE."""

    def __init__(self, folder: Path) -> None:
        self.worker, self.told = HandWorker(), []
        journal = Journal(folder / "journal.sqlite")
        self.outbox = Outbox(journal, lambda *_: None)
        self.name, self.busy = "alice", True
        self.warden = Warden(self.name, self.outbox, Oversight())
        self.desk = Desk(lambda: self.worker, Start("", {}), Limits(60.0, 30.0), self)
        self.warden.employ(self.desk)
        self.close = journal.close
        self.done(Fenced(0))
        self.done(Started({"alice_awg": "AWG"}))
        self.done(Notes(True, {"alice_awg": "off"}))

    def broken(self, device: str, reason: str) -> None:
        self.told.append(reason)

    def opened(self, fault: str) -> None:
        self.warden.opened(fault)

    def rescue(self, worker: Worker, reason: str) -> Callable[[], None]:
        return self.warden.rescue(worker, reason)

    def done(self, body: Body) -> None:
        """The worker has done what it was asked."""
        self.worker.reply(body)
        self.desk.readable(time.monotonic())
        self.outbox.flush()

    def perform(self, action: Call) -> None:
        """No permit holds anything back here."""

    def order(self, body: Body) -> list[Body]:
        """Order something; the answers, when there are any."""
        answers: list[Body] = []
        self.desk.call(body, lambda message: answers.append(message.body), time.monotonic())
        return answers


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    found = Rig(tmp_path)
    assert found.warden.state is State.SAFE
    yield found
    found.close()


@pytest.mark.parametrize("latch", ["", "emergency stop by eve"])
def test_a_prepare_that_waits_is_void_when_the_node_is_parked(rig: Rig, latch: str) -> None:
    rig.order(ReadTags(1))  # the worker is busy
    prepared = rig.order(PrepareAll())
    rig.warden.park("somebody asks", latch=latch)
    assert isinstance(prepared[0], Fault)
    rig.done(TagArrays(1, (), {}))
    rig.done(Notes(True, {}))
    assert rig.warden.state is (State.FAULT if latch else State.SAFE)
    assert [type(body) for body in rig.worker.asked] == [Fence, Start, ParkAll, ReadTags, ParkAll]


def test_nothing_is_armed_or_played_unless_the_node_is_prepared(rig: Rig) -> None:
    (refused,) = rig.order(PlaySlot(1, 1, 5, False))
    assert isinstance(refused, Fault)
    assert "is in SAFE" in refused.reason
    rig.warden.park("again")
    meanwhile = rig.order(PlaySlot(1, 1, 5, False))
    rig.done(Notes(True, {}))
    assert isinstance(meanwhile[0], Fault)
    rig.warden.go("prepared", "by the test")
    assert rig.order(PlaySlot(1, 1, 5, False)) == []
    assert isinstance(rig.worker.asked[-1], PlaySlot)


def test_nothing_is_prepared_in_fault_nor_while_somebody_stops_the_node(rig: Rig) -> None:
    rig.warden.park("stopped by eve", latch="stopped by eve")
    meanwhile = rig.order(PrepareAll())
    rig.done(Notes(True, {}))
    afterwards = rig.order(PrepareAll())
    for refused in (*meanwhile, *afterwards):
        assert isinstance(refused, Fault)
        assert "FAULT" in refused.reason
    assert len(meanwhile + afterwards) == 2
    assert PrepareAll not in [type(body) for body in rig.worker.asked]


def test_what_hands_a_node_over_is_told(rig: Rig) -> None:
    rig.warden.go("handed_over", "carol mends the cryostat")
    assert rig.warden.told == "MAINT (carol mends the cryostat)"
    with pytest.raises(RequestError, match="node alice is in maintenance: carol mends the cryostat"):
        rig.warden.check_serving()
    rig.warden.go("taken_back", "she is done")
    assert rig.warden.told == "RECOVER"


@pytest.mark.parametrize("process_lost", [False, True])
def test_a_permit_whose_instrument_cannot_be_read(rig: Rig, process_lost: bool) -> None:
    """It grants nothing; if the instrument's own process was lost, the node breaks off what it does."""
    cold = PermitConfig(instrument="alice_mw", parameter="power", at_most=0.0, max_age_s=3.0)
    permits = Permits(rig, {"power": cold})
    permits.tick(10.0)
    assert rig.worker.asked[-1] == ReadOne("alice_mw", "power")
    rig.done(Fault("alice_mw", "its process did not finish", process_lost=process_lost))
    assert rig.told == ["its process did not finish"] * process_lost
    permits.tick(10.5)
    assert permits.missing is not None
    assert permits.missing.device == "alice_mw"
    assert permits.missing.reason.endswith("power of alice_mw was never read (its process did not finish)")
    assert not isinstance(rig.worker.asked[-1], PrepareAll)
    permits.tick(11.1)
    rig.done(Value(-3.0, "dBm"))
    permits.tick(11.2)
    assert permits.missing is None
