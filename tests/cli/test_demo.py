# SPDX-License-Identifier: Apache-2.0
"""The demo as a user runs it: its result, and that it leaves nothing behind however it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

MARK = "HERALDLINK_TEST_MARK"


class Demo:
    """A running demo, and all processes that descend from it (they inherit a mark in their environment)."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.mark = f"{MARK}={uuid4()}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "heraldlink.cli", "demo", "--seed", "7", *arguments],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, MARK: self.mark.partition("=")[2]},
        )  # fmt: skip

    def family(self) -> dict[int, str]:
        """Command line of every living descendant, by process id."""
        found: dict[int, str] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != self.process.pid:
                try:
                    if self.mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                        found[int(entry.name)] = (
                            (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                        )
                except OSError:
                    continue
        return found

    def gone(self) -> bool:
        """Whether no descendant is left."""
        return not self.family()

    def member(self, words: str) -> int | None:
        """Process id of the descendant whose command line holds ``words``."""
        return next((pid for pid, command in self.family().items() if words in command), None)

    def finish(self, timeout_s: float) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        out, err = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, out, err


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        os.sched_yield()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    demos: list[Demo] = []

    def begin(*arguments: str) -> Demo:
        demos.append(Demo(tmp_path, *arguments))
        return demos[-1]

    yield begin
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.kill()
            demo.process.communicate()
        wait_for(demo.gone, "the end of all processes of the demo", 10)


def test_the_demo_delivers_and_leaves_only_its_run(start: Callable[..., Demo], tmp_path: Path) -> None:
    demo = start("--json")
    code, out, err = demo.finish(60)
    assert code == 0, err
    assert not demo.family()
    found = json.loads(out)
    assert found["state"] == "DELIVERED"
    assert found["pairs"] >= 200
    assert found["fidelity"]["both"]["corrected"] is not None
    assert abs(found["fidelity"]["both"]["standard_deviations"]) < 5
    assert [item.name for item in tmp_path.iterdir()] == ["runs"]
    names = {item.name for item in (tmp_path / found["run"]).iterdir()}
    assert {"run.json", "run.db", "correlators.png", "arrivals.png", "tags-midpoint.parquet"} <= names
    record = json.loads((tmp_path / found["run"] / "run.json").read_text())
    pump = record["instruments"]["midpoint"]["hub_pump"]
    assert pump["simulated"] is True
    assert {record["origin"], *(pair["origin"] for pair in record["heralds"])} == {"simulated"}
    assert pump["settings"]["power_W"] == pytest.approx(1e-3, rel=2.5e-3)
    assert pump["settings"]["emission"] is True
    assert record["instruments"]["alice"]["alice_mw"]["settings"]["reference external"] is True
    assert set(json.loads(record["tags"]["alice"]["envelope_peak_V"])) == {"alice", "bob"}
    replayed = subprocess.run(
        [sys.executable, "-m", "heraldlink.cli", "replay", found["run"], "--json"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert json.loads(replayed.stdout)["results"]["fidelity"] == found["fidelity"]


def test_published_devices_are_refused_with_what_could_be_had(start: Callable[..., Demo]) -> None:
    demo = start("--bench", "benches/two_nodes_meesala.yaml")
    code, _, err = demo.finish(60)
    assert code == 2
    told = [line for line in err.splitlines() if line.startswith("heraldlink: ")]
    assert len(told) == 1
    assert "minimum_fidelity 0.6 cannot be reached" in told[0]
    assert "at best 0.4" in told[0]
    assert not demo.family()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("nodes/alice.yaml", "node alice"),
        ("nodes/bob.yaml", "node bob"),
        ("nodes/midpoint.yaml", "node midpoint"),
        ("benches/two_nodes.yaml", "the simulated laboratory"),
    ],
)
def test_a_killed_process_is_named_within_seconds(start: Callable[..., Demo], words: str, name: str) -> None:
    demo = start("--number", "1000000", "--max-time", "3600")
    wait_for(lambda: demo.member("nodes/bob.yaml") is not None, "all processes", 30)
    wait_for(lambda: sum("heraldlink.agent.worker" in c for c in demo.family().values()) == 3, "workers", 30)
    victim = demo.member(words)
    assert victim is not None
    killed = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    assert demo.process.stderr is not None
    sentence = demo.process.stderr.readline()
    assert time.monotonic() - killed < 5
    assert sentence == f"heraldlink: the process of {name} was killed by SIGKILL\n"
    code, _, err = demo.finish(20)
    assert (code, err) == (3, "")
    assert not demo.family()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_cleans_up(start: Callable[..., Demo], number: signal.Signals) -> None:
    demo = start("--number", "1000000", "--max-time", "3600")
    wait_for(lambda: demo.member("nodes/bob.yaml") is not None, "all processes", 30)
    demo.process.send_signal(number)
    code, out, err = demo.finish(15)
    assert code == 130
    assert "Traceback" not in out + err
    assert err.splitlines()[-1] == "heraldlink: interrupted"
    assert not demo.family()


def test_what_the_devices_cannot_give_is_refused_with_what_they_can(start: Callable[..., Demo]) -> None:
    code, _, err = start("--fidelity", "0.99").finish(60)
    assert code == 2
    assert "0.99" in err
