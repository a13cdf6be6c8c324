# SPDX-License-Identifier: Apache-2.0
"""Nodes that ask for keys, as processes on every channel: who gets in, as what, and who is shut out again."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import zmq
from fault_lab import fault, unprotected, wait_for
from fault_lab.secured import SecuredLaboratory
from fault_lab.strangers import overheard, question_frames, visit
from fault_lab.zmtp import frames, leak

from heraldlink import safety
from heraldlink.agent.log_file import log_path
from heraldlink.client import Network
from heraldlink.errors import AccessDenied, Forbidden, HeraldlinkError, RequestError
from heraldlink.security.keyring import Credentials, Keyring
from heraldlink.security.roster import authorize, revoke
from heraldlink.sockets import configure

STOPPED_S = 0.1


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredLaboratory]:
    folder = tmp_path_factory.mktemp("secured")
    with SecuredLaboratory(folder, command="up", switchable=True) as running:
        yield running


def test_pairs_come_over_encrypted_channels(lab: SecuredLaboratory) -> None:
    with lab.connect("carol") as network:
        network.prepare()
        pairs = list(network["alice"].create(remote="bob", number=5, max_time=1e6, seed=1))
        assert len(pairs) == 5
        assert len(list(network["alice"].records(consumer="test", into=lab.folder / "pairs.db"))) >= 5


@fault(33)
def test_a_stranger_is_told_by_whom_and_why(lab: SecuredLaboratory) -> None:
    """The node refuses the handshake, the client says which node does not know which key, the log says it."""
    with (
        lab.connect("eve") as network,
        pytest.raises(AccessDenied, match="alice does not let in the key of eve"),
    ):
        network["alice"].status()
    wait_for(lambda: "refused a connection" in log_path(lab.data, "alice").read_text(), 5, "alice's log")


def test_strangers_on_raw_connections_are_told_nothing_on_any_channel(lab: SecuredLaboratory) -> None:
    """In nine ways of asking; the node closes each connection, those that wait for it within 3 s."""
    places = {"command": "alice", "record": "alice.record", "event": "alice.event"}
    visits = visit({channel: lab.addresses[place] for channel, place in places.items()}, 27, seed=3)
    assert [item.wrong for item in visits if item.wrong] == []
    assert len({(item.channel, item.way) for item in visits}) == 27


def test_a_handshake_with_a_key_nobody_knows_ends_with_an_error(lab: SecuredLaboratory) -> None:
    """The raw bytes of a refused connection are WELCOME and ERROR; of one let in they show as an answer."""

    def said(user: str) -> bytes:
        credentials = Keyring(lab.keys / user).to("alice")
        assert isinstance(credentials, Credentials)
        return overheard(lab.addresses["alice"], credentials, question_frames("command", 7), 2.0)

    refused, let_in = said("eve"), said("carol")
    assert [frame.name for frame in frames(refused)] == ["WELCOME", "ERROR"]
    assert leak(refused) == ""
    assert [frame.name for frame in frames(let_in)][:3] == ["WELCOME", "READY", None]
    assert leak(let_in) == "a READY command"


def observer_commands(lab: SecuredLaboratory) -> None:
    """The scenario of row 38."""
    with lab.connect("olga") as network, lab.connect("carol") as other:
        before = other["alice"].status()
        assert network["alice"].status() == before
        with pytest.raises(Forbidden, match="olga has the role observer; this takes operator"):
            network["alice"].park()
        assert other["alice"].status() == before
    wait_for(lambda: "refused park: olga" in log_path(lab.data, "alice").read_text(), 5, "the audit line")


@fault(38)
def test_an_observer_reads_and_commands_nothing(lab: SecuredLaboratory) -> None:
    """An observer's command is FORBIDDEN, written into the node's log, and not done; reading is free."""
    observer_commands(lab)


@unprotected(38, "the roles of commands")
def test_without_roles_an_observer_commands(lab: SecuredLaboratory) -> None:
    with lab.off("roles", "alice"), pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        observer_commands(lab)


@fault(55)
def test_an_observer_may_press_stop(lab: SecuredLaboratory) -> None:
    """Whose key only lets him read stops the node all the same, past the operator's lease: the light is
    blocked within 100 ms and read back, and the state says who it was. Clearing it takes an operator."""
    with lab.connect("carol") as carol, lab.connect("olga") as olga, carol["midpoint"].lease(note="mine"):
        carol["midpoint"].prepare()
        with pytest.raises(Forbidden):
            olga["midpoint"].park()
        lab.watch("hub_voa", "hub_pump", "hub_readout_pump")
        moment = time.monotonic()
        secured = safety.stop(olga, "midpoint", "smoke")
        words = ("SHUT 1", "OUTP1 0")
        blocked = [at for at, _, message in lab.wire_log(moment) if any(word in message for word in words)]
        assert blocked
        assert blocked[0] - moment < STOPPED_S
        assert (secured.ok, secured.state) == (True, "FAULT")
        assert all("NOT" not in note for note in secured.outcomes.values())
        assert float(lab.panel("hub_pump", "POW:SHUT?")) == 1
        with pytest.raises(RequestError, match="olga"):
            safety.clear(olga, "midpoint", "it was toast")
        status = carol["midpoint"].status()
        assert status.state == "FAULT (stopped by olga: smoke)"
        assert safety.clear(carol, "midpoint", "it was toast").state == "SAFE"


@fault(39)
def test_a_revoked_key_is_shut_out_of_a_running_node(lab: SecuredLaboratory) -> None:
    """After SIGHUP the next message of an open session is refused; authorized again, it gets in again."""
    keys = lab.keys / "alice"
    with lab.connect("carol") as network:
        assert network["alice"].status().node == "alice"
        revoke(keys, "carol")
        lab.processes["alice"].send_signal(signal.SIGHUP)

        def shut_out() -> bool:
            try:
                network["alice"].status()
            except AccessDenied:
                return True
            return False

        wait_for(shut_out, 10, "the key to be refused")
        authorize(keys, lab.keys / "carol" / "carol.key", "operator")
        lab.processes["alice"].send_signal(signal.SIGHUP)
        wait_for(lambda: not shut_out(), 10, "the key to be let in again")


def test_a_revoked_key_keeps_neither_its_lease_nor_its_subscription(lab: SecuredLaboratory) -> None:
    """At SIGHUP the lease ends long before its ttl and the node is made safe; events come to others only."""
    keys, node, checked = lab.keys / "alice", lab.processes["alice"], False
    with lab.connect("carol") as carol, lab.connect("olga") as olga:
        gone, there = (
            subscription(lab, network, user) for network, user in ((carol, "carol"), (olga, "olga"))
        )
        wait_for(lambda: gone.poll(0) and there.poll(0), 10, "the first events")
        with suppress(HeraldlinkError), carol["alice"].lease(note="a long tune-up", ttl=600):
            carol["alice"].prepare()
            assert olga["alice"].status().prepared
            revoke(keys, "carol")
            node.send_signal(signal.SIGHUP)
            wait_for(lambda: not olga["alice"].lease_status().held, 10, "the lease to end")
            wait_for(lambda: olga["alice"].status().state == "SAFE", 10, "the node to be safe")
            assert not olga["alice"].status().prepared
            everything(gone)
            for _ in range(2):
                everything(there)
                wait_for(lambda: there.poll(0), 10, "another event")
            assert not everything(gone)
            checked = True
        assert checked
        authorize(keys, lab.keys / "carol" / "carol.key", "operator")
        node.send_signal(signal.SIGHUP)


def subscription(lab: SecuredLaboratory, network: Network, user: str) -> "zmq.Socket[bytes]":
    """A user's subscription to all of alice's events."""
    socket = network.context.socket(zmq.SUB)
    configure(socket, "event")
    credentials = Keyring(lab.keys / user).to("alice")
    assert isinstance(credentials, Credentials)
    credentials.show(socket)
    socket.connect(lab.addresses["alice.event"])
    socket.subscribe("")
    return socket


def everything(socket: "zmq.Socket[bytes]") -> list[list[bytes]]:
    """What has come."""
    found: list[list[bytes]] = []
    with suppress(zmq.Again):
        while True:
            found.append(socket.recv_multipart(zmq.NOBLOCK))
    return found


@fault(40)
def test_a_node_whose_secret_others_may_read_does_not_start(lab: SecuredLaboratory) -> None:
    """The node ends with exit code 2 and the remedy, before it listens or opens an instrument."""
    secret = lab.keys / "alice" / "alice.secret"
    ports = lab.folder / "never.json"
    secret.chmod(0o644)
    try:
        file, data = lab.folder / "alice.node.yaml", lab.folder / "other"
        command = [sys.executable, "-m", "heraldlink.cli", "node", str(file), "--free-ports"]
        command += ["--data", str(data), "--ports-file", str(ports)]
        found = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    finally:
        secret.chmod(0o600)
    assert found.returncode == 2
    assert "may be read by others (mode 0644): chmod 600" in found.stderr
    assert not ports.exists()


@fault(48)
def test_no_code_comes_from_the_wire() -> None:
    """No module of the nodes imports pickle, marshal or shelve, and none calls eval, exec or __import__."""
    import ast

    package = Path(__file__).parents[2] / "orchestration" / "heraldlink"
    modules = [ast.parse(path.read_text()) for path in package.rglob("*.py")]
    assert len(modules) > 100
    imported = {
        alias.name.partition(".")[0]
        for module in modules
        for node in ast.walk(module)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        (node.module or "").partition(".")[0]
        for module in modules
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom)
    }
    assert {"zmq", "msgspec"} <= imported
    assert not imported & {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
    called = {
        node.func.id
        for module in modules
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & {"eval", "exec", "__import__", "compile"}
