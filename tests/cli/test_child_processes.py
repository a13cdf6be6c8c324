# SPDX-License-Identifier: Apache-2.0
"""Processes of a command: named when they die, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from heraldlink.cli.children import Child, Children
from heraldlink.errors import NodeLost

BENCH = ["sim", "benches/two_nodes.yaml", "--pace", "fast"]


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float = 10.0) -> None:
    """Wait until ``condition()`` holds; fail the test, saying ``what``, if it takes too long."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        os.sched_yield()


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def start_bench(children: Children) -> Child:
    child = children.start("the simulated laboratory", BENCH)
    assert "hub_pump" in children.addresses(child)
    return child


def test_leaving_the_context_ends_the_child_cleanly(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        child = start_bench(children)
    assert child.process.returncode == 0
    assert child.log.read_text() == ""


def signal_and_wait(children: Children, child: Child, number: signal.Signals) -> None:
    with children.watching():
        child.process.send_signal(number)
        wait_for(lambda: False, "an interruption", 5.0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_that_dies_interrupts_and_is_named(tmp_path: Path, number: signal.Signals) -> None:
    with Children(tmp_path) as children:
        child = start_bench(children)
        begun = time.monotonic()
        with pytest.raises(NodeLost, match=r"^the process of the simulated laboratory"):
            signal_and_wait(children, child, number)
        assert time.monotonic() - begun < 5


def test_a_signal_that_was_missed_is_repeated(tmp_path: Path) -> None:
    """It may come just before the main thread begins to wait, which it then does not interrupt."""
    with Children(tmp_path) as children:
        child = start_bench(children)
        with pytest.raises(NodeLost, match="was killed by SIGKILL"):
            miss_and_wait(children, child)


def miss_and_wait(children: Children, child: Child) -> None:
    with children.watching():
        handler = signal.signal(signal.SIGCHLD, lambda *_: None)
        child.process.kill()
        wait_for(lambda: child.ended() is not None, "its end")
        signal.signal(signal.SIGCHLD, handler)
        wait_for(lambda: False, "an interruption", 5.0)


def test_a_child_that_cannot_start_is_quoted(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        child = children.start("node carol", ["node", "nodes/carol.yaml"])
        with pytest.raises(
            NodeLost, match=r"node carol ended with exit code 2: there is no file nodes/carol\.yaml"
        ):
            children.addresses(child)


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from heraldlink.cli.children import Children\n"
        f"children = Children(Path({str(tmp_path)!r})); child = children.start('bench', {BENCH!r})\n"
        "children.addresses(child); print(child.process.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    parent.wait(10)
    wait_for(lambda: not alive(pid), "the end of the orphan")
    parent.stdout.close()
    assert parent.stdin is not None
    parent.stdin.close()
