# SPDX-License-Identifier: Apache-2.0
"""kill -9 of each process at each step of a request: the end is told and named, and all go on afterwards."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from fault_lab import Laboratory, Rule, fault, wait_for
from fault_lab.client import Ending
from fault_lab.processes import descendants
from supervised import alive, dark, mended

from heraldlink.agent.warden import PATIENCE_S
from heraldlink.errors import HeraldlinkError

STEPS = ("ask", "offer", "add", "add_ack", "propose", "gen", "reply", "report", "verdict", "close")
VICTIMS = ("alice", "bob", "midpoint", "alice's worker", "bob's worker", "midpoint's worker")
SUPERVISORS = ("alice's supervisor", "bob's supervisor", "midpoint's supervisor")
FIRST_SUPERVISOR = ("midpoint's supervisor", "reply")
"""The one case without ``--long``: light is on, and heralds are under way."""
LATE = ("propose", "gen", "reply", "report", "verdict")
NOTICED_S, ENDED_S, RECOVERED_S = 5.0, 10.0, 10.0
WANTED = 10


def cases():
    """Every step and every victim at least once; all pairs of them with ``--long``."""
    for place, step in enumerate(STEPS):
        for number, victim in enumerate(VICTIMS):
            often = number == place % len(VICTIMS)
            yield pytest.param(victim, step, marks=() if often else pytest.mark.long)


@pytest.fixture(scope="module")
def supervised_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """The same with each node under its supervisor."""
    with Laboratory(tmp_path_factory.mktemp("up"), command="up") as laboratory:
        yield laboratory


@pytest.fixture
def up(supervised_rack: Laboratory) -> Iterator[Laboratory]:
    """Mended before and after; its history is checked."""
    yield from mended(supervised_rack)


def supervised_cases():
    """Each supervisor at each step; one of them without ``--long``."""
    for step in STEPS:
        for victim in SUPERVISORS:
            often = (victim, step) == FIRST_SUPERVISOR
            yield pytest.param(victim, step, marks=() if often else pytest.mark.long)


def endings(victim: str, step: str) -> set[str]:
    """How a request may end whose victim was killed at a step.

    Alice, who holds it, tells nothing any more. Until the midpoint has offered its parameters nobody has
    taken it; when it closes, it has ended and its client was told.
    """
    if victim == "alice":
        return {"DELIVERED", "LOST"} if step == "close" else {"LOST"}
    if step in ("ask", "offer", "add"):
        return {"REFUSED", "REJECTED", "LOST", "FAILED"}
    return {"DELIVERED"} if step == "close" else {"FAILED"}


class Kill:
    """Kills a process, once; called by a relay."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.moment: float | None = None

    def __call__(self) -> None:
        """Now."""
        if self.moment is None:
            self.moment = time.monotonic()
            os.kill(self.pid, signal.SIGKILL)


def prepared(rack: Laboratory, victim: str) -> tuple[Kill, str]:
    """Nodes that are prepared, and what kills the victim; its node."""
    with rack.client() as client:
        client.prepare()
    name, _, worker = victim.partition("'s ")
    (pid,) = rack.workers(name) if worker == "worker" else (rack.pid(name),)
    return Kill(pid), name


def struck(rack: Laboratory, step: str, kill: Kill) -> Ending:
    """A request in which somebody is killed at a step, and how it ended, in time."""
    skip = 6 if step in LATE else 0
    for relay in rack.link.values():
        relay.add(Rule("call", kind=f"link.{step}", skip=skip, count=1, called=kill))
    with rack.client() as client:
        ending = client.measure(WANTED if step == "close" else 10**5)
        ended = time.monotonic()
    wait_for(lambda: kill.moment is not None, 5, "somebody to be killed")
    assert kill.moment is not None
    assert ended - kill.moment < NOTICED_S
    wait_for(lambda: not alive(kill.pid), 5, f"process {kill.pid} to be gone")
    return ending


@pytest.mark.parametrize(("victim", "step"), [*cases()])
@fault(1, 3, 9)
def test_kill_at_a_step(rack: Laboratory, victim: str, step: str) -> None:
    """Whatever process is killed at whatever step of a request, the client is told within 5 s which node it
    was, nothing told is lost or told twice, and 10 s after the restart pairs come again."""
    kill, name = prepared(rack, victim)
    ending = struck(rack, step, kill)
    assert ending.state in endings(victim, step), ending
    assert name in ending.sentence or ending.state == "DELIVERED", ending
    assert len(ending.pairs) == WANTED or ending.state != "DELIVERED", ending
    rack.mend()
    wait_for(lambda: delivers(rack), RECOVERED_S, "pairs to come again")


@pytest.mark.parametrize(("victim", "step"), [*supervised_cases()])
@fault(2)
def test_kill_a_supervisor_at_a_step(up: Laboratory, victim: str, step: str) -> None:
    """Whichever supervisor is killed at whatever step of a request, its node's agent makes the rack safe and
    ends, the client is told within 5 s which node it was, and 10 s after the restart pairs come again."""
    kill, name = prepared(up, victim)
    others = descendants(up.pid(name))
    ending = struck(up, step, kill)
    assert ending.state in endings(name, step) | endings(victim, step), ending
    assert name in ending.sentence or ending.state == "DELIVERED", ending
    assert len(ending.pairs) == WANTED or ending.state != "DELIVERED", ending
    wait_for(lambda: not any(map(alive, others)), ENDED_S, "the agent to end")
    assert rests(up, name)
    up.restart(name)
    wait_for(lambda: delivers(up), RECOVERED_S, "pairs to come again")


def rests(rack: Laboratory, name: str) -> bool:
    """Whether nothing leaves a node's instruments, as somebody in front of them sees."""
    return dark(rack) if name == "midpoint" else int(rack.panel(f"{name}_mw", "OUTP:STAT?")) == 0


@fault(6)
def test_a_worker_that_opens_its_instruments_slowly_is_waited_for(rack: Laboratory) -> None:
    """One is hired in the place of a killed one, and has its time to open slow instruments; the node is safe
    and works again."""
    (worker,) = rack.workers("bob")
    rack.fault("bob_mw", "delay", match="*IDN?*", delay_s=2.0 * PATIENCE_S, count=1)
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: rack.strikes("bob_mw", "delay"), 20, "the slow instrument to be asked")
    (hired,) = rack.workers("bob")
    with rack.client() as client:
        wait_for(lambda: client.network["bob"].status().state == "SAFE", RECOVERED_S, "bob to be safe")
        client.prepare()
        assert client.measure(5).state == "DELIVERED"
    assert rack.workers("bob") == [hired]


def delivers(rack: Laboratory) -> bool:
    """Whether pairs come; a node that has just lost its worker may refuse meanwhile."""
    with rack.client() as client, suppress(HeraldlinkError):
        client.prepare()
        return client.measure(5).state == "DELIVERED"
    return False
