# SPDX-License-Identifier: Apache-2.0
"""kill -9 of each process at each step of a request: the end is told and named, and all go on afterwards."""

import os
import signal
import time
from contextlib import suppress

import pytest
from fault_lab import Laboratory, Rule, fault, wait_for

from heraldlink.agent.warden import PATIENCE_S
from heraldlink.errors import HeraldlinkError

STEPS = ("ask", "offer", "add", "add_ack", "propose", "gen", "reply", "report", "verdict", "close")
VICTIMS = ("alice", "bob", "midpoint", "alice's worker", "bob's worker", "midpoint's worker")
NOTICED_S, RECOVERED_S = 5.0, 10.0
WANTED = 10


def cases():
    """Every step and every victim at least once; all pairs of them with ``--long``."""
    for place, step in enumerate(STEPS):
        for number, victim in enumerate(VICTIMS):
            often = number == place % len(VICTIMS)
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


def killer(rack: Laboratory, victim: str, moments: list[float]):
    """Kills the victim, once."""
    name, _, worker = victim.partition("'s ")
    (pid,) = rack.workers(name) if worker else (rack.pid(name),)

    def kill() -> None:
        if not moments:
            moments.append(time.monotonic())
            os.kill(pid, signal.SIGKILL)

    return kill, name, pid


@pytest.mark.parametrize(("victim", "step"), [*cases()])
@fault(1, 3, 9)
def test_kill_at_a_step(rack: Laboratory, victim: str, step: str) -> None:
    """Whatever process is killed at whatever step of a request, the client is told within 5 s which node it
    was, nothing told is lost or told twice, and 10 s after the restart pairs come again."""
    moments: list[float] = []
    with rack.client() as client:
        client.prepare()
        kill, name, pid = killer(rack, victim, moments)
        skip = 6 if step in ("propose", "gen", "reply", "report", "verdict") else 0
        for relay in rack.link.values():
            relay.add(Rule("call", kind=f"link.{step}", skip=skip, count=1, called=kill))
        ending = client.measure(WANTED if step == "close" else 10**5)
        ended = time.monotonic()
    assert moments, "nobody was killed"
    wait_for(lambda: not alive(pid), 5, f"process {pid} to be gone")
    assert ended - moments[0] < NOTICED_S
    assert ending.state in endings(victim, step), ending
    assert name in ending.sentence or ending.state == "DELIVERED", ending
    assert len(ending.pairs) == WANTED or ending.state != "DELIVERED", ending
    rack.mend()
    wait_for(lambda: delivers(rack), RECOVERED_S, "pairs to come again")


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


def alive(pid: int) -> bool:
    """Whether a process runs (Linux); one that has not been waited for does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
