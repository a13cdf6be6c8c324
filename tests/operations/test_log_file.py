# SPDX-License-Identifier: Apache-2.0
"""A node's log: JSON lines with what they are about; a disk that does not take them holds nobody up."""

import json
import logging
import os
import time
from pathlib import Path

import pytest
from fault_lab import fault
from fault_lab.laboratory import wait_for

from heraldlink.agent.log_file import LogFile, log_path


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_says_what_it_is_about(tmp_path: Path) -> None:
    path = log_path(tmp_path, "alice")
    with LogFile(path, "alice"):
        logging.getLogger("heraldlink.node").info(
            "slot", extra={"facts": {"request": 12, "slot": 3, "device": "alice_awg"}}
        )
        try:
            raise OSError("no answer")
        except OSError:
            logging.getLogger("heraldlink.node").exception("the worker ended")
    first, second = lines(path)
    assert (first["node"], first["request"], first["slot"]) == ("alice", 12, 3)
    assert first["level"] == "INFO"
    assert str(first["utc"]).endswith("+00:00")
    assert "no answer" in str(second["exception"])


@fault(88)
def test_a_slow_disk_drops_lines_and_says_how_many(tmp_path: Path) -> None:
    """Logging never waits for the disk: lines beyond its queue are dropped, and counted in the log."""
    path = tmp_path / "log.jsonl"
    os.mkfifo(path)  # a file that nobody reads: writing to it waits for ever
    log = logging.getLogger("heraldlink.node")
    with LogFile(path, "alice", lines=50) as file:
        begun = time.monotonic()
        for number in range(500):
            log.info("line %d", number)
        took_s = time.monotonic() - begun
        assert file.handler.dropped >= 400
        assert took_s < 2.0
        with path.open() as reader:
            # read before the next line is logged: it finds the queue full otherwise, and is dropped as well
            messages = [json.loads(reader.readline())["message"] for _ in range(10)]
            log.info("after")
            while messages[-1] != "after":
                messages.append(json.loads(reader.readline())["message"])
    told = [int(message.split()[0]) for message in messages if "lines were dropped" in message]
    assert messages[0] == "line 0"
    assert sum(told) == file.handler.dropped
    assert sum(message.startswith("line ") for message in messages) == 500 - sum(told)


@fault(88)
def test_the_end_does_not_wait_for_a_disk_that_hangs(tmp_path: Path) -> None:
    """A disk that hangs does not keep a log from ending; what it holds is written when that is back."""
    path = tmp_path / "log.jsonl"
    os.mkfifo(path)
    with LogFile(path, "alice", lines=3, end_s=0.1) as file:
        logging.getLogger("heraldlink.node").info("line 0")
        wait_for(file.handler.waiting.empty, 5.0, "the thread waits for the disk with the first line")
        for number in range(1, 20):
            logging.getLogger("heraldlink.node").info("line %d", number)
        assert file.handler.waiting.full()
    with path.open() as reader:  # the thread that still waits for the disk ends with what it holds
        assert json.loads(reader.readline())["message"] == "line 0"


def test_lines_dropped_before_the_end_are_told(tmp_path: Path) -> None:
    """With no line after them, the end itself tells their number."""
    path = tmp_path / "log.jsonl"
    os.mkfifo(path)
    file = LogFile(path, "alice", lines=3)
    file.__enter__()
    logging.getLogger("heraldlink.node").info("line 0")
    wait_for(file.handler.waiting.empty, 5.0, "the thread waits for the disk with the first line")
    for number in range(1, 20):
        logging.getLogger("heraldlink.node").info("line %d", number)
    with path.open() as reader:
        file.__exit__()
        *lines_read, last = [json.loads(line)["message"] for line in reader]
    assert last == f"{file.handler.dropped} lines were dropped: the disk was too slow"
    assert len(lines_read) + file.handler.dropped == 20


def test_lines_of_others_are_not_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "log.jsonl"
    with LogFile(path, "alice"):
        logging.getLogger("qcodes").warning("not ours")
        logging.getLogger("heraldlink").warning("ours")
    assert [line["message"] for line in lines(path)] == ["ours"]
