# SPDX-License-Identifier: Apache-2.0
"""Node agents against bare sockets: round trips, arrays, requests, starts, and the share of time in attempts.

    python benchmarks/agent.py                    # about two minutes
    python benchmarks/agent.py --qmi PYTHON       # an interpreter that has QMI, for its round trip
    python benchmarks/agent.py --only trips       # trips, requests, start or attempts

All figures are wall time with everything on this machine: bench, three agents, their workers, the client.
Round trips are taken with CURVE, except QMI's, and compared in the same rounds. Reads are told by the wire
to the instrument. The target stays with HiSLIP, through a driver that is not ours: no wire is picked for it
because it is quicker. Arrays stand beside the same frames returned by pyzmq alone,
which encrypts as much but checks and decodes nothing. A request is one for one pair on a bench where a slot
heralds (``READY``), from CREATE to its end, with all that bench and instruments took.
"""

import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from subprocess import PIPE, Popen
from time import monotonic, perf_counter

import zmq
from agent_attempts import attempts
from agent_peers import served
from measure import Row, arguments, at_least, below, demand, interleaved, medians, ratio, report, run
from node_rack import NodeRack

from heraldlink.client import Network, Request
from heraldlink.messages.command import COMMAND_TYPES, GetStatus, Ping
from heraldlink.messages.header import VERSION, Header, Message, decode, encode, kind_of, new_id

PARTS = ("trips", "requests", "start", "attempts")
CALLS, MEGABYTE, CROWD, STARTS = 200, 1_000_000, 64, 3
READY = {"attempts": 500, "bright_pulses": 100, "calibration_shots": 10, "record_ps": 20_000_000_000}
"""A sequence in which most slots herald, and little else is played."""
READS = {
    "raw socket": ("alice_dg", "delay"),
    "ZeroMQ": ("alice_tc", "tick_count"),
}
"""Parameters read in one exchange over wires other than HiSLIP, which is that of alice_mw."""
Curve = tuple[str, str]


def timed(calls: int, ask: Callable[[], object]) -> float:
    """Median time of a call, seconds."""
    times: list[float] = []
    for _ in range(calls):
        begun_s = perf_counter()
        ask()
        times.append(perf_counter() - begun_s)
    return median(times)


@contextmanager
def peer(kind: str, socket_type: int) -> Iterator["zmq.Socket[bytes]"]:
    """A socket connected with CURVE to a server of agent_peers.py."""
    (public, secret), (own, own_secret) = zmq.curve_keypair(), zmq.curve_keypair()
    with served(kind, public.decode(), secret.decode()) as address, zmq.Context() as context:
        socket = context.socket(socket_type)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.CURVE_SERVERKEY, public)
        socket.setsockopt(zmq.CURVE_PUBLICKEY, own)
        socket.setsockopt(zmq.CURVE_SECRETKEY, own_secret)
        socket.connect(address)
        with socket:
            yield socket


def exchange(socket: "zmq.Socket[bytes]", question: bytes = bytes(100)) -> None:
    """A question and its answer, of the size of a node's."""
    socket.send(question)
    socket.recv()


def ask_least(socket: "zmq.Socket[bytes]") -> None:
    """A status as the smallest client could ask for it."""
    header = Header(VERSION, kind_of(GetStatus), new_id(), 0, 1)
    socket.send_multipart(encode(Message(header, GetStatus())))
    demand(decode(socket.recv_multipart(), COMMAND_TYPES).header.request_id, header.request_id)


def echo_array(socket: "zmq.Socket[bytes]", array: bytes) -> None:
    """An array there and back as a message of ours."""
    header = Header(VERSION, kind_of(Ping), 1, 0, 0)
    socket.send_multipart(encode(Message(header, Ping(), (array,))), copy=False)
    demand(len(decode(socket.recv_multipart(), COMMAND_TYPES).arrays[0]), len(array))


def echo_frames(socket: "zmq.Socket[bytes]", frames: list[bytes]) -> None:
    """Frames there and back, as they are."""
    socket.send_multipart(frames, copy=False)
    demand([len(frame) for frame in socket.recv_multipart()], [len(frame) for frame in frames])


@contextmanager
def qmi(python: str) -> Iterator[Callable[[], float]]:
    """Median round trip of a call in QMI."""
    script = str(Path(__file__).parent / "agent_qmi.py")
    with Popen([python, script], stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def ask() -> float:
            stdin.write("\n")
            stdin.flush()
            return float(stdout.readline())

        yield ask
        stdin.close()


def trips(folder: Path, options: Namespace) -> list[Row]:
    """Round trips in the same rounds."""
    with ExitStack() as stack:
        rack = stack.enter_context(NodeRack(folder, keys=True))
        network = stack.enter_context(rack.connect())
        node = network["alice"]
        while node.status().state == "BOOT":
            pass
        bare, loop = (stack.enter_context(peer(kind, zmq.REQ)) for kind in ("bare", "asyncio"))
        arrays, plain, least = (
            stack.enter_context(peer(kind, zmq.DEALER)) for kind in ("array", "frames", "least")
        )
        array = bytes(MEGABYTE)
        subjects: dict[str, Callable[[], float]] = {
            "bare": partial(timed, CALLS, lambda: exchange(bare)),
            "asyncio": partial(timed, CALLS, lambda: exchange(loop)),
            "least": partial(timed, CALLS, lambda: ask_least(least)),
            "agent": partial(timed, CALLS, node.status),
            "read": partial(timed, CALLS, lambda: node.read("alice_mw", "power")),
            "array": partial(timed, 20, lambda: echo_array(arrays, array)),
            "frames": partial(timed, 20, lambda: echo_frames(plain, [bytes(30), bytes(10), array])),
        }
        subjects |= {wire: partial(timed, CALLS, partial(node.read, *read)) for wire, read in READS.items()}
        if options.qmi:
            subjects["qmi"] = stack.enter_context(qmi(options.qmi))
        samples = interleaved(subjects, options.rounds)
    found = medians(samples)
    rows = [
        Row("bare pyzmq REQ/REP with CURVE, round trip", found["bare"] * 1e6, "us"),
        below("agent call by bare", ratio(samples, "agent", "bare"), "", 1.2),
        Row("a status from the smallest node there could be by bare", ratio(samples, "least", "bare"), ""),
        below("instrument read (HiSLIP) through its worker by bare", ratio(samples, "read", "bare"), "", 2.5),
        *(Row(f"the same over {wire} by bare", ratio(samples, wire, "bare"), "") for wire in READS),
        Row("zmq.asyncio by bare", ratio(samples, "asyncio", "bare"), ""),
    ]
    rows += (
        [Row("QMI, without encryption, by bare", ratio(samples, "qmi", "bare"), "")] if options.qmi else []
    )
    speed, plainly = (2 * MEGABYTE / found[name] / 1e6 for name in ("array", "frames"))
    return [
        *rows,
        at_least("arrays of 1 MB there and back with CURVE", speed, "MB/s", 800),
        Row("the same frames by pyzmq alone", plainly, "MB/s"),
    ]


def one_pair(network: Network) -> Request:
    """A request for one pair, to its end."""
    request = network["alice"].create(remote="bob", number=1, minimum_fidelity=0.5, seed=1)
    demand(request.result.state, "DELIVERED")
    return request


def requests(folder: Path, options: Namespace) -> list[Row]:
    """Sequential and concurrent requests."""
    with NodeRack(folder, sequence=READY) as rack, rack.connect() as network:
        network.prepare()
        for _ in range(5):
            one_pair(network)
        begun_s, times, slots = monotonic(), list[float](), 0
        for _ in range(10 * options.rounds):
            asked_s = monotonic()
            slots += len(one_pair(network).result.slots)
            times.append(monotonic() - asked_s)
        rate = len(times) / (monotonic() - begun_s)
        crowd = [
            network["alice"].create(remote="bob", number=1, minimum_fidelity=0.5, max_time=600, seed=seed)
            for seed in range(CROWD)
        ]
        ended = [request.result.state for request in crowd]
        spread = max(map(spread_ticks, crowd[-2:]))
    return [
        below("request for one pair, p50", median(times) * 1e3, "ms", 5),
        at_least("requests one after another", rate, "1/s", 200),
        Row("slots of a request", slots / len(times), ""),
        at_least(f"of {CROWD} requests at once, delivered", ended.count("DELIVERED"), "", CROWD),
        below("planned starts of the three nodes apart", spread, "ticks", 1),
    ]


def spread_ticks(request: Request) -> int:
    """How far apart the slots are in which the three nodes recorded for a request, in ticks."""
    recorded = [sorted({slot for slot, _ in tags.tags}) for tags in request.tags().values()]
    demand(len({len(slots) for slots in recorded}), 1)
    return max(max(slots) - min(slots) for slots in zip(*recorded, strict=True))


def start(folder: Path, options: Namespace) -> list[Row]:
    """From nothing to the first pair, once modules are compiled."""
    times: list[float] = []
    for turn in range(STARTS + 1):
        own = folder / f"start-{turn}"
        own.mkdir()
        begun_s = monotonic()
        with NodeRack(own) as rack, rack.connect() as network:
            network.prepare()
            one_pair(network)
            times.append(monotonic() - begun_s)
    return [
        Row("start with modules to be compiled", times[0], "s"),
        below("start of bench and three nodes to the first pair", median(times[1:]), "s", 3),
    ]


def benchmark() -> None:
    """Measure and report."""
    parser = arguments(__doc__.splitlines()[0], rounds=10)
    parser.add_argument("--only", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--qmi", metavar="PYTHON", help="an interpreter that has QMI")
    options = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        for part in options.only:
            folder = Path(name) / part
            folder.mkdir()
            measure = {"trips": trips, "requests": requests, "start": start}.get(part)
            rows += measure(folder, options) if measure else attempts(folder)
    report(rows, options.json)


if __name__ == "__main__":
    run(benchmark)
