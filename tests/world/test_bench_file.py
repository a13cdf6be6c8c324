# SPDX-License-Identifier: Apache-2.0
"""Bench files and the process that serves one."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest
from wire_laboratory import BENCH, CONFIGS

from heraldlink_sim.bench_config import load_bench
from heraldlink_sim.errors import BenchError
from heraldlink_sim.serve import main, write_ports


def written(folder: Path, old: str, new: str, name: str = "two_nodes.yaml") -> Path:
    text = (BENCH.parent / name).read_text(encoding="utf-8")
    assert old in text
    path = folder / "bench.yaml"
    devices = str(CONFIGS / "devices")
    path.write_text(text.replace(old, new, 1).replace("../devices", devices), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["two_nodes.yaml", "two_nodes_meesala.yaml"])
def test_shipped_benches_load(name):
    config, devices = load_bench(BENCH.parent / name)
    assert len(config.instruments) == 15
    assert [arm.name for arm in devices.arms] == ["alice", "bob"] == list(config.wiring.nodes)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("tick_rate_Hz: 10", "tick_rate_hz: 10", "tick_rate_hz: unknown key"),
        ("tick_rate_Hz: 10", "tick_rate_Hz: -10", "tick_rate_Hz: Input should be greater than 0"),
        ("seed: 7\n", "", "seed: missing"),
        ("wiring:\n", "wirings:\n", "wirings: unknown key"),
        ("pace: fast", "pace: quick", "pace"),
        ("generator: bob_awg", "generator: bob_agw", "wiring.nodes.bob.generator: no instrument 'bob_agw'"),
        ("pump: hub_pump ", "pump: hub_tc ", "wiring.hub.pump: hub_tc is a ID Quantique ID900"),
        ("model: SRS DG645", "model: SRS DG535", "instruments.alice_dg.model"),
        ("improved.yaml", "unknown.yaml", "unknown.yaml: cannot be read"),
        ("wiring:", "wiring: [", "is not YAML"),
        ("pace: fast", "pace: realtime\nslots: [1, 2]", "slots: a list of slots needs pace fast"),
        ("pace: fast", "pace: fast\nslots: [2, 2]", "slots: must rise"),
        ("pace: fast", "first_tick: 4\nslots: [3, 5]", "slots: begin before first_tick"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_file_and_key(tmp_path, old, new, sentence):
    path = written(tmp_path, old, new)
    with pytest.raises(BenchError, match=r"\A.*\Z") as caught:
        load_bench(path)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path if "unknown.yaml" not in new else CONFIGS))


def test_a_misspelt_file_ends_the_process_with_a_sentence(tmp_path, capsys):
    assert main([str(written(tmp_path, "seed:", "sead:"))]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "sead" in error or "seed" in error


def test_a_taken_port_is_named(tmp_path, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        path = written(
            tmp_path,
            "hub_pump: {model: Santec TSL-570}",
            f"hub_pump: {{model: Santec TSL-570, port: {port}}}",
        )
        assert main([str(path)]) == 2
    error = capsys.readouterr().err
    assert f"hub_pump: cannot listen on 127.0.0.1, port {port}" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_cleanly_and_frees_the_ports(tmp_path, number):
    ports_file = tmp_path / "ports.json"
    command = [
        sys.executable,
        "-m",
        "heraldlink_sim",
        str(BENCH),
        "--seed",
        "3",
        "--ports-file",
        str(ports_file),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        until_s = monotonic() + 30
        while not ports_file.exists():
            assert process.poll() is None, process.communicate()[1]
            assert monotonic() < until_s
        addresses = json.loads(ports_file.read_text(encoding="utf-8"))
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert errors == ""
    assert len(addresses) == 15 + 9 + 3 + 3 + 1  # nine of them on raw sockets and on HiSLIP; control
    with socket.socket() as again, pytest.raises(ConnectionRefusedError):
        again.connect(("127.0.0.1", int(addresses["hub_tc"].rsplit(":", 1)[1])))


def test_ports_are_written_whole_or_not_at_all(tmp_path):
    target = tmp_path / "missing" / "ports.json"
    with pytest.raises(Exception, match=r"ports\.json: cannot be written"):
        write_ports(target, {"a": "b"})
    write_ports(tmp_path / "ports.json", {"a": "b"})
    assert json.loads((tmp_path / "ports.json").read_text(encoding="utf-8")) == {"a": "b"}
    assert [item.name for item in tmp_path.iterdir()] == ["ports.json"]
