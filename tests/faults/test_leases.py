# SPDX-License-Identifier: Apache-2.0
"""Clients that vanish, sleep, compete and ask twice; orders that come too late."""

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest
from fault_lab import Laboratory, Rule, fault, shown_to_fail, unprotected, wait_for

from heraldlink import connection
from heraldlink.agent.vitals import CLOCK_STEP, ClockStepFact
from heraldlink.client import Network, Node
from heraldlink.errors import Leased, LeaseLost, RequestError
from heraldlink.journal import journal_file
from heraldlink.messages.command import Done, Err, Prepare
from heraldlink.messages.lease import AcquireLease, LeaseStatus, Reading

TTL_S = 3.0
SHUTTER, OPEN, CLOSED = ("hub_pump", "POW:SHUT?"), 0, 1


@contextmanager
def owner(rack: Laboratory, how: str) -> Iterator["subprocess.Popen[str]"]:
    """A client in a process of its own that holds the leases of all nodes."""
    script = str(Path(__file__).with_name("lease_owner.py"))
    addresses = json.dumps(rack.addresses)
    process = subprocess.Popen(
        [sys.executable, script, addresses, str(TTL_S), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield process
    finally:
        process.kill()
        process.communicate()


def shutter(rack: Laboratory) -> int:
    """The pump laser's shutter at its own front panel."""
    return int(rack.panel(*SHUTTER))


def sets(rack: Laboratory, instrument: str, words: str) -> int:
    """How often a setting reached an instrument since it is watched."""
    heard = [message for _, name, message in rack.wire_log() if name == instrument]
    return sum(words in message and "?" not in message for message in heard)


@fault(26)
def test_an_order_after_its_deadline_is_not_done(rack: Laboratory) -> None:
    """An order that was under way for longer than its deadline is EXPIRED and reaches no instrument."""
    expired_order(rack)


def expired_order(rack: Laboratory) -> None:
    with rack.client(relayed=True) as client, pytest.MonkeyPatch.context() as patch:
        client.network["alice"].park()
        patch.setattr(connection, "DEADLINE_S", 0.3)
        late = rack.command["alice"].add(Rule("delay", kind="prepare", way="up", delay_s=0.6))
        rack.watch("alice_mw")
        said = refusal_of(client.network["alice"].prepare)
        assert late.struck
        assert "after its deadline and was not done" in said, "it was done, though late"
        assert sets(rack, "alice_mw", "FREQ") == 0
        assert not client.network["alice"].status().prepared


def refusal_of(order: Callable[[], object]) -> str:
    """The sentence with which an order is refused, empty if it is done."""
    try:
        order()
    except RequestError as error:
        return str(error)
    return ""


@fault(27)
def test_a_command_whose_answer_is_lost_is_done_once(rack: Laboratory) -> None:
    """The client asks again under the same request id and gets the stored answer; it was done once."""
    lost_answer(rack)


def lost_answer(rack: Laboratory) -> None:
    with rack.client(relayed=True) as client:
        node = client.network["alice"]
        node.park()
        lost = rack.command["alice"].add(Rule("drop", kind="done", way="down", count=1))
        before = len(rack.command["alice"].seen("prepare", "up"))
        rack.watch("alice_mw")
        notes = node.prepare()
        assert lost.struck
        assert len(rack.command["alice"].seen("prepare", "up")) - before == 2
        assert notes["alice_mw"] == "prepared"
        once = sets(rack, "alice_mw", "FREQ")
        rack.watch("alice_mw")
        node.prepare()
        assert sets(rack, "alice_mw", "FREQ") > 0
        assert once == sets(rack, "alice_mw", "FREQ"), "it was done more than once"


@fault(27)
def test_an_end_that_is_lost_is_told_again(rack: Laboratory) -> None:
    """A client that hears nothing of its request asks for it again under the same id and is told its end."""
    with rack.client(relayed=True) as client:
        client.prepare()
        lost = rack.command["alice"].add(Rule("drop", kind="finished", way="down", count=1))
        asked = client.start(10)
        ending = asked.end()
        assert lost.struck
        assert (ending.state, len(ending.pairs)) == ("DELIVERED", 10)
        assert len(rack.command["alice"].seen("create", "up")) == 2


@fault(46)
def test_an_id_used_again_gets_its_old_answer_or_none(rack: Laboratory) -> None:
    """The same order again: the stored answer. Another order under the same id: ID_REUSED."""
    with rack.client() as client:
        mine = client.network["alice"].connection
        request_id = mine.post(AcquireLease("first", 5.0))
        first = mine.next(request_id).body
        assert isinstance(first, LeaseStatus)
        assert again(client.network, request_id, AcquireLease("first", 5.0)) == first
        other = again(client.network, request_id, AcquireLease("second", 5.0))
        assert isinstance(other, Err)
        assert other.code == "ID_REUSED"
        client.network["alice"].free("the test is over")


def again(network: Network, request_id: int, body: AcquireLease | Prepare, lease: int = 0) -> object:
    """The answer to a command that is sent under an id that was used before."""
    mine = network["alice"].connection
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "new_id", lambda: request_id)
        mine.post(body, lease)
    return mine.next(request_id).body


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


def is_safe(node: Node) -> bool:
    """Whether it says so."""
    return node.status().state == "SAFE"


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


@fault(89)
def test_an_interrupted_call_leaves_nothing_wedged(rack: Laboratory) -> None:
    """After Ctrl-C in the middle of a call the same client's next call is answered, with its own answer."""
    with rack.client() as client:
        client.network["alice"].park()
        rack.fault("alice_mw", "delay", delay_s=0.4, match="*FREQ*")
        with owner(rack, "interrupt") as process:
            wait_for(lambda: rack.strikes("alice_mw", "delay"), 5, "the slow instrument to be asked")
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=20)
            assert said.strip() == "then alice, interrupt"
        rack.heal()
        client.prepare()
        assert client.measure(10).state == "DELIVERED"


def test_a_command_begun_before_a_crash_is_not_repeated(rack: Laboratory) -> None:
    with rack.client() as client:
        client.network["alice"].park()
        rack.fault("alice_mw", "hang", match="*FREQ*")
        mine = client.network["alice"].connection
        request_id = mine.post(Prepare())
        wait_for(lambda: rack.strikes("alice_mw", "hang"), 5, "the hanging instrument to be asked")
        rack.kill("alice")
        rack.heal()
        rack.restart("alice")
        with rack.client() as fresh:
            rack.watch("alice_mw")
            answer = again(fresh.network, request_id, Prepare())
            assert isinstance(answer, Err)
            assert answer.code == "INDETERMINATE"
            assert float(answer.facts["alice_mw frequency_Hz"]) > 0
            assert sets(rack, "alice_mw", "FREQ") == 0
            fresh.prepare()


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
        pytest.param(expired_order, "done, though late", marks=unprotected(26, "deadlines")),
        pytest.param(lost_answer, "more than once", marks=unprotected(27, "repetition")),
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
        unguarded.client() as client,
        client.network["bob"].lease(note="clock", ttl=TTL_S) as held,
        pytest.MonkeyPatch.context() as patch,
    ):
        for hours in (1, -1):
            unguarded.processes["bob"].send_signal(signal.SIGUSR2)
            wait_for(
                lambda hours=hours: abs(wall_clock(unguarded) - time.time() - hours * 3600) < 60, 5, "a jump"
            )
            given = client.network["bob"].lease_status()
            assert (given.held, given.yours, given.epoch) == (True, True, held.epoch)
            assert client.network["bob"].park()
        wait_for(lambda: clock_steps(unguarded) == [3600, -7200], 5, "the jumps to be journalled")
        real_s, real_ns = time.time, time.time_ns
        patch.setattr(time, "time", lambda: real_s() - 3600)
        patch.setattr(time, "time_ns", lambda: real_ns() - 3600 * 10**9)
        confirmed = time.monotonic() + TTL_S
        wait_for(lambda: time.monotonic() > confirmed, 2 * TTL_S, "more than a ttl to pass")
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


def test_threads_that_share_a_node_get_their_own_answers(rack: Laboratory) -> None:
    parameters = [
        (name, "identity") for name in ("hub_pump", "hub_readout_pump", "hub_voa", "hub_eos", "hub_tc")
    ]
    parameters += [
        ("hub_pump", "wavelength"),
        ("hub_readout_pump", "wavelength"),
        ("hub_voa", "ch1_attenuation"),
    ]
    with rack.client() as client:
        client.prepare()
        node = client.network["midpoint"]
        expected = {each: node.read(*each).value for each in parameters}
        assert len(set(expected.values())) == len(parameters)
        wrong: list[Reading] = []

        def work(number: int) -> None:
            for turn in range(30):
                wanted = parameters[(number + turn) % len(parameters)]
                found = node.read(*wanted)
                if (found.instrument, found.parameter, found.value) != (*wanted, expected[wanted]):
                    wrong.append(found)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
        assert not wrong


@pytest.mark.parametrize(
    ("instrument", "parameter", "words"),
    [
        ("hub_pump", "__class__", "it has identity, wavelength, power"),
        ("nobody", "power", "there are hub_pump"),
    ],
)
def test_only_what_is_listed_can_be_read(
    rack: Laboratory, instrument: str, parameter: str, words: str
) -> None:
    with rack.client() as client, pytest.raises(RequestError, match=words):
        client.network["midpoint"].read(instrument, parameter)


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
