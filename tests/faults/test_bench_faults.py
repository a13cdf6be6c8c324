# SPDX-License-Identifier: Apache-2.0
"""Faults of a whole bench: declared in its file, or set from the command line while it runs."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from heraldlink_sim.bench import Bench
from heraldlink_sim.errors import BenchError

CONFIGS = Path(__file__).parents[2] / "configs"


def bench_with(changes, overrides=None) -> Bench:
    """The two-node bench, its file's content changed."""
    path = CONFIGS / "benches" / "two_nodes.yaml"
    content = YAML(typ="safe").load(path.read_text())
    changes(content)
    altered = {key: value for key, value in content.items() if key != "instruments"}
    sections = {name: section for name, section in content["instruments"].items()}
    return Bench.from_file(path, altered | {"instruments": sections} | (overrides or {}))


def test_a_bench_file_declares_faults_with_times() -> None:
    def change(content):
        content["instruments"]["hub_pump"]["faults"] = [{"kind": "delay", "delay_s": 0.1, "match": "*POW?"}]
        content["faults"] = [
            {"instrument": "alice_eos", "kind": "latch", "from_s": 0.5, "until_s": 1.0},
        ]

    bench = bench_with(change)
    assert [(item["instrument"], item["kind"]) for item in bench.faults.listing()] == [
        ("hub_pump", "delay"),
        ("alice_eos", "latch"),
    ]
    latched = []
    for last in (4, 5, 9, 10):  # ticks come every 0.1 s
        bench.pass_ticks(last, last)
        latched.append(bench.faces.detectors["alice_eos"].latched)
    assert latched == [False, True, True, False]
    assert [(strike.kind, strike.time_s) for strike in bench.faults.log] == [("latch", pytest.approx(0.5))]


@pytest.mark.parametrize(
    ("place", "fault", "words"),
    [
        ("hub_pump", {"kind": "latch"}, "instruments.hub_pump.faults.0: hub_pump is a Santec.*no detectors"),
        (
            "hub_pump",
            {"kind": "hang", "delay_s": 1},
            "hub_pump.faults.0: a fault of kind hang takes no delay_s",
        ),
        ("hub_pump", {"kind": "blow"}, "hub_pump.faults.0.kind: .*refuse"),
        (None, {"kind": "hang", "instrument": "hub_pum"}, "faults.0: there is no instrument 'hub_pum'"),
        (None, {"kind": "hang"}, "faults.0.instrument: missing"),
    ],
)
def test_a_mistake_in_a_bench_file_names_its_key(place, fault, words) -> None:
    def change(content):
        (content["instruments"][place] if place else content)["faults"] = [fault]

    with pytest.raises(BenchError, match=words):
        bench_with(change)


# --- the command line


@pytest.fixture(scope="module")
def ports_file(tmp_path_factory):
    """The ports file of a bench that runs in a process of its own."""
    path = tmp_path_factory.mktemp("bench") / "ports.json"
    command = [sys.executable, "-m", "heraldlink.cli", "sim", "--pace", "fast", "benches/two_nodes.yaml"]
    environment = {**os.environ, "HERALDLINK_PORTS_FILE": str(path)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None
        assert time.monotonic() < end
        select.select([], [], [], 0.02)
    yield path
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def sim(ports_file: Path | None, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "HERALDLINK_PORTS_FILE": str(ports_file)} if ports_file else dict(os.environ)
    return subprocess.run(
        [sys.executable, "-m", "heraldlink.cli", "sim", *arguments],
        capture_output=True, text=True, timeout=30, env=environment, check=False,
    )  # fmt: skip


def query(address: str, text: bytes) -> bytes:
    """The reply of a laser on its raw socket, empty if it hangs up."""
    host, port = address.split("::")[1:3]
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(text + b"\r")
        reply = b""
        while not reply.endswith(b"\r") and (data := connection.recv(4096)):
            reply += data
    return reply


def test_faults_come_and_go_while_the_bench_runs(ports_file) -> None:
    laser = json.loads(ports_file.read_text())["hub_pump"]
    assert query(laser, b"*IDN?").startswith(b"SANTEC")
    done = sim(ports_file, "fault", "hub_pump", "drop", "--match", "*IDN?", "--count", "2")
    assert (done.returncode, done.stdout) == (0, "fault 1: hub_pump drop\n")
    assert query(laser, b"*IDN?") == b""
    told = json.loads(sim(ports_file, "faults", "--json").stdout)
    assert told["faults"] == [
        {"number": 1, "instrument": "hub_pump", "kind": "drop", "options": {"match": "*IDN?", "count": 2},
         "strikes": 1}
    ]  # fmt: skip
    assert [(s["instrument"], s["kind"], s["message"]) for s in told["strikes"]] == [
        ("hub_pump", "drop", "*IDN?")
    ]
    assert "hub_pump drop" in sim(None, "faults", "--ports-file", str(ports_file)).stdout
    assert sim(ports_file, "heal", "hub_pump").stdout == "healed: 1\n"
    assert query(laser, b"*IDN?").startswith(b"SANTEC")
    assert sim(ports_file, "heal").stdout == "healed: none\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fault", "hub_pum", "hang"), "there are: alice_awg, "),
        (("fault", "hub_pump", "latch"), "hub_pump is a Santec TSL-570 (laser): it has no detectors"),
        (("fault", "hub_pump", "blow"), "there is no fault 'blow'; there are: refuse, delay, "),
        (("fault", "hub_pump", "hang", "--delay", "1"), "takes no delay_s"),
        (("heal", "nobody"), "there are: alice_awg, "),
    ],
)
def test_a_mistake_is_one_sentence(ports_file, arguments, words) -> None:
    done = sim(ports_file, *arguments)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr


def test_without_a_bench_the_sentence_says_how_to_name_it(tmp_path) -> None:
    done = sim(None, "faults")
    assert done.returncode == 2
    assert "--ports-file" in done.stderr
    (tmp_path / "old.json").write_text('{"control": "tcp://127.0.0.1:1"}')
    done = sim(tmp_path / "old.json", "faults")
    assert done.returncode == 3
    assert "no bench answers at tcp://127.0.0.1:1" in done.stderr


def test_the_control_channel_hangs_up_on_strangers(ports_file) -> None:
    host, port = json.loads(ports_file.read_text())["control"].removeprefix("tcp://").split(":")
    for stranger in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"[1, 2]\n", b"x" * (1 << 22) + b"\n"):
        with socket.create_connection((host, int(port)), 5) as connection:
            try:
                connection.sendall(stranger)
                assert connection.recv(100) == b""
            except ConnectionError:
                pass
    assert sim(ports_file, "faults").returncode == 0


def test_help_names_bench_and_commands() -> None:
    told = sim(None, "--help").stdout
    assert all(word in told for word in ("BENCH", "serve", "fault", "heal", "record", "replay", "conform"))
