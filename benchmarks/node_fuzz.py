# SPDX-License-Identifier: Apache-2.0
"""Broken messages for a node's channels, a node to send them to, and the questions that it must answer."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import TypeVar

import msgspec
import zmq
from measure import WrongAnswer
from node_rack import CONFIGS
from ruamel.yaml import YAML

from heraldlink.errors import ProtocolError
from heraldlink.messages.command import COMMAND_TYPES, GetStatus, NodeStatus
from heraldlink.messages.header import VERSION, Body, Header, Message, decode, encode, kind_of, new_id
from heraldlink.messages.safety import SAFETY_TYPES, GetSafety, SafetyStatus
from heraldlink.security.keys import new_pair
from heraldlink.transport import Dealer

Answer = TypeVar("Answer", bound=Body)
LIMIT_s = 60.0
ANSWER_s = 10.0
_PAGE = os.sysconf("SC_PAGESIZE")
WILD: tuple[object, ...] = (
    None, True, -1, 0, 1, 2**31, 2**63 - 1, 2**64 - 1, -(2**63), 1e308, float("nan"), float("inf"), -0.0,
    "", "alice", "x" * 1000, "../../etc/passwd", "__class__", "\x00", b"", b"\xff" * 100, [], {}, [[[[[]]]]],
    {"": {"": {}}}, [1] * 100,
)  # fmt: skip


class Maker:
    """Draws messages for a channel that knows ``types``."""

    def __init__(self, types: Mapping[str, type[Body]], drawn: random.Random, ends: tuple[str, ...]) -> None:
        self._types, self._random, self._ends = list(types.items()), drawn, ends
        self._ways: tuple[Callable[[], list[bytes]], ...] = (self._garbage, self._spoiled, self._wild)

    def message(self) -> list[bytes]:
        """Frames of one message."""
        return self._random.choice(self._ways if self._types else self._ways[:1])()

    def _garbage(self) -> list[bytes]:
        number = self._random.choice((1, 1, 2, 2, 3, 5, 20, 70))
        return [self._random.randbytes(self._random.choice((0, 1, 5, 30, 300))) for _ in range(number)]

    def _spoiled(self) -> list[bytes]:
        frames = [bytearray(frame) for frame in self._wild()]
        for _ in range(self._random.choice((1, 1, 2, 5))):
            frame = self._random.choice(frames)
            place = self._random.randrange(len(frame) + 1)
            if self._random.random() < 0.5 and frame:
                frame[place - 1] ^= 1 << self._random.randrange(8)
            elif self._random.random() < 0.5:
                frame[place:place] = self._random.randbytes(self._random.randrange(8))
            else:
                del frame[place:]
        return [bytes(frame) for frame in frames]

    def _wild(self) -> list[bytes]:
        kind, body_type = self._random.choice(self._types)
        fields = msgspec.structs.fields(body_type)
        body: dict[str, object] = {"kind": kind}
        body |= {field.encode_name: self._value(field) for field in fields if self._random.random() < 0.95}
        head: list[object] = [VERSION, kind, self._random.getrandbits(63), 0, self._random.choice((0, 1, 5))]
        head += [self._random.choice(("", *self._ends)), self._random.choice(("", "midpoint", *self._ends))]
        frames = [msgspec.msgpack.encode(head), msgspec.msgpack.encode(body)]
        return frames + [self._random.randbytes(8)] * self._random.choice((0, 0, 0, 1, 3))

    def _value(self, field: msgspec.structs.FieldInfo) -> object:
        likely = {int: 3, float: 0.5, str: "alice", bool: True}
        if self._random.random() < 0.6 and field.type in likely:
            return likely[field.type]
        return self._random.choice(WILD)


class Lair:
    """A bench and a midpoint with all its channels, under ``heraldlink up``; use it as a context."""

    def __init__(self, folder: Path, *, keys: bool = False) -> None:
        folder.mkdir()
        self._folder, self._processes = folder, dict[str, subprocess.Popen[bytes]]()
        self._start(
            "sim", ["-m", "heraldlink_sim", str(CONFIGS / "benches" / "two_nodes.yaml"), "--pace", "fast"]
        )
        self._await("sim")
        if keys:
            new_pair(folder / "keys", "midpoint")
        options = ["--addresses", str(folder / "sim.json"), "--free-ports", "--data", str(folder)]
        self._start("node", ["-m", "heraldlink.cli", "up", str(self._file(keys)), *options])
        self._addresses = self._await("node")
        self._first = self.pids()

    def __enter__(self) -> "Lair":
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(list(self._processes.values())):
            process.terminate()
            process.wait(30)

    def address(self, channel: str) -> str:
        """Where a channel listens."""
        return self._addresses["midpoint" if channel == "command" else f"midpoint.{channel}"]

    def pids(self) -> list[int]:
        """The supervisor and its children: agent and worker."""
        return [self._processes["node"].pid, *children(self._processes["node"].pid)]

    def files(self) -> int:
        """Open files of the supervisor and its children."""
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.pids())

    def verify(self) -> None:
        """Raise WrongAnswer if a process was replaced or said something unexpected."""
        if self.pids() != self._first:
            raise WrongAnswer(f"the node's processes were {self._first} and are {self.pids()}")
        log = (self._folder / "node.log").read_text(errors="replace")
        if "Traceback" in log:
            raise WrongAnswer(f"the node's log holds a traceback: {log[log.index('Traceback') :][:2000]}")

    def _file(self, keys: bool) -> Path:
        yaml, shipped = YAML(), CONFIGS / "nodes" / "midpoint.yaml"
        content = yaml.load(shipped)
        for key in ("station", "sequence", "devices"):
            content[key] = str((shipped.parent / content[key]).resolve())
        if keys:
            content["security"] = {"keys": str(self._folder / "keys")}
        file = self._folder / "midpoint.yaml"
        yaml.dump(content, file)
        return file

    def _start(self, name: str, arguments: list[str]) -> None:
        command = [sys.executable, *arguments, "--ports-file", str(self._folder / f"{name}.json")]
        with (self._folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _await(self, name: str) -> dict[str, str]:
        ports, until_s = self._folder / f"{name}.json", monotonic() + LIMIT_s
        while not ports.exists():
            if self._processes[name].poll() is not None or monotonic() > until_s:
                raise WrongAnswer(
                    f"{name} does not listen: {(self._folder / f'{name}.log').read_text()[-500:]}"
                )
            sleep(0.01)
        found: dict[str, str] = json.loads(ports.read_text())
        return found


class Prober:
    """Asks on the command and the safety channel, as somebody who keeps the rules."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", lair: Lair) -> None:
        self._command = Dealer(context, lair.address("command"), "command", node="midpoint")
        self._safety = Dealer(context, lair.address("safety"), "safety", node="midpoint")
        self.slowest_s = 0.0

    def settle(self) -> None:
        """Wait until the node has opened its instruments: what that takes is no growth."""
        until_s = monotonic() + LIMIT_s
        while self._ask(self._command, GetStatus(), COMMAND_TYPES, NodeStatus).state in ("BOOT", "RECOVER"):
            if monotonic() > until_s:
                raise WrongAnswer(f"the node has not opened its instruments within {LIMIT_s:g} s")
            sleep(0.05)
        self.slowest_s = 0.0

    def check(self) -> None:
        """Raise WrongAnswer unless both channels answer their question."""
        self._ask(self._command, GetStatus(), COMMAND_TYPES, NodeStatus)
        self._ask(self._safety, GetSafety(), SAFETY_TYPES, SafetyStatus)

    def _ask(
        self, dealer: Dealer, question: Body, types: Mapping[str, type[Body]], answer: type[Answer]
    ) -> Answer:
        begun, request_id = perf_counter(), new_id()
        header = Header(VERSION, kind_of(type(question)), request_id, 0, 1)
        dealer.send_or_raise(encode(Message(header, question)), "midpoint", ANSWER_s)
        frames = dealer.receive(ANSWER_s)
        if frames is None:
            raise WrongAnswer(f"{kind_of(type(question))} was not answered within {ANSWER_s:g} s")
        try:
            message = decode(frames, dict(types))
        except ProtocolError as error:
            raise WrongAnswer(f"{kind_of(type(question))} was answered with {error}") from error
        if message.header.request_id != request_id or not isinstance(message.body, answer):
            raise WrongAnswer(f"{kind_of(type(question))} was answered with {message.body}")
        self.slowest_s = max(self.slowest_s, perf_counter() - begun)
        return message.body


def children(pid: int) -> list[int]:
    """Process ids of all children and their children (Linux)."""
    found: list[int] = []
    for task in sorted(Path(f"/proc/{pid}/task").iterdir()):
        for child in (task / "children").read_text().split():
            found += [int(child), *children(int(child))]
    return found


def resident_MB(pids: list[int]) -> float:
    """Memory that processes use."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids) * _PAGE / 1e6
