# SPDX-License-Identifier: Apache-2.0
"""Nodes under supervisors (``heraldlink up``) whose processes are killed, stopped, starved and doubled."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from fault_lab import Laboratory, fault, shown_to_fail, unprotected, wait_for
from fault_lab.laboratory import descendants, words_of
from supervised import BACK_S, HUB, STARTED_S, alive, dark, mended, safe_moments, settled, status

from heraldlink import safety
from heraldlink.config import find_config
from heraldlink.errors import HeraldlinkError, RequestError

DRAINED_S, WITHOUT_DRAINING_S = 15.0, 5.0


@pytest.fixture(scope="module")
def standing_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """One laboratory for this module, each node under its supervisor, one instrument isolated."""
    changes = {"alice": {"worker.isolate": ["alice_mw"]}}
    with Laboratory(tmp_path_factory.mktemp("up"), command="up", changes=changes) as laboratory:
        yield laboratory


@pytest.fixture
def up(standing_rack: Laboratory) -> Iterator[Laboratory]:
    """Mended before and after; its history is checked."""
    yield from mended(standing_rack)


def killed_agent_leaves_a_dark_rack(rack: Laboratory) -> None:
    """The scenario of row 1."""
    with rack.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(3)
        agent = status(rack, "midpoint").agent
        rack.watch(*HUB)
        assert not dark(rack)
        killed = time.monotonic()
        os.kill(agent, signal.SIGKILL)
        wait_for(lambda: safe_moments(rack, killed), 1.0, "the light to be blocked")
        assert safe_moments(rack, killed)[0] - killed < STARTED_S
        wait_for(lambda: dark(rack), 2.0, "the rack to be dark")
        ending = asked.end()
    assert ending.state == "FAILED"
    assert "midpoint" in ending.sentence


@fault(1)
def test_a_killed_agent(up: Laboratory) -> None:
    """The supervisor blocks the light within 100 ms, reads it back, and starts the agent anew, at the same
    addresses and prepared for nothing; the request FAILED and names the node."""
    before = status(up, "midpoint")
    killed_agent_leaves_a_dark_rack(up)
    moment = time.monotonic()
    after = settled(up, "midpoint")
    assert time.monotonic() - moment < BACK_S
    assert (after.restarts, after.state) == (before.restarts + 1, "SAFE")
    assert all("NOT" not in note for note in after.outcomes.values())
    with up.client() as client:
        client.prepare()
        assert client.measure(20).state == "DELIVERED"


@fault(2)
def test_a_killed_supervisor(up: Laboratory) -> None:
    """The agent sees it at once, makes the rack safe and ends; the raw list can be run by hand."""
    with up.client() as client:
        client.prepare()
    agent = status(up, "midpoint").agent
    assert not dark(up)
    up.kill("midpoint")
    wait_for(lambda: dark(up), 2.0, "the rack to be dark")
    wait_for(lambda: not alive(agent), 10.0, "the agent to end")
    command = [sys.executable, "-m", "heraldlink.cli", "safe", str(find_config("nodes/midpoint.yaml"))]
    command += ["--addresses", str(up.folder / "sim.ports.json"), "--data", str(up.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("safe, read back") == 4
    assert "hub_eos: held as it is" in done.stdout


def stopped_agent_is_replaced(rack: Laboratory) -> None:
    """The scenario of row 4."""
    with rack.client() as client:
        client.prepare()
    agent = status(rack, "midpoint").agent
    rack.watch(*HUB)
    stopped = time.monotonic()
    os.kill(agent, signal.SIGSTOP)
    try:
        wait_for(lambda: not alive(agent), 3.0, "the agent that does not move to be killed")
    finally:
        if alive(agent):
            os.kill(agent, signal.SIGCONT)
    wait_for(lambda: dark(rack), 2.0, "the rack to be dark")
    assert safe_moments(rack, stopped)[0] - stopped > 1.0


@fault(4)
def test_an_agent_that_does_not_move(up: Laboratory) -> None:
    """After 1.5 s without a step of its main loop it is killed, and nothing of it reaches an instrument any
    more; the rack is made safe and another agent started."""
    stopped_agent_is_replaced(up)
    assert settled(up, "midpoint").state == "SAFE"


@fault(5)
def test_asked_to_end_in_a_request(up: Laboratory) -> None:
    """What runs comes to its end after its slot, its client is told so with all its pairs; the rack is made
    safe, exit code 0."""
    with up.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        assert int(up.panel("alice_mw", "OUTP:STAT?")) == 1
        began = time.monotonic()
        up.processes["alice"].terminate()
        ending = asked.end()
        assert up.processes["alice"].wait(DRAINED_S) == 0
        assert time.monotonic() - began < DRAINED_S
    assert ending.state == "EXPIRED", ending
    assert "the node is asked to end" in ending.sentence
    assert ending.result is not None
    assert len(ending.pairs) == ending.result.slots[-1].delivered
    assert int(up.panel("alice_mw", "OUTP:STAT?")) == 0
    assert [int(up.panel("alice_awg", f"OUTP{number}?")) for number in (1, 2)] == [0, 0]


@fault(5)
def test_asked_to_end_twice(up: Laboratory) -> None:
    """A second signal waits for nothing: an agent that cannot obey the first one is killed at once, the raw
    list is run and read back, exit code 0; the request FAILED naming the node."""
    with up.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        agent = status(up, "midpoint").agent
        os.kill(agent, signal.SIGSTOP)  # so that it cannot obey the first signal
        assert not dark(up)
        process, said = up.processes["midpoint"], len(up.log("midpoint"))
        process.terminate()
        wait_for(lambda: status(up, "midpoint").agent == agent, 1, "the first signal to be taken")
        assert alive(agent)
        up.watch(*HUB)
        second = time.monotonic()
        process.terminate()
        assert process.wait(DRAINED_S) == 0
        assert time.monotonic() - second < WITHOUT_DRAINING_S
        assert not alive(agent)
        assert safe_moments(up, second)[0] - second < STARTED_S
        assert dark(up)
        ending = asked.end()
    assert "safe state, raw" in up.log("midpoint")[said:]
    assert ending.state == "FAILED", ending
    assert "midpoint" in ending.sentence


@fault(6)
def test_a_worker_that_hangs(up: Laboratory) -> None:
    """It is killed, its instruments are made safe raw, and another takes its place; the agent never stopped
    answering and the request names the node."""
    with up.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        agent = status(up, "midpoint").agent
        (worker,) = up.workers("midpoint")
        os.kill(worker, signal.SIGSTOP)
        ending = asked.end()
        assert client.network["midpoint"].status().node == "midpoint"
    assert ending.state == "FAILED"
    assert "midpoint" in ending.sentence
    wait_for(lambda: not alive(worker), 8.0, "the worker to be killed")
    wait_for(lambda: dark(up), 5.0, "the rack to be dark")
    assert settled(up, "midpoint").agent == agent


def isolated(rack: Laboratory) -> list[int]:
    """Process ids of alice's isolated instruments."""
    found = descendants(rack.pid("alice"))
    return [pid for pid in found if "heraldlink.agent.isolated_process" in words_of(pid)]


@fault(6)
def test_an_isolated_instrument_that_hangs(up: Laboratory) -> None:
    """Only its own process is killed and it is made safe raw, after which the node is SAFE; the worker with
    all other instruments goes on."""
    with up.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        (process,), (worker,) = isolated(up), up.workers("alice")
        os.kill(process, signal.SIGSTOP)
        ending = asked.end()
    assert ending.state == "FAILED"
    assert "alice_mw" in ending.sentence
    wait_for(lambda: not alive(process), 8.0, "the process to be killed")
    found = settled(up, "alice")
    assert found.state == "SAFE"
    assert found.outcomes["alice_mw"] == "safe, read back"
    assert up.workers("alice") == [worker]
    with up.client() as client:
        client.prepare()
        assert client.measure(10).state == "DELIVERED"


@fault(6)
def test_an_isolated_instrument_that_hangs_while_it_is_only_read(up: Laboratory) -> None:
    """Nobody asks for pairs, a client reads a parameter: the instrument's process is killed, and the node is
    SAFE and prepared for nothing, though the order that failed was only a reading."""
    with up.client() as client:
        client.prepare()
        (process,) = isolated(up)
        os.kill(process, signal.SIGSTOP)
        with pytest.raises(HeraldlinkError, match="alice_mw: its process did not finish"):
            client.network["alice"].read("alice_mw", "frequency")
        wait_for(lambda: not client.network["alice"].status().prepared, 5.0, "the node to notice")
    wait_for(lambda: not alive(process), 8.0, "the process to be killed")
    found = settled(up, "alice")
    assert (found.state, found.outcomes["alice_mw"]) == ("SAFE", "safe, read back")


@fault(7)
def test_a_worker_that_dies_again_and_again(up: Laboratory) -> None:
    """Another takes its place three times; then the node is in FAULT, its rack safe, and takes nothing until
    somebody clears it."""
    deaths = 0
    while (found := status(up, "alice")).state != "FAULT":
        for worker in up.workers("alice"):
            os.kill(worker, signal.SIGKILL)
            wait_for(lambda pid=worker: not alive(pid), 5.0, "the worker to be gone")
            deaths += 1
        wait_for(
            lambda: up.workers("alice") or status(up, "alice").state == "FAULT",
            5.0,
            "another worker, or FAULT",
        )
    assert deaths == 4
    assert "too often" in found.reason
    assert not up.workers("alice")
    with up.client() as client:
        with pytest.raises(RequestError, match="heraldlink clear alice"):
            client.network["alice"].prepare()
        assert safety.clear(client.network, "alice", "a test is over").ok
        client.prepare()
        assert client.measure(10).state == "DELIVERED"


@fault(13)
def test_an_agent_that_dies_again_and_again(up: Laboratory) -> None:
    """It is started three times with growing pauses; then the node stays down in FAULT, its rack safe, and
    its supervisor answers; clearing starts it."""
    settled(up, "bob")
    while (found := status(up, "bob")).state != "FAULT":
        if found.agent:
            os.kill(found.agent, signal.SIGKILL)
            wait_for(lambda: status(up, "bob").agent != found.agent, 5.0, "the agent to be gone")
    assert "times within" in found.reason
    assert all("NOT" not in note for note in found.outcomes.values())
    assert found.agent == 0
    assert settled(up, "bob").state == "SAFE"


@fault(14)
def test_a_node_started_twice(up: Laboratory) -> None:
    """The second one ends with exit code 4 and names the process that runs; the first one never notices."""
    before = status(up, "bob")
    up.watch("bob_awg", "bob_tc")
    moment = time.monotonic()
    for how in ("up", "safe"):
        command = [sys.executable, "-m", "heraldlink.cli", how, str(find_config("nodes/bob.yaml"))]
        command += ["--addresses", str(up.folder / "sim.ports.json"), "--data", str(up.data)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert done.returncode == 4, done.stderr
        assert str(up.pid("bob")) in done.stderr
    assert not up.wire_log(moment)
    assert status(up, "bob").agent == before.agent


@fault(55)
def test_an_emergency_stop(up: Laboratory) -> None:
    """Anybody may: no lease is needed and no queue waited in; the rack is dark and read back, the node in
    FAULT until somebody clears it with a reason."""
    with up.client() as owner, up.client() as other, owner.network["midpoint"].lease(note="mine"):
        owner.prepare()
        assert not dark(up)
        up.watch(*HUB)
        moment = time.monotonic()
        secured = safety.stop(other.network, "midpoint", "smoke")
        assert secured.ok
        assert dark(up)
        assert safe_moments(up, moment)[0] - moment < STARTED_S
        assert secured.state == "FAULT"
        with pytest.raises(RequestError, match="smoke"):
            owner.network["midpoint"].prepare()
        with pytest.raises(RequestError, match="reason"):
            safety.clear(other.network, "midpoint", " ")
        assert safety.clear(other.network, "midpoint", "it was toast").state == "SAFE"
        with pytest.raises(RequestError, match="not in FAULT"):
            safety.clear(other.network, "midpoint", "again")


@fault(62)
def test_an_interlock_that_opens(up: Laboratory) -> None:
    """The slot is not counted, the request FAILED and names the laser; the rack is made safe and the node
    stays in FAULT, also when the interlock is closed again, until somebody clears it."""
    with up.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        up.fault("hub_pump", "interlock")
        ending = asked.end()
    assert float(up.panel("hub_pump", "SYST:LOCK?")) == 1
    assert ending.state == "FAILED"
    assert "hub_pump: its interlock is open" in ending.sentence
    wait_for(lambda: dark(up), 3.0, "the rack to be dark")
    up.heal()
    with up.client() as client:
        wait_for(lambda: safety.status(client.network, "midpoint").state == "FAULT", 5.0, "FAULT")
        with pytest.raises(RequestError, match="interlock"):
            client.network["midpoint"].prepare()
        assert safety.clear(client.network, "midpoint", "the door is shut").state == "SAFE"
        client.prepare()
        assert client.measure(10).state == "DELIVERED"


@fault(68, 69)
@pytest.mark.parametrize("kind", ["reset", "refuse"])
def test_an_instrument_that_loses_power_or_is_unplugged(up: Laboratory, kind: str) -> None:
    """The request FAILED and names it, and nothing is restored blindly: its settings come back only when
    somebody prepares the node again."""
    with up.client() as client:
        client.prepare()
        before = float(up.panel("bob_mw", "SOUR:FREQ?"))
        asked = client.start()
        asked.slots(2)
        up.fault("bob_mw", kind)
        ending = asked.end()
        assert up.strikes("bob_mw")
        assert ending.state == "FAILED"
        assert "bob_mw" in ending.sentence
        up.heal()
        settled(up, "bob")
        assert not client.network["bob"].status().prepared
        assert int(up.panel("bob_mw", "OUTP:STAT?")) == 0
        if kind == "reset":
            assert float(up.panel("bob_mw", "SOUR:FREQ?")) != before
        client.prepare()
        assert float(up.panel("bob_mw", "SOUR:FREQ?")) == before
        assert client.measure(10).state == "DELIVERED"


@fault(67)
def test_an_instrument_that_does_not_obey(up: Laboratory) -> None:
    """All others are made safe; it is named as NOT VERIFIED, and the node is in FAULT."""
    with up.client() as client:
        client.prepare()
    up.fault("hub_voa", "refuse")
    try:
        os.kill(status(up, "midpoint").agent, signal.SIGKILL)
        wait_for(lambda: status(up, "midpoint").state == "FAULT", 10.0, "FAULT")
        assert up.strikes("hub_voa")
    finally:
        up.heal()
    found = status(up, "midpoint")
    assert "hub_voa: NOT VERIFIED" in found.reason
    assert [name for name, note in found.outcomes.items() if "NOT" in note] == ["hub_voa"]
    assert float(up.panel("hub_pump", "POW:SHUT?")) == 1
    assert settled(up, "midpoint").state == "SAFE"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """A laboratory whose midpoint has a supervisor that neither watches nor makes anything safe."""
    without = {"midpoint": "raw_safe_list,progress_watch"}
    with Laboratory(tmp_path_factory.mktemp("bare"), command="up", without=without) as laboratory:
        yield laboratory


@unprotected(4, "the watch over the agent's progress")
def test_an_agent_that_does_not_move_stays_without_the_watch(bare: Laboratory) -> None:
    """Shown to fail."""
    shown_to_fail(stopped_agent_is_replaced, bare, "does not move", 40.0)


@unprotected(1, "the raw safe list")
def test_a_killed_agent_leaves_light_without_the_raw_list(bare: Laboratory) -> None:
    """Shown to fail."""
    shown_to_fail(killed_agent_leaves_a_dark_rack, bare, "light to be blocked", 40.0)
