# SPDX-License-Identifier: Apache-2.0
"""``heraldlink tags heralds --follow`` and ``--live`` as a user calls them, in processes of their own."""

import json
import select
import signal
import subprocess
import sys
from time import monotonic

import numpy as np
import pytest
import zmq

from heraldlink.cli.main import execute
from heraldlink.heralding.results import Heralds
from heraldlink.record.segment import SegmentWriter
from heraldlink.streams.datalink import open_socket
from heraldlink.streams.heralds import read_message
from heraldlink.tags.block import Block, Header
from heraldlink.tags.formats.segment import SegmentTags
from heraldlink_sim.faces.id900_server import serve_id900
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900
from heraldlink_sim.transport import EventLoopThread

COMMAND = [sys.executable, "-m", "heraldlink.cli", "tags", "heralds"]
RECORDING = ":STAR:ENAB ON;:INPU1:ENAB ON;:INPU2:ENAB ON;:REC:DUR 1000000000TB" + "".join(
    f";:RAW{n}:REF:LINK STAR;:RAW{n}:STOP:LINK INPU{n};:RAW{n}:SEND ON" for n in (1, 2)
)


def command(*arguments):
    words = [*COMMAND, "--engine", "numpy", *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def attempts(first, count):
    """Attempts of 1 us on channel 0; in each, one click: of channel 1 at 100 ns, of 2 in every third."""
    begin = (first + np.arange(count)) * 1_000_000
    time_ps = np.stack((begin, begin + 100_000), axis=1).ravel()
    clicks = np.where((first + np.arange(count)) % 3, 1, 2)
    channel = np.stack((clicks * 0, clicks), axis=1).ravel().astype(np.int16)
    return Block(time_ps, channel, (first + count) * 1_000_000)


def test_a_growing_file_tells_heralds_at_once_and_its_summary_on_ctrl_c(tmp_path):
    path = tmp_path / "tags.arrows"
    options = ("--follow", "--gates", "0:200000", "--detectors", "1,2", "--sync", "0", "--json")
    with SegmentWriter(path, Header("test", "times", 1.0)) as writer, command(path, *options) as running:
        writer.push(attempts(0, 100))
        writer.flush()
        first = json.loads(running.stdout.readline())
        assert first["attempt"][:4] == [0, 1, 2, 3]
        assert first["outcome"][:4] == ["Psi-", "Psi+", "Psi+", "Psi-"]
        writer.push(attempts(100, 100))
        writer.flush()
        second = json.loads(running.stdout.readline())
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 0, err
    *more, summary = out.partition("{\n")[0].splitlines(), json.loads("{\n" + out.partition("{\n")[2])
    told = [*first["attempt"], *second["attempt"]]
    told += [each for line in more[0] for each in json.loads(line)["attempt"]]
    assert told == list(range(200))
    assert summary["heralds"] == 200
    assert summary["gaps"][0][2] == "truncated"
    assert summary["clicks"] == {"0": 200, "1": 133, "2": 67}


def test_a_file_whose_writer_closes_it_ends_the_command(tmp_path):
    path = tmp_path / "tags.arrows"
    options = ("--follow", "--gates", "0:200000", "--detectors", "1,2", "--sync", "0")
    with SegmentWriter(path, Header("test", "times", 1.0)) as writer:
        writer.push(attempts(0, 50))
        writer.flush()
        running = command(path, *options)
        assert running.stdout.readline() == "0 Psi- 100000\n"
    out, err = running.communicate(timeout=30)
    assert running.returncode == 0, err
    assert "49 Psi+ 100000" in out
    assert "50, counted syncs of channel 0" in out


def test_channels_below_zero_are_counted_as_they_are(tmp_path, capsys):
    path, whole = tmp_path / "tags.arrows", attempts(0, 3)
    with SegmentWriter(path, Header("test", "times", 1.0)) as writer:
        writer.push(Block(whole.time_ps, -whole.channel, whole.until_ps))
    options = ("--follow", "--gates", "0:200000", "--detectors=-1,-2", "--sync", "0", "--json")
    assert execute(["tags", "heralds", str(path), *options]) == 0
    said = capsys.readouterr().out
    assert json.loads("{\n" + said.partition("{\n")[2])["clicks"] == {"-2": 1, "-1": 2, "0": 3}
    assert execute(["tags", "heralds", str(path), *options, "--delays", "-1=5,7=5"]) == 0
    assert capsys.readouterr().err == "channel 7, which has a delay, never clicked\n"


@pytest.fixture
def instrument():
    with EventLoopThread() as loop:
        face = IDQuantiqueID900("SIM-1")
        server = loop.run(serve_id900(face))
        yield loop, face, server
        loop.run(server.close())


def ask(address, text):
    control = open_socket(3)  # REQ
    control.connect(address)
    control.send(text.encode())
    assert control.poll(5000)
    control.recv()
    control.close()


def streaming(server, running):
    """Wait until the command has started both streams."""
    deadline = monotonic() + 20
    while sum(data.startswith(b"start-stream") for _, data in list(server.datalink.wire_log)) < 2:
        assert monotonic() < deadline
        assert running.poll() is None, running.communicate()
        select.select([], [], [], 0.01)


def played(instrument):
    """One record of 900 attempts of 1 us; clicks of detector 1 in 0 to 4, of 2 in 4 to 6."""
    loop, face, server = instrument
    starts = np.arange(1_000_000, 901_000_000, 1_000_000)
    events = {"IN4": [0], "START": starts, "IN1": starts[:5] + 100_000, "IN2": starts[4:7] + 200_000}
    ask(server.address, ":REC:PLAY")

    async def deliver():
        face.deliver({name: np.array(times, np.int64) for name, times in events.items()}, 1)

    loop.run(deliver())


def test_an_id900_tells_heralds_and_publishes_them(instrument):
    _, _, server = instrument
    ask(server.address, RECORDING)
    options = ("--live", server.datalink_address, "--option", "raw=1,2", "--option", "port=0")
    options += ("--gates", "50000:350000", "--detectors", "1,2")
    running = command(*options, "--publish", "tcp://127.0.0.1:0")
    subscriber = subscribed(running.stderr.readline().removeprefix("heralds are published at ").strip())
    streaming(server, running)
    played(instrument)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 0, err
    told = ["0 Psi+ 100000", "1 Psi+ 100000", "2 Psi+ 100000", "3 Psi+ 100000"]
    assert out.splitlines()[:6] == [*told, "5 Psi- 200000", "6 Psi- 200000"]
    assert not err
    heard = []
    while subscriber.poll(5000) and isinstance(message := read_message(subscriber.recv_multipart()), Heralds):
        heard += message.attempt.tolist()
    subscriber.close()
    assert heard == [0, 1, 2, 3, 5, 6]


@pytest.mark.parametrize("end", ["record", "SIGINT", "SIGKILL"])
def test_what_an_id900_sends_is_stored_while_heralds_are_told(instrument, tmp_path, capsys, end):
    _, _, server = instrument
    ask(server.address, RECORDING)
    folder, gates = tmp_path / "night", ("--gates", "50000:350000", "--detectors", "1,2")
    options = (
        "--live",
        server.datalink_address,
        "--option",
        "raw=1,2",
        "--option",
        "port=0",
        "--delays",
        "2=1000",
    )
    records = () if end == "record" else ("--option", "attempts=900")
    running = command(*options, *records, *gates, "--json", "--store", folder)
    streaming(server, running)
    played(instrument)
    first = running.stdout.readline()
    if end != "record":
        stored(folder / "tags-000001.arrows", 8)
        running.send_signal(signal.Signals[end])
    out, err = running.communicate(timeout=30)
    lines = [json.loads(line) for line in (first + out).splitlines() if line.startswith('{"attempt"')]
    assert [attempt for line in lines for attempt in line["attempt"]] == [0, 1, 2, 3, 5, 6]
    if end == "SIGKILL":
        assert execute(["tags", "repair", str(folder)]) == 0
        assert "did not close it" in capsys.readouterr().out
    else:
        assert running.returncode == 0, err
        assert f"8 tags are stored in {folder}\n" in err
        assert json.loads("{\n" + out.partition("{\n")[2])["stored"] == {"folder": str(folder), "tags": 8}
    assert [path.name for path in folder.iterdir()] == ["tags-000001.parquet"]
    assert (
        execute(["tags", "heralds", str(folder), *gates, "--json", "--output", str(tmp_path / "h.csv")]) == 0
    )
    again = json.loads(capsys.readouterr().out)
    assert again["heralds"] == 6


def stored(segment, tags):
    """Wait until so many tags are on the disk."""
    deadline = monotonic() + 20
    while True:
        with segment.open("rb") as stream:
            if sum(block.channel.size for block in SegmentTags(stream, salvage=True).blocks()) == tags:
                return
        assert monotonic() < deadline
        select.select([], [], [], 0.02)


def subscribed(address):
    subscriber = open_socket(zmq.SUB)
    subscriber.connect(address)
    subscriber.subscribe(b"")
    return subscriber


def test_the_address_of_published_heralds_is_the_first_line_of_json(tmp_path, capsys):
    path = tmp_path / "tags.arrows"
    with SegmentWriter(path, Header("test", "times", 1.0)) as writer:
        writer.push(attempts(0, 3))
    options = ("--follow", "--gates", "0:200000", "--detectors", "1,2", "--sync", "0", "--json")
    assert execute(["tags", "heralds", str(path), *options, "--publish", "tcp://127.0.0.1:0"]) == 0
    out, err = capsys.readouterr()
    address = json.loads(out.splitlines()[0])["published"]
    assert err == f"heralds are published at {address}\n"
    assert int(address.removeprefix("tcp://127.0.0.1:")) > 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--follow", "--live", "tcp://h:1"), "give one of them"),
        (("--live", "tcp://h:1", "x.ptu"), "leave out x.ptu"),
        (("--live", "tcp://h:1"), "raw=1,2"),
        (("--live", "tcp://h:1", "--option", "raw=1,x"), "whole number"),
        (("--live", "tcp://h:1", "--option", "raw=1", "--option", "colour=3"), "no option colour"),
        (
            ("--live", "tcp://h:1", "--option", "raw=1,2", "--delays", "3=5"),
            "delay for channel 3, which",
        ),
        (
            ("--live", "tcp://127.0.0.1:1", "--option", "raw=1,2", "--detectors", "1,5"),
            "no channel 5 (its channels: 1, 2)",
        ),
        (
            ("--live", "tcp://127.0.0.1:1", "--option", "raw=1,2", "--detectors", "1,2", "--hardware", "3"),
            "no channel 3 (its channels: 1, 2)",
        ),
        (("--idle", "1", "x.ptu"), "--follow"),
        (("--publish", "tcp://127.0.0.1:0", "x.ptu"), "--follow or --live"),
        (("--follow", "a", "b"), "one FILE"),
        (("--follow", "a", "--store", "b"), "--store keeps what --live sends"),
    ],
)
def test_what_does_not_fit_together_is_said(capsys, arguments, complaint):
    assert execute(["tags", "heralds", "--gates", "0:1", *arguments]) == 2
    assert complaint in capsys.readouterr().err
