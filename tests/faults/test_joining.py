# SPDX-License-Identifier: Apache-2.0
"""Nodes that come twice or late."""

import subprocess
import sys
from pathlib import Path

import pytest
from fault_lab import Laboratory, fault, unprotected, wait_for

from heraldlink.errors import HeraldlinkError, JournalError
from heraldlink.journal import Journal, journal_file


@fault(14)
def test_a_second_process_of_a_node_refuses_to_start(rack: Laboratory) -> None:
    """The second one ends at once with a sentence that names the journal in use; the first goes on."""
    file = rack.folder / "alice.node.yaml"
    options = ["--free-ports", "--data", str(rack.data), "--midpoint", rack.link["alice"].endpoint]
    command = [sys.executable, "-m", "heraldlink.cli", "node", str(file), *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode not in (0, -9)
    assert "another process of this node is running" in ended.stderr
    assert "Traceback" not in ended.stderr
    with rack.client() as client:
        client.prepare()
        assert client.measure(5).state == "DELIVERED"


def second(path: Path) -> None:
    with pytest.raises(JournalError, match="in use"):
        Journal(path)


@unprotected(14, "the lock on the journal's mark")
def test_two_processes_share_a_journal_that_is_not_locked(tmp_path: Path, monkeypatch) -> None:
    path = journal_file(tmp_path, "alice")
    journal = Journal(path)
    second(path)
    monkeypatch.setattr("fcntl.flock", lambda descriptor, how: None)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        second(path)
    journal.close()


def test_a_node_that_joins_late_is_taken_in(rack: Laboratory) -> None:
    """While it is away a request is refused naming it; once it has joined, pairs come without a restart of
    the others."""
    rack.kill("bob")
    with rack.client() as client:
        for node in ("alice", "midpoint"):
            client.call(f"prepare {node}", client.network[node].prepare)
        wait_for(lambda: not client.network["alice"].status().present["bob"], 10, "bob to be missed")
        ending = client.measure(5)
        assert ending.state in ("REFUSED", "LOST", "FAILED"), ending
        assert "bob" in ending.sentence
    rack.restart("bob")

    def joined() -> bool:
        try:
            with rack.client() as client:
                client.prepare()
                return client.measure(5).state == "DELIVERED"
        except HeraldlinkError:
            return False

    wait_for(joined, 15, "pairs with the node that joined")
