# SPDX-License-Identifier: Apache-2.0
"""MB per second of a 10 MB waveform over HiSLIP: ``WLIS:WAV:DATA`` and ``WLIS:WAV:DATA?`` of an AWG70002A.

Three clients: ``plain`` is a blocking HiSLIP client of 50 lines that receives into memory it has already;
``pyvisa-py`` writes and reads as a user would; its figure with ``chunk_size`` of 16 MB shows what the default
of 20 kB costs. An upload ends when the error queue, asked behind it, has answered. For comparison the same
bytes are sent to a sink, and received from a source, on bare sockets (``loopback``).
"""

import os
import socket
import struct
import time
from collections.abc import Callable

import numpy as np
import pyvisa
from measure import Row, arguments, at_least, demand, interleaved, medians, ratio, report, run
from pyvisa.resources import MessageBasedResource
from servers import served

SAMPLES = 2_500_000
SIZE = 4 * SAMPLES
HEADER = struct.Struct("!2sBBIQ")
_LIMIT = 1 << 26


class PlainClient:
    """HiSLIP in synchronised mode, no more than is needed."""

    def __init__(self, port: int) -> None:
        self._sync, self._async = (socket.create_connection(("127.0.0.1", port)) for _ in range(2))
        self._sync.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sync.sendall(HEADER.pack(b"HS", 0, 0, 0x0100_0000, 7) + b"hislip0")
        number = HEADER.unpack(self._take(self._sync, HEADER.size))[3] & 0xFFFF
        self._async.sendall(HEADER.pack(b"HS", 17, 0, number, 0))
        self._take(self._async, HEADER.size)
        self._async.sendall(HEADER.pack(b"HS", 15, 0, 0, 8) + _LIMIT.to_bytes(8))
        self.limit = int.from_bytes(self._take(self._async, HEADER.size + 8)[HEADER.size :])
        self._id, self._delivered = 0xFFFF_FF00, 0
        self._memory = memoryview(bytearray(SIZE + 64))

    def write(self, message: bytes | memoryview) -> None:
        """Send a message in as few pieces as the server takes."""
        view, piece = memoryview(message), self.limit - HEADER.size
        for start in range(0, len(view), piece):
            part = view[start : start + piece]
            kind = 7 if start + piece >= len(view) else 6
            self._sync.sendall(HEADER.pack(b"HS", kind, self._delivered, self._id, len(part)))
            self._sync.sendall(part)
            self._delivered, self._id = 0, (self._id + 2) & 0xFFFF_FFFF

    def read(self) -> memoryview:
        """Receive an answer; it is overwritten by the next one."""
        filled, kind = 0, 6
        while kind == 6:
            _, kind, _, _, length = HEADER.unpack(self._take(self._sync, HEADER.size))
            self._into(self._memory[filled : filled + length])
            filled += length
        self._delivered = 1
        return self._memory[:filled]

    def ask(self, question: bytes) -> memoryview:
        self.write(question)
        return self.read()

    def _into(self, view: memoryview) -> None:
        while len(view):
            if not (count := self._sync.recv_into(view)):
                raise ConnectionError("closed")
            view = view[count:]

    @staticmethod
    def _take(connection: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += connection.recv(size - len(data))
        return data


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, SAMPLES).astype("<f4")
    block = f"#8{SIZE:08d}".encode() + samples.tobytes()
    upload = f'WLIS:WAV:DATA "w",0,{SAMPLES},'.encode() + block
    with served("awg") as ports:
        plain, visa = PlainClient(ports["hislip"]), _visa(ports["hislip"])
        plain.write(f'WLIS:WAV:NEW "w",{SAMPLES}'.encode())
        subjects = {
            "upload, plain client": _plain_upload(plain, upload),
            "upload, pyvisa-py": _visa_upload(visa, upload),
            "upload, loopback": lambda: _loopback(upload, sink=True),
            "download, plain client": _plain_download(plain, block),
            "download, pyvisa-py": _visa_download(visa, block, 20 << 10),
            "download, pyvisa-py, 16 MB chunks": _visa_download(visa, block, 16 << 20),
            "download, loopback": lambda: _loopback(upload, sink=False),
        }
        for measure in subjects.values():
            measure()
        samples = interleaved(subjects, options.rounds)
        visa.close()
    targets = {"upload, plain client": 300, "upload, pyvisa-py": 300, "download, plain client": 1000}
    rows = [
        at_least(name, figure, "MB/s", targets[name]) if name in targets else Row(name, figure, "MB/s")
        for name, figure in medians(samples).items()
    ]
    for name in targets:
        way = name.partition(",")[0]
        rows.append(Row(f"{name} / loopback", ratio(samples, name, f"{way}, loopback"), ""))
    report(rows, options.json)


def _plain_upload(client: PlainClient, upload: bytes) -> Callable[[], float]:
    def measure() -> float:
        begun = time.perf_counter()
        client.write(upload)
        answer = bytes(client.ask(b"SYST:ERR?"))
        spent = time.perf_counter() - begun
        demand(answer, b'0,"No error"\n')
        return SIZE / spent / 1e6

    return measure


def _visa_upload(client: MessageBasedResource, upload: bytes) -> Callable[[], float]:
    def measure() -> float:
        begun = time.perf_counter()
        client.write_raw(upload)
        answer = client.query("SYST:ERR?")
        spent = time.perf_counter() - begun
        demand(answer, '0,"No error"')
        return SIZE / spent / 1e6

    return measure


def _plain_download(client: PlainClient, block: bytes) -> Callable[[], float]:
    def measure() -> float:
        begun = time.perf_counter()
        answer = client.ask(b'WLIS:WAV:DATA? "w"')
        spent = time.perf_counter() - begun
        demand(answer == block + b"\n", True)
        return SIZE / spent / 1e6

    return measure


def _visa_download(client: MessageBasedResource, block: bytes, chunk: int) -> Callable[[], float]:
    def measure() -> float:
        client.chunk_size = chunk
        begun = time.perf_counter()
        client.write('WLIS:WAV:DATA? "w"')
        answer = client.read_raw()
        spent = time.perf_counter() - begun
        demand(answer == block + b"\n", True)
        return SIZE / spent / 1e6

    return measure


def _visa(port: int) -> MessageBasedResource:
    resource = pyvisa.ResourceManager("@py").open_resource(
        f"TCPIP::127.0.0.1::hislip0,{port}::INSTR", read_termination="\n", write_termination="\n"
    )
    assert isinstance(resource, MessageBasedResource)
    return resource


def _loopback(data: bytes, *, sink: bool) -> float:
    """The same number of bytes between two processes without any protocol."""
    listener = socket.create_server(("127.0.0.1", 0))
    child = os.fork()
    if not child:
        _other_side(listener, data, sink)
    with listener, socket.create_connection(listener.getsockname()) as connection:
        memory = memoryview(bytearray(SIZE))
        connection.recv(1)
        begun = time.perf_counter()
        connection.sendall(b"x")
        if sink:
            connection.sendall(memoryview(data)[:SIZE])
            connection.recv(1)
        else:
            filled = 0
            while filled < SIZE:
                filled += connection.recv_into(memory[filled:])
        spent = time.perf_counter() - begun
    os.waitpid(child, 0)
    return SIZE / spent / 1e6


def _other_side(listener: socket.socket, data: bytes, sink: bool) -> None:
    connection, _ = listener.accept()
    memory = memoryview(bytearray(SIZE))
    memory[:] = data[:SIZE]
    connection.sendall(b"x")
    connection.recv(1)
    if sink:
        filled = 0
        while filled < SIZE:
            filled += connection.recv_into(memory[filled:])
        connection.sendall(b"x")
    else:
        connection.sendall(memory)
    os._exit(0)


if __name__ == "__main__":
    run(main)
