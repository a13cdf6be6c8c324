# SPDX-License-Identifier: Apache-2.0
"""``heraldlink doctor`` finds planted faults, one each, and names the remedy."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_lab.files import node_file

from heraldlink.cli.doctor import examined
from heraldlink.config import find_config, load_node
from heraldlink.diagnosis import machine
from heraldlink.diagnosis.findings import Finding
from heraldlink.journal import Entry, Journal, journal_file
from heraldlink.link.facts import BOOT, BootFact
from heraldlink.security.keys import new_pair


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Addresses of simulated instruments, which no node uses."""
    folder = tmp_path_factory.mktemp("sim")
    ports = folder / "sim.json"
    command = [sys.executable, "-m", "heraldlink_sim", str(find_config("benches/two_nodes.yaml"))]
    process = subprocess.Popen([*command, "--pace", "fast", "--ports-file", str(ports)])
    try:
        deadline = time.monotonic() + 60
        while not ports.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield json.loads(ports.read_text())
    finally:
        process.terminate()
        process.wait(10)


def looked_at(
    folder: Path, changes: dict[str, object] | None = None, addresses: dict[str, str] | None = None
) -> list[Finding]:
    file = node_file(folder, "alice", changes or {})
    return examined(str(file), addresses or {}, folder / "data")


def troubles(findings: list[Finding], place: str) -> list[Finding]:
    """What is wrong at a place; each has a remedy."""
    found = [each for each in findings if each.level != "ok" and place in each.place]
    assert all(each.remedy for each in found)
    return found


def test_a_healthy_node_on_its_bench(tmp_path: Path, bench: dict[str, str]) -> None:
    wrong = [each for each in looked_at(tmp_path, {}, bench) if each.level == "error"]
    assert wrong == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"limits.bias_A": 25.0}, "limits.bias_A: input should be less than or equal to 0.0001"),
        ({"limits.open_share": None}, "limits.open_share"),
        ({"roles.generator": "alice_agw"}, "declares no instrument named alice_agw"),
        ({"devices": "../devices/inproved.yaml"}, "inproved.yaml"),
        ({"pumps": 2}, "pumps"),
    ],
)
def test_mistakes_of_the_file_with_their_line(
    tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    (found, *_) = troubles(looked_at(tmp_path, change), "alice")
    assert sentence in found.what
    assert "alice.node.yaml:" in found.what


def test_instruments_that_are_off_wrong_or_have_an_error_waiting(
    tmp_path: Path, bench: dict[str, str]
) -> None:
    off = "TCPIP::127.0.0.1::1::SOCKET"
    swapped = bench | {"alice_dg": off, "alice_awg": bench["bob_mw"]}
    found = looked_at(tmp_path, {}, swapped)
    (refused,) = troubles(found, "alice_dg")
    assert "Connection refused" in refused.what
    (other,) = troubles(found, "alice_awg")
    assert "which is no AWG70002" in other.what
    assert "belongs to another instrument" in other.remedy


def test_an_instrument_that_does_not_answer(tmp_path: Path, bench: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"TCPIP::127.0.0.1::{deaf.getsockname()[1]}::SOCKET"
        (found,) = troubles(looked_at(tmp_path, {}, bench | {"alice_dg": address}), "alice_dg")
    assert "does not answer" in found.what


def test_a_port_that_is_taken_and_an_address_that_is_not_ours(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        taken = {"listen.command": f"tcp://127.0.0.1:{port}"}
        (found,) = troubles(looked_at(tmp_path, taken), "listen.command")
    assert "is taken" in found.what
    keys = tmp_path / "keys"
    new_pair(keys, "alice")
    foreign = {"listen.command": "tcp://192.0.2.1:7301", "security": {"keys": str(keys)}}
    (found,) = troubles(looked_at(tmp_path, foreign), "listen.command")
    assert "is no address of this machine" in found.what


def test_a_midpoint_that_is_not_there(tmp_path: Path) -> None:
    (found,) = troubles(looked_at(tmp_path, {"midpoint.link": "tcp://127.0.0.1:1"}), "midpoint.link")
    assert found.remedy == "start node midpoint there"


def test_a_damaged_journal(tmp_path: Path) -> None:
    path = journal_file(tmp_path / "data", "alice")
    path.parent.mkdir()
    journal = Journal(path)
    journal.append([Entry(BOOT, BootFact("alice", 1))])
    journal.close()
    data = bytearray(path.read_bytes())
    place = data.index(b"alice")
    data[place] ^= 1
    path.write_bytes(data)
    (found,) = troubles(looked_at(tmp_path), "journal")
    assert "row 1" in found.what
    assert found.remedy == f"heraldlink journal repair {path}"


def test_keys_that_are_missing_or_that_others_can_read(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (missing,) = troubles(looked_at(tmp_path, {"security": {"keys": str(keys)}}), "keys")
    assert "alice" in missing.what
    new_pair(keys, "alice")
    for file in keys.rglob("*"):
        if file.is_file() and "secret" in file.read_text():
            file.chmod(0o644)
    (open_file,) = troubles(looked_at(tmp_path, {"security": {"keys": str(keys)}}), "keys")
    assert "600" in open_file.what or "others" in open_file.what


def test_versions_encryption_disk_and_clock(tmp_path: Path) -> None:
    node = load_node(str(node_file(tmp_path, "alice", {})))
    versions = dict.fromkeys(machine.OLDEST, "99.0")
    old = list(machine.versions(versions | {"qcodes": "0.40.1", "pyvisa-py": None}, (3, 12)))
    assert [(each.place, each.level) for each in old if each.level != "ok"] == [
        ("qcodes", "error"), ("pyvisa-py", "error"),
    ]  # fmt: skip
    assert [each.place for each in machine.versions(versions, (3, 10)) if each.remedy] == ["Python"]
    assert [each.level for each in machine.disk(node, free=1 << 20)] == ["error"]
    assert [each.level for each in machine.disk(node, free=1 << 31)] == ["warning"]
    assert [each.level for each in machine.clock(node, 1000.0)] == ["warning"]
    with_keys = node.model_copy(update={"security": node.security.model_copy(update={"keys": tmp_path})})
    assert [each.place for each in machine.encryption(with_keys, available=False)] == ["ZeroMQ"]
    assert list(machine.encryption(node, available=False)) == []
