# SPDX-License-Identifier: Apache-2.0
"""Heralds told as soon as they are decided: to a function, or to subscribers on this computer.

A herald message is ``[b"heralds", header, columns]``: the header is msgpack ``{"version": 2, "heralds": n,
"ambiguous": k}``, the columns stand one after another, little endian: attempt int64[n], after_ps int64[n],
ambiguous int64[k], pattern uint32[n], outcome uint8[n]. Each part of a message costs some 4 us. The stream's
end is ``[b"end", header]`` with all numbers; if it broke off, ``[b"broken", header]``, whose header has the
reason too, as ``broken``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Annotated, Any, Self, cast

import msgspec
import numpy as np
import zmq
from numpy.typing import NDArray

from heraldlink.errors import DataError, ProtocolError, RequestError
from heraldlink.heralding.herald_stream import HeraldStream
from heraldlink.heralding.results import HeraldResult, Heralds
from heraldlink.streams.memory import keep_memory
from heraldlink.tags.block import TagSource

VERSION = 2
TOPIC, END, BROKEN = b"heralds", b"end", b"broken"
TYPES = ("<i8", "<i8", "<i8", "<u4", "u1")
Columns = tuple[NDArray[np.integer[Any]], ...]
BLOCK_TAGS = 1 << 17
"""Tags per block at most, so that a burst does not delay its first heralds."""
HWM_MESSAGES = 100_000
"""Messages that wait for one subscriber; ZeroMQ drops what comes beyond, the numbers in ``end`` show it."""


class Numbers(msgspec.Struct, frozen=True):
    """Header of a message: ``heralds`` and ``ambiguous`` attempts in it, or in all of the stream; ``broken``:
    why that is not whole.
    """

    version: int
    heralds: Annotated[int, msgspec.Meta(ge=0)]
    ambiguous: Annotated[int, msgspec.Meta(ge=0)]
    broken: str = ""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Lengths of the columns."""
        return self.heralds, self.heralds, self.ambiguous, self.heralds, self.heralds

    @property
    def columns_bytes(self) -> int:
        """Length of all columns."""
        return sum(np.dtype(form).itemsize * size for form, size in zip(TYPES, self.sizes, strict=True))


def run_live(
    source: TagSource, stream: HeraldStream, tell: Callable[[Heralds], None], size: int = BLOCK_TAGS
) -> HeraldResult:
    """Push what comes through a stream of heralds, and tell them block by block; the result at the end.

    The last heralds, which only the end decides, are told too. Raises what the source and ``tell`` raise.
    """
    keep_memory()
    told = ambiguous = 0
    for block in source.blocks(size):
        heralds = stream.push(block)
        if heralds is not None:
            told, ambiguous = told + heralds.attempt.size, ambiguous + heralds.ambiguous.size
            tell(heralds)
    result = stream.finish()
    last = behind(result.heralds, told, ambiguous) if stream.keeps else result.heralds
    if last.attempt.size or last.ambiguous.size:
        tell(last)
    return result


def behind(heralds: Heralds, told: int, ambiguous: int) -> Heralds:
    """Without the first ``told`` heralds, and the first ``ambiguous`` attempts."""
    return Heralds(
        heralds.attempt[told:],
        heralds.outcome[told:],
        heralds.pattern[told:],
        heralds.after_ps[told:],
        None if heralds.time_ps is None else heralds.time_ps[told:],
        heralds.ambiguous[ambiguous:],
    )


class Publisher:
    """Publishes heralds on this computer: ``tcp://127.0.0.1:PORT`` or ``ipc://PATH``.

    They go out unencrypted, so that other addresses are refused (RequestError), as is one that is taken.
    """

    def __init__(self, address: str) -> None:
        if not address.startswith(("ipc://", "tcp://127.0.0.1:", "tcp://localhost:", "tcp://[::1]:")):
            raise RequestError(
                f"{address}: heralds are published unencrypted, on this computer only: tcp://127.0.0.1:PORT"
                " (a tunnel brings them further)"
            )
        self._heralds = self._ambiguous = 0
        context = cast("zmq.Context[zmq.Socket[bytes]]", zmq.Context.instance())
        self._socket = context.socket(zmq.PUB)
        self._socket.setsockopt(zmq.SNDHWM, HWM_MESSAGES)
        try:
            self._socket.bind(address.replace("localhost", "127.0.0.1"))
        except zmq.ZMQError as error:
            self._socket.close(linger=0)
            raise RequestError(f"{address}: cannot be published there ({error})") from error
        self.address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)
        """Where it listens; names the port where 0 was asked for."""

    def tell(self, heralds: Heralds) -> None:
        """Send the heralds of one block."""
        self._heralds += heralds.attempt.size
        self._ambiguous += heralds.ambiguous.size
        self._socket.send_multipart(message(heralds), copy=True)

    def close(self, broken: str = "") -> None:
        """Tell subscribers the end with the numbers of all that was told, or why there is none; and close."""
        if not self._socket.closed:
            numbers = Numbers(VERSION, self._heralds, self._ambiguous, broken)
            self._socket.send_multipart([BROKEN if broken else END, msgspec.msgpack.encode(numbers)])
            self._socket.close(linger=1000)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.close("" if error is None else str(error) or type(error).__name__)


def message(heralds: Heralds) -> list[bytes]:
    """Heralds as the parts of a message."""
    columns: Columns = (
        heralds.attempt,
        heralds.after_ps,
        heralds.ambiguous,
        heralds.pattern,
        heralds.outcome,
    )
    numbers = Numbers(VERSION, heralds.attempt.size, heralds.ambiguous.size)
    data = [column.astype(form, copy=False).data for column, form in zip(columns, TYPES, strict=True)]
    return [TOPIC, msgspec.msgpack.encode(numbers), b"".join(data)]


def read_message(parts: list[bytes]) -> Heralds | Numbers:
    """Heralds of a message (without times), or the numbers at the end.

    Raises DataError where the stream broke off, ProtocolError for what is no such message.
    """
    try:
        topic, header, *data = parts
        numbers = msgspec.msgpack.decode(header, type=Numbers)
        if numbers.version != VERSION:
            raise ProtocolError(f"heralds of version {numbers.version}; this version reads {VERSION}")
        if topic in (END, BROKEN) and not data:
            return _whole(topic, numbers)
        (columns,) = data
    except (ValueError, msgspec.DecodeError) as error:
        raise ProtocolError(f"not a message of heralds ({error})") from error
    if topic != TOPIC or len(columns) != numbers.columns_bytes:
        raise ProtocolError(f"not a message of heralds: {topic[:20]!r} with {len(columns)} bytes")
    attempt, after_ps, ambiguous, pattern, outcome = _columns(columns, numbers)
    return Heralds(attempt, outcome, pattern, after_ps, None, ambiguous)


def _columns(data: bytes, numbers: Numbers) -> Generator[NDArray[Any]]:
    begin = 0
    for form, size in zip(TYPES, numbers.sizes, strict=True):
        yield np.frombuffer(data, form, size, begin)
        begin += size * np.dtype(form).itemsize


def _whole(topic: bytes, numbers: Numbers) -> Numbers:
    if topic == BROKEN:
        raise DataError(f"the stream of heralds broke off after {numbers.heralds} heralds: {numbers.broken}")
    return numbers
