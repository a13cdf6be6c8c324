# SPDX-License-Identifier: Apache-2.0
"""What is refused before anything moves: settings beyond a limit, and nodes of another release."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
import zmq
from fault_lab import Laboratory, check, fault, shown_to_fail, unprotected, wait_for
from ruamel.yaml import YAML

from heraldlink.config import find_config
from heraldlink.messages.command import Err, Prepare
from heraldlink.messages.header import VERSION, Header, Message, decode, encode, kind_of, new_id
from heraldlink.messages.link import Beat

LOW = {
    "midpoint": {"limits.transducer.alice.peak_W": 1e-9, "limits.transducer.alice.mean_W": 1e-9},
    "alice": {"limits.open_share": 1e-4},
}
GROWS = {"hub_voa": re.compile(r":OUTP1 1"), "alice_awg": re.compile(r"WLIS:WAV:NEW|WLIS:WAV:DATA")}
"""What lets light to alice's transducer, and what loads a waveform."""


@pytest.fixture(scope="module")
def standing_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """Limits that the shipped operating points exceed."""
    with Laboratory(tmp_path_factory.mktemp("rack"), changes=LOW) as laboratory:
        yield laboratory


def beyond_a_limit(rack: Laboratory, node: str, device: str, rule: str) -> None:
    begun = rack.watch(device)
    with rack.client() as client:
        refused = client.network[node].connection.ask(Prepare()).body
    sent = [message for _, name, message in rack.wire_log(begun) if name == device]
    assert sent
    assert not list(filter(GROWS[device].match, sent)), f"{device} was sent what a limit forbids"
    assert isinstance(refused, Err)
    assert (refused.code, refused.node, refused.device) == ("LIMIT", node, device)
    assert rule in refused.reason


CROSS = ("midpoint", "hub_voa", "limits.transducer.alice.peak_W allows 1e-09 W")
SHARE = ("alice", "alice_awg", "limits.open_share allows 0.0001")


@fault(65)
@pytest.mark.parametrize(("node", "device", "rule"), [CROSS, SHARE])
def test_a_setting_beyond_a_limit_is_refused_with_the_rule_and_not_sent(
    rack: Laboratory, node: str, device: str, rule: str
) -> None:
    """LIMIT names instrument and rule; no command that would exceed it reaches the instrument."""
    beyond_a_limit(rack, node, device, rule)


def other_sequence(folder: Path) -> Path:
    """The shipped sequence as another release might have it: fewer calibration shots."""
    content = YAML().load(find_config("sequences/pair_source.yaml"))
    content["calibration_shots"] = 90
    path = folder / "pair_source.yaml"
    with path.open("w") as stream:
        YAML().dump(content, stream)
    return path


def differently_compiled(rack: Laboratory) -> None:
    with rack.client() as client:
        client.prepare()
        ending = client.measure(number=5)
    assert rack.link["bob"].seen("link.add_ack"), "bob has compiled nothing"
    assert not rack.link["bob"].seen("link.propose"), "a slot was proposed to nodes that differ"
    assert ending.state == "FAILED"
    assert "bob compiled another sequence than alice" in ending.sentence


@pytest.fixture(scope="module")
def skewed_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """Bob has another sequence."""
    folder = tmp_path_factory.mktemp("skewed")
    changes = {"bob": {"sequence": str(other_sequence(folder))}}
    with Laboratory(folder / "lab", changes=changes) as laboratory:
        yield laboratory


@fault(90)
def test_a_node_with_another_release_of_the_sequence_is_refused_before_it_arms(
    skewed_rack: Laboratory,
) -> None:
    """Programs are compared when they are loaded: FAILED names the node that differs, no slot is proposed."""
    differently_compiled(skewed_rack)
    check(skewed_rack)


@pytest.fixture(scope="module")
def bare_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """The same limits and the same other sequence, and nobody looks at either."""
    folder = tmp_path_factory.mktemp("bare")
    changes = LOW | {"bob": {"sequence": str(other_sequence(folder))}}
    without = {"midpoint": "declared_limits", "alice": "declared_limits,program_check"}
    with Laboratory(folder / "lab", changes=changes, without=without) as laboratory:
        yield laboratory


@unprotected(65, "the limits of the node's file")
@pytest.mark.parametrize("case", [CROSS, SHARE])
def test_without_limits_the_settings_are_sent(bare_rack: Laboratory, case: tuple[str, str, str]) -> None:
    shown_to_fail(lambda lab: beyond_a_limit(lab, *case), bare_rack, "what a limit forbids")


@unprotected(90, "the comparison of programs before arming")
def test_without_the_comparison_a_slot_is_proposed(bare_rack: Laboratory) -> None:
    shown_to_fail(differently_compiled, bare_rack, "a slot was proposed")


@fault(90)
def test_a_node_of_another_version_is_told_so_and_so_are_those_who_need_it(skewed_rack: Laboratory) -> None:
    """The midpoint answers it in its own version; a request of the other end says which is older."""
    rack = skewed_rack
    rack.stop_node("bob")
    header = Header(VERSION + 1, kind_of(Beat), 0, 0, new_id(), "bob", "midpoint")
    with rack.client() as client, upgraded(rack.addresses["midpoint.link"], header) as answers:
        client.network["alice"].prepare()
        ending = client.measure(number=5)
        wait_for(lambda: answers, 5, "an answer of the midpoint")
    assert decode(answers[0], {kind_of(Beat): Beat}).header.version == VERSION
    assert ending.state in ("REFUSED", "LOST")
    assert (
        f"message version {VERSION + 1} is not {VERSION}: upgrade this side, the older one" in ending.sentence
    )


@contextmanager
def upgraded(address: str, header: Header) -> Iterator[list[list[bytes]]]:
    """A node that beats with this header; what it is answered."""
    answers: list[list[bytes]] = []
    over = Event()

    def live() -> None:
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.setsockopt(zmq.LINGER, 0)
            socket.connect(address)
            while not over.is_set():
                socket.send_multipart(encode(Message(header, Beat({}))))
                if socket.poll(300):
                    answers.append(socket.recv_multipart())

    thread = Thread(target=live)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join(5)
