# SPDX-License-Identifier: Apache-2.0
"""Queries per second of simulated instruments on a raw socket, against echo servers of asyncio itself.

Sequential: one plain blocking socket asks and waits. Pipelined: it sends 100 questions at once. Every server
runs in a process of its own; all are measured in each round. The echo servers do nothing but send the
question back; see ``echo.py`` for the two kinds of streams.
"""

import socket
import subprocess
import time
from contextlib import ExitStack, suppress

import peers
from measure import Row, arguments, at_least, demand, interleaved, medians, ratio, report, run
from servers import ECHOES, last_of_tree, served

SEQUENTIAL, PIPELINED, BATCH = 500, 3000, 100
INSTRUMENTS = ("reference", "santec", "awg")
STREAMS = "streams, sequential"
TREES = (10, 100, 1000, 10_000)


class Client:
    """A plain blocking socket that knows the right answer."""

    def __init__(self, port: int, question: bytes, answer: bytes | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._question, self._answer = question, answer or question
        self.sequential(200)

    def sequential(self, count: int = SEQUENTIAL) -> float:
        """Queries per second, one after the other."""
        send, receive, question, answer = (
            self._socket.sendall,
            self._socket.recv,
            self._question,
            self._answer,
        )
        begun = time.perf_counter()
        for _ in range(count):
            send(question)
            if (received := receive(4096)) != answer:
                demand(received, answer)
        return count / (time.perf_counter() - begun)

    def pipelined(self) -> float:
        """Queries per second, sent in batches."""
        question, expected = self._question * BATCH, self._answer * BATCH
        begun = time.perf_counter()
        for _ in range(PIPELINED // BATCH):
            self._socket.sendall(question)
            received = b""
            while len(received) < len(expected):
                received += self._socket.recv(1 << 16)
            demand(received, expected)
        return PIPELINED / (time.perf_counter() - begun)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--peers", metavar="PYTHON", help="interpreter with sinstruments and scpipy")
    options = parser.parse_args()
    with ExitStack() as stack:
        clients = {name: _client(stack, name) for name in (*ECHOES, *INSTRUMENTS)}
        trees = {f"tree{nodes}": _client(stack, f"tree{nodes}", nodes) for nodes in TREES}
        clients |= trees
        if options.peers:
            clients |= {name: _peer(stack, options.peers, name) for name in peers.QUESTIONS}
        ways = {f"{name}, sequential": client.sequential for name, client in clients.items()}
        ways |= {f"{name}, pipelined": client.pipelined for name, client in clients.items()}
        samples = interleaved(ways, options.rounds)
    if not options.peers:
        print("other simulators: skipped, see --peers")
    rows = [Row(name, figure, "queries/s") for name, figure in medians(samples).items()]
    for name in INSTRUMENTS:
        one, many = f"{name}, sequential", f"{name}, pipelined"
        rows += [
            at_least(f"{name} / streams, sequential", ratio(samples, one, STREAMS), "", 1.0),
            at_least(f"{name}, pipelined / streams, sequential", ratio(samples, many, STREAMS), "", 2.7),
            Row(f"{name} / streams-warm, sequential", ratio(samples, one, "streams-warm, sequential"), ""),
            Row(f"{name} / streams, both pipelined", ratio(samples, many, "streams, pipelined"), ""),
        ]
    for name in peers.QUESTIONS if options.peers else ():
        share = ratio(samples, f"{name}, sequential", STREAMS)
        rows.append(Row(f"{name} / streams, sequential", share, ""))
    for nodes in TREES[1:]:
        share = ratio(samples, f"tree{nodes}, pipelined", f"tree{TREES[0]}, pipelined")
        rows.append(at_least(f"{nodes} nodes / {TREES[0]} nodes, pipelined", share, "", 0.9))
    report(rows, options.json)


def _client(stack: ExitStack, name: str, nodes: int = 0) -> Client:
    port = stack.enter_context(served(name))["raw"]
    if nodes:
        return Client(port, last_of_tree(nodes) + b"?\n", f"{nodes - 1}\n".encode())
    questions = {
        "reference": (b"SOUR:LEV?\n", b"1.5\n"),
        "santec": (b":POW:UNIT?\r", b"+0\r"),
        "awg": (b"SOUR1:VOLT?\n", None),
    }
    question, answer = questions.get(name, (b"SOUR:LEV?\n", b"SOUR:LEV?\n"))
    return Client(port, question, answer or _ask(port, question))


def _peer(stack: ExitStack, python: str, name: str) -> Client:
    process = stack.enter_context(
        subprocess.Popen([python, peers.__file__, name], stdout=subprocess.PIPE, text=True)
    )
    stack.callback(process.kill)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError):
            return Client(port, *peers.QUESTIONS[name])
        time.sleep(0.05)
    raise TimeoutError(name)


def _ask(port: int, question: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(question)
        return client.recv(4096)


if __name__ == "__main__":
    run(main)
