# SPDX-License-Identifier: Apache-2.0
"""What must not keep a supervisor from making its rack safe: strangers, floods of orders, its own end."""

import json
import os
import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import zmq
from fault_lab import Laboratory, check, wait_for
from fault_lab.laboratory import descendants
from supervised import STARTED_S, safe_moments

from heraldlink import safety
from heraldlink.messages.command import Err
from heraldlink.messages.header import VERSION, Header, Message, decode, encode, kind_of, new_id
from heraldlink.messages.record import RECORD_TYPES
from heraldlink.messages.safety import SAFETY_TYPES, Abort, Clear, GetSafety, SafetyStatus, Stop
from heraldlink.transport import Dealer

BACK_S = 20.0
ORDERS = 600


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """One laboratory for this module, each node under its supervisor."""
    with Laboratory(tmp_path_factory.mktemp("up"), command="up") as laboratory:
        yield laboratory
        check(laboratory)


def status(lab: Laboratory) -> SafetyStatus:
    """What the midpoint's supervisor says."""
    with lab.client() as client:
        return safety.status(client.network, "midpoint")


def well(lab: Laboratory) -> SafetyStatus:
    """Wait until the midpoint's agent lives and its node is safe; a fault is cleared."""

    def quiet() -> bool:
        found = status(lab)
        if found.state == "FAULT":
            with lab.client() as client:
                safety.clear(client.network, "midpoint", "a test is over")
        return found.age_s >= 0 and found.state in ("SAFE", "IDLE")

    wait_for(quiet, BACK_S, "the midpoint to be well")
    return status(lab)


def dark(lab: Laboratory) -> bool:
    """Whether no light can leave the hub, as somebody in front of its instruments sees."""
    lasers = [lab.panel(name, "POW:SHUT?").strip() for name in ("hub_pump", "hub_readout_pump")]
    channels = [lab.panel("hub_voa", f"OUTP{number}?").strip() for number in range(1, 5)]
    return all(float(one) == 1 for one in lasers) and not any(float(one) for one in channels)


def prepare(lab: Laboratory) -> None:
    with lab.client() as client:
        client.prepare()
    assert not dark(lab)


def files_of(pid: int) -> int:
    """Open files of a process's main thread."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_strangers_who_use_up_all_open_files_do_not_keep_the_rack_in_light(up: Laboratory) -> None:
    """Silent connections to the safety channel, as many as the supervisor may have files: the light is
    blocked all the same when the agent dies, and the agent is back when they have been shut out."""
    well(up)
    prepare(up)
    supervisor, agent = up.pid("midpoint"), status(up).agent
    host, _, port = up.addresses["midpoint.safety"].removeprefix("tcp://").rpartition(":")
    before, said = resource.prlimit(supervisor, resource.RLIMIT_NOFILE), len(up.log("midpoint"))
    most = files_of(supervisor) + 20
    resource.prlimit(supervisor, resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        with ExitStack() as strangers:
            for _ in range(80):
                strangers.enter_context(socket.create_connection((host, int(port)), 5))
            wait_for(lambda: files_of(supervisor) >= most, 2.5, "the supervisor to have no file left")
            os.kill(agent, signal.SIGKILL)
            wait_for(lambda: dark(up), 2.5, "the rack to be dark")
        assert up.running("midpoint")
    finally:
        resource.prlimit(supervisor, resource.RLIMIT_NOFILE, before)
    assert well(up).agent != agent
    assert "safe, read back" in up.log("midpoint")[said:]
    assert "NOT VERIFIED" not in up.log("midpoint")[said:]
    assert "processes may still hold" not in up.log("midpoint")[said:]


def test_a_flood_of_whole_orders_kills_no_healthy_agent(up: Laboratory) -> None:
    """Abort, stop and clear by turns, hundreds at once: each is answered, and the agent is the same."""
    before = well(up)
    prepare(up)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    dealer = Dealer(context, up.addresses["midpoint.safety"], "safety", node="midpoint")
    open_ids = set[int]()
    orders = (Abort("flood"), Stop("flood"), Clear("flood"))
    for number in range(ORDERS):
        body, request_id = orders[number % 3], new_id()
        open_ids.add(request_id)
        frames = encode(Message(Header(VERSION, kind_of(type(body)), request_id, 0, 1), body))
        dealer.send_or_raise(frames, "midpoint", 5.0)
    until = time.monotonic() + BACK_S
    while open_ids:
        answer = dealer.receive(max(0.0, until - time.monotonic()))
        assert answer is not None, f"{len(open_ids)} of {ORDERS} orders were not answered"
        open_ids.remove(decode(answer, SAFETY_TYPES).header.request_id)
    dealer.close()
    context.destroy(linger=0)
    assert dark(up)
    after = well(up)
    assert (after.agent, after.restarts) == (before.agent, before.restarts)


@pytest.mark.parametrize("channel", ["safety", "record"])
def test_a_refusal_names_the_question_and_the_code(up: Laboratory, channel: str) -> None:
    """A message of another version is answered with VERSION under its own id; malformed ones with theirs."""
    types = SAFETY_TYPES if channel == "safety" else RECORD_TYPES
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    dealer = Dealer(context, up.addresses[f"midpoint.{channel}"], "safety", node="midpoint")
    newer = encode(Message(Header(VERSION + 1, "get_safety", 77, 0, 1), GetSafety()))
    unknown = encode(Message(Header(VERSION, "nonsense", 78, 0, 1), GetSafety()))
    crowd = [*encode(Message(Header(VERSION, "get_safety", 79, 0, 1), GetSafety())), *[b""] * 70]
    found: dict[int, str] = {}
    for frames in (newer, unknown, crowd):
        dealer.send_or_raise(frames, "midpoint", 5.0)
        answer = dealer.receive(5.0)
        assert answer is not None
        message = decode(answer, types)
        assert isinstance(message.body, Err)
        found[message.header.request_id] = message.body.code
    dealer.close()
    context.destroy(linger=0)
    assert found == {77: "VERSION", 78: "BAD_REQUEST", 79: "TOO_LARGE"}


def test_a_fault_that_only_the_supervisor_knows_of_outlives_it(up: Laboratory) -> None:
    """Another supervisor makes the rack safe and starts no agent before somebody clears the fault."""
    well(up)
    prepare(up)
    up.fault("hub_voa", "refuse")
    try:
        os.kill(status(up).agent, signal.SIGKILL)
        wait_for(lambda: status(up).state == "FAULT", 10.0, "FAULT")
    finally:
        up.heal()
    up.kill("midpoint")
    up.restart("midpoint")
    wait_for(lambda: dark(up), 5.0, "the rack to be dark")
    wait_for(lambda: status(up).state == "FAULT", 5.0, "FAULT")
    found = status(up)
    assert found.agent == 0
    assert "hub_voa: NOT VERIFIED" in found.reason
    with up.client() as client:
        assert safety.clear(client.network, "midpoint", "it is plugged in again").ok
    ports = up.folder / "midpoint.ports.json"
    wait_for(lambda: "midpoint" in json.loads(ports.read_text()), BACK_S, "the agent to listen")
    up.addresses |= json.loads(ports.read_text())
    for relay in up.link.values():
        relay.retarget(up.addresses["midpoint.link"])
    assert well(up).state == "SAFE"


def test_a_supervisor_that_dies_while_it_helps_does_not_leave_the_agent_waiting(up: Laboratory) -> None:
    """The agent has its instruments made safe by a worker of its own, and ends."""
    well(up)
    prepare(up)
    agent = status(up).agent
    (worker,) = up.workers("midpoint")
    up.fault("hub_voa", "hang")  # the raw list takes its 2 s
    try:
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: up.strikes("hub_voa", "hang"), 5.0, "the supervisor to help")
        processes = descendants(up.pid("midpoint"))
        up.kill("midpoint")
    finally:
        up.heal()
    wait_for(lambda: not any(alive(pid) for pid in {agent, *processes}), BACK_S, "the agent to end")
    assert dark(up)
    up.restart("midpoint")
    assert well(up).state == "SAFE"


def test_a_dead_agent_does_not_wait_for_help_with_an_instrument_that_hangs(up: Laboratory) -> None:
    """The supervisor helps with a dead worker, which takes the 2 s of an instrument that hangs; meanwhile the
    agent dies: the whole list begins at once beside it, not behind it."""
    well(up)
    prepare(up)
    agent = status(up).agent
    (worker,) = up.workers("midpoint")
    up.watch("hub_pump")
    up.fault("hub_voa", "hang")
    try:
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: up.strikes("hub_voa", "hang"), 5.0, "the supervisor to help")
        wait_for(lambda: safe_moments(up, 0.0), 1.0, "the pump to be blocked")
        killed = time.monotonic()
        os.kill(agent, signal.SIGKILL)
        wait_for(lambda: safe_moments(up, killed), 5.0, "the whole list")
        assert safe_moments(up, killed)[0] - killed < STARTED_S
    finally:
        up.heal()
    assert well(up).agent != agent


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
