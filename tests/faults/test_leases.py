# SPDX-License-Identifier: Apache-2.0
"""Leases whose owners vanish, sleep, compete, are overruled or outlive the node."""

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec
import pytest
import test_order_faults as orders
from fault_lab import Laboratory, fault, shown_to_fail, unprotected, wait_for
from owners import CLOSED, OPEN, TTL_S, is_safe, owner, sets, shutter

from heraldlink.agent.vitals import CLOCK_STEP, ClockStepFact
from heraldlink.errors import Leased, LeaseLost
from heraldlink.journal import journal_file
from heraldlink.messages.command import Done, Err, Prepare
from heraldlink.messages.lease import AcquireLease, LeaseStatus


@fault(49)
def test_an_owner_that_vanishes_leaves_the_nodes_safe(rack: Laboratory) -> None:
    """All nodes of the lease are safe, the pump blocked, by its expiry + 1 s; its request has ended."""
    vanished_owner(rack)


def vanished_owner(rack: Laboratory) -> None:
    with owner(rack, "hold") as process, rack.client() as client:
        rack.watch("hub_pump")
        assert shutter(rack) == OPEN
        process.kill()
        killed = time.monotonic()
        wait_for(lambda: shutter(rack) == CLOSED, TTL_S + 1.5, "the pump to be blocked")
        moments = [clock for clock, _, message in rack.wire_log(killed) if "SHUT 1" in message]
        assert moments
        assert moments[0] - killed < TTL_S + 1.0
        for node in client.network:
            wait_for(partial(is_safe, node), 2, f"{node.name} to be safe")
            assert not node.lease_status().held, f"{node.name} is still leased"


@fault(50)
def test_of_two_that_ask_at_once_one_gets_the_lease(rack: Laboratory) -> None:
    """One gets it; the other is told who holds it, what for and how long still."""
    contested(rack)


def contested(rack: Laboratory) -> None:
    start, got, refused = threading.Barrier(8), [], []

    def ask(number: int) -> None:
        with rack.client(f"rival{number}") as client:
            start.wait()
            try:
                with client.network["alice"].lease(note=f"run {number}", ttl=TTL_S) as held:
                    got.append(held.epoch)
                    start.wait()
            except Leased as error:
                refused.append(str(error))
                start.wait()

    rivals = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join(30)
    assert len(got) == 1, f"{len(got)} got it"
    assert len(refused) == 7
    assert all("is leased to local (run " in sentence and "s left" in sentence for sentence in refused)


@fault(51)
def test_an_owner_that_slept_reaches_nothing(rack: Laboratory) -> None:
    """An owner stopped beyond its ttl is refused, by itself and by the node; no instrument hears of it."""
    slept(rack)


def slept(rack: Laboratory) -> None:
    with owner(rack, "again") as process, rack.client() as client:
        epoch = client.network["alice"].lease_status().epoch
        process.send_signal(signal.SIGSTOP)
        wait_for(lambda: not client.network["alice"].lease_status().held, TTL_S + 1, "the lease to end")
        wait_for(lambda: client.network["alice"].status().state == "SAFE", 2, "alice to be safe")
        rack.watch("alice_mw")
        process.send_signal(signal.SIGCONT)
        said, _ = process.communicate("go\n", timeout=20)
        stale = client.network["alice"].connection.ask(Prepare(), epoch).body
        assert sets(rack, "alice_mw", "FREQ") == 0
        assert said.startswith("LeaseLost: ")
        assert isinstance(stale, Err)
        assert stale.code == "STALE_LEASE"
        assert stale.facts == {"epoch": str(epoch)}


@fault(52)
def test_leases_do_not_outlive_the_node(rack: Laboratory) -> None:
    """After a restart the old lease is void, its owner is told to take it anew, epochs go on upwards."""
    with rack.client() as client, client.network["alice"].lease(note="before", ttl=TTL_S) as held:
        before, token = held.epoch, client.network["alice"].token
        rack.kill("alice")
        rack.restart("alice")
    with rack.client() as client:
        client.network["alice"].borrow(token)
        with pytest.raises(LeaseLost, match=f"the last one given is {before}"):
            client.network["alice"].prepare()
    with rack.client() as client, client.network["alice"].lease(note="after") as anew:
        assert anew.epoch == before + 1


@fault(53)
def test_a_lease_is_taken_over_with_notice(rack: Laboratory) -> None:
    """The owner is told, its request ends at a slot's border, the reason is journalled, the node is safe."""
    with (
        rack.client() as client,
        rack.client("engineer") as engineer,
        client.network["alice"].lease(note="night run", ttl=5.0) as held,
    ):
        mine, other, before = client.network["alice"], engineer.network["alice"], held.epoch
        client.prepare()
        asked = client.start()
        asked.slots(3)
        begun = time.monotonic()
        with other.lease(note="repair", steal="the cryostat warms up") as anew:
            assert 3.0 <= time.monotonic() - begun < 6.0
            assert anew.epoch == before + 1
            ending = asked.end()
            assert ending.state == "EXPIRED"
            assert "taken over by local: the cryostat warms up" in ending.sentence
            assert "takes the lease of node alice over" in held.notice
            wait_for(lambda: other.status().state == "SAFE", 2, "alice to be safe")
            with pytest.raises(LeaseLost):
                mine.prepare()


@fault(56)
def test_two_who_want_all_nodes_never_block_each_other(rack: Laboratory) -> None:
    """Leases of several nodes are taken in one order, all or none: both get all of them in turn."""
    turns: list[str] = []
    inside = threading.Lock()

    def run(name: str) -> None:
        with rack.client(name) as client:
            for _ in range(4):
                with client.network.lease(note=name, ttl=TTL_S, wait=30):
                    assert inside.acquire(blocking=False), "two hold the leases of all nodes"
                    turns.append(name)
                    inside.release()

    rivals = [threading.Thread(target=run, args=(name,)) for name in ("first", "second")]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join(40)
    assert sorted(turns) == ["first"] * 4 + ["second"] * 4


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """A laboratory whose nodes lack what protects them."""
    without = {
        "alice": "deadlines,repetition,expiry,exclusion",
        "bob": "lease_check,steady_wall_clock",
        "midpoint": "lease_check,fence",
    }
    with Laboratory(tmp_path_factory.mktemp("unguarded"), without=without) as laboratory:
        yield laboratory


@pytest.mark.parametrize(
    ("scenario", "because"),
    [
        pytest.param(orders.expired_order, "done, though late", marks=unprotected(26, "deadlines")),
        pytest.param(orders.lost_answer, "more than once", marks=unprotected(27, "repetition")),
        pytest.param(contested, "8 got it", marks=unprotected(50, "exclusion")),
        pytest.param(vanished_owner, "alice to be safe", marks=unprotected(49, "expiry")),
    ],
)
def test_without_its_protection_it_fails(
    unguarded: Laboratory, scenario: Callable[[Laboratory], None], because: str
) -> None:
    unguarded.mend()
    shown_to_fail(scenario, unguarded, because=because)


def stale_orders(rack: Laboratory, name: str) -> object:
    """The answer to an order under a lease that is over."""
    with rack.client() as client:
        mine = client.network[name].connection
        given = mine.ask(AcquireLease("to lapse", TTL_S)).body
        assert isinstance(given, LeaseStatus)
        wait_for(lambda: not client.network[name].lease_status().held, TTL_S + 1, "the lease to end")
        wait_for(lambda: is_safe(client.network[name]), 5, "the node to be safe")
        rack.watch("bob_mw", "hub_pump")
        return mine.ask(Prepare(), given.epoch).body


@fault(51)
def test_the_worker_refuses_what_the_agent_lets_through(unguarded: Laboratory) -> None:
    """Where the agent fails to check the epoch, the process that holds the instruments refuses it."""
    refusal = stale_orders(unguarded, "bob")
    assert isinstance(refusal, Err)
    assert "order 'prepare' came under lease" in refusal.reason
    assert sets(unguarded, "bob_mw", "FREQ") == 0


@unprotected(51, "fence")
def test_without_check_and_fence_a_stale_order_is_done(unguarded: Laboratory) -> None:
    assert isinstance(stale_orders(unguarded, "midpoint"), Done)
    assert sets(unguarded, "hub_pump", "WAV") > 0


@fault(54)
def test_a_wall_clock_that_jumps_ends_no_lease_and_no_order(unguarded: Laboratory) -> None:
    """The node's wall clock, and then the client's, jump by an hour: leases and deadlines go on as before,
    and each jump of the node's is in its journal, between the rows before and after it."""
    with (
        unguarded.client(relayed=True) as client,
        client.network["bob"].lease(note="clock", ttl=TTL_S) as held,
        pytest.MonkeyPatch.context() as patch,
    ):
        for hours, steps in ((1, [3600]), (-1, [3600, -7200])):
            unguarded.processes["bob"].send_signal(signal.SIGUSR2)
            wait_for(
                lambda hours=hours: abs(wall_clock(unguarded) - time.time() - hours * 3600) < 60, 5, "a jump"
            )
            given = client.network["bob"].lease_status()
            assert (given.held, given.yours, given.epoch) == (True, True, held.epoch)
            assert client.network["bob"].park()
            wait_for(lambda steps=steps: clock_steps(unguarded) == steps, 5, "the jump to be journalled")
        real_s, real_ns = time.time, time.time_ns
        patch.setattr(time, "time", lambda: real_s() - 3600)
        patch.setattr(time, "time_ns", lambda: real_ns() - 3600 * 10**9)
        jumped, relay = time.monotonic(), unguarded.command["bob"]
        wait_for(
            lambda: any(renewal.clock_s > jumped + TTL_S for renewal in relay.seen("renew_lease", "up")),
            3 * TTL_S,
            "a renewal that comes a ttl after the client's clock was set",
        )
        assert held.epoch == given.epoch
        assert client.network["bob"].park()


def clock_steps(rack: Laboratory) -> list[int]:
    """By how much bob's wall clock was set, in whole seconds, as his journal says."""
    path = journal_file(rack.data, "bob")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
        rows = database.execute("SELECT payload FROM journal WHERE kind = ? ORDER BY seq", (CLOCK_STEP,))
        return [round(msgspec.msgpack.decode(payload, type=ClockStepFact).step_s) for (payload,) in rows]


def wall_clock(rack: Laboratory) -> float:
    """What bob's process said last of its wall clock."""
    said = [line for line in rack.log("bob").splitlines() if line.startswith("wall clock stands at")]
    return float(said[-1].rsplit(" ", 1)[1]) if said else 0.0


def test_the_command_line_takes_shows_and_releases(rack: Laboratory) -> None:
    ports = rack.folder / "network.json"
    ports.write_text(json.dumps(rack.addresses))
    show = f"{sys.executable} -m heraldlink.cli lease show alice --json --network {ports}"
    inside = lease_command(ports, "take", "alice", "--note", "by hand", "--", *show.split())
    assert json.loads(inside.stdout)["alice"]["note"] == "by hand"
    assert "alice: free" in lease_command(ports, "show", "alice").stdout
    with rack.client() as client, client.network["alice"].lease(note="night run", ttl=TTL_S):
        refused = lease_command(ports, "take", "alice", "--", "true")
        assert refused.returncode == 2
        assert "leased to local (night run)" in refused.stderr
        assert "alice: free" in lease_command(ports, "release", "alice", "--reason", "smoke").stdout
        assert not client.network["alice"].lease_status().held


def lease_command(ports: Path, verb: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """heraldlink lease VERB."""
    command = [sys.executable, "-m", "heraldlink.cli", "lease", verb, "--network", str(ports), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)
