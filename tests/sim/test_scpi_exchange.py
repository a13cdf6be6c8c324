# SPDX-License-Identifier: Apache-2.0
"""The message exchange of IEEE 488.2 chapter 6, channel lists, memories, limits of input and memory."""

import asyncio
from collections.abc import Coroutine

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from heraldlink_sim.scpi import (
    Boolean,
    ChannelList,
    Memories,
    MessageExchange,
    Number,
    ScpiDevice,
    ScpiError,
    Session,
    Setting,
    command,
)
from heraldlink_sim.scpi.lexer import Argument, text_size


class Switch(Memories):
    error_capacity = 200

    identity = "ACME,SWITCH,SIM-1,1.0"
    memories = 3
    level = Setting("LEVel", Number(0, 10, default=1))
    output = Setting("OUTPut<1..2>", Boolean())

    def __init__(self) -> None:
        super().__init__()
        self.closed: tuple[int, ...] = ()

    @command("CLOSe", ChannelList(1, 8))
    def _close(self, channels: tuple[int, ...]) -> None:
        self.closed = channels

    @command("RUN")
    def _go(self) -> None:
        self.begin(5.0)


def codes(device: ScpiDevice) -> list[int]:
    return [error.code for error in device.errors.drain()]


class Exchange(RuleBasedStateMachine):
    """What a controller reads is the answer to its last message, or nothing with -420."""

    def __init__(self) -> None:
        super().__init__()
        self.device = Switch()
        self.exchange = MessageExchange(self.device)
        self.waiting, self.expected = b"", list[int]()

    def run(self, work: Coroutine[object, object, bytes | None]) -> bytes | None:
        try:
            work.send(None)
        except StopIteration as done:
            return done.value
        raise AssertionError("nothing here has to wait")

    def _interrupts(self) -> None:
        if self.waiting:
            self.expected.append(-410)
        self.waiting = b""

    @rule(level=st.integers(0, 10))
    def query(self, level: int) -> None:
        self._interrupts()
        self.run(self.exchange.write(f"LEV {level};LEV?\n".encode()))
        self.waiting = f"{level}\n".encode()

    @rule()
    def command(self) -> None:
        self._interrupts()
        self.run(self.exchange.write(b"OUTP"))
        self.expected.append(-109)

    @rule(count=st.integers(1, 5))
    def read(self, count: int) -> None:
        read = self.run(self.exchange.read(count))
        assert read == self.waiting[:count]
        if not self.waiting:
            self.expected.append(-420)
        self.waiting = self.waiting[count:]

    @rule()
    def half_a_message(self) -> None:
        self._interrupts()
        self.run(self.exchange.write(b"LEV?;NOSU", end=False))
        assert self.run(self.exchange.read()) == b""
        self.expected.append(-420)

    @rule()
    def clear(self) -> None:
        self.exchange.clear()
        self.waiting = b""

    @precondition(lambda self: len(self.expected) > 20)
    @rule()
    def read_errors(self) -> None:
        assert codes(self.device) == self.expected
        self.expected.clear()

    @invariant()
    def message_available(self) -> None:
        assert bool(self.exchange.poll() & 16) is bool(self.waiting)


TestExchange = Exchange.TestCase


def test_too_long_a_response_is_a_deadlock_and_the_rest_is_executed() -> None:
    device = Switch()
    exchange = MessageExchange(device, output_capacity=100)
    asyncio.run(exchange.write(b";".join([b"*IDN?", b"*CLS"])))
    assert asyncio.run(exchange.read()) == b"ACME,SWITCH,SIM-1,1.0\n"
    asyncio.run(exchange.write(b"LEV?;" * 60 + b"LEV 7"))
    assert codes(device) == [-430]
    assert device.level.get() == 7


def test_too_long_a_message_is_dropped_whole() -> None:
    device = Switch()
    exchange = MessageExchange(device, input_capacity=20)
    asyncio.run(exchange.write(b"LEV 7;" + b" " * 20))
    asyncio.run(exchange.write(b"LEV?"))
    assert asyncio.run(exchange.read()) == b"1\n"
    assert codes(device) == [-363]


async def _cleared_while_waiting() -> tuple[list[int], bytes]:
    class Stuck(Switch):
        async def complete(self) -> None:
            await asyncio.Event().wait()

    device = Stuck()
    exchange = MessageExchange(device)
    waiting = asyncio.create_task(exchange.write(b"*OPC?"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    exchange.clear()
    await waiting
    await exchange.write(b"LEV?")
    return codes(device), await exchange.read()


def test_device_clear_reaches_what_waits() -> None:
    assert asyncio.run(_cleared_while_waiting()) == ([], b"1\n")


@given(ranges=st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8)), max_size=5), blank=st.booleans())
def test_channel_lists(ranges: list[tuple[int, int]], blank: bool) -> None:
    separator = " , " if blank else ","
    device = Switch()
    device.execute_now(f"CLOS (@{separator.join(f'{a}:{b}' for a, b in ranges)})".encode())
    expected = [n for a, b in ranges for n in (range(a, b + 1) if a <= b else range(a, b - 1, -1))]
    assert list(device.closed) == expected
    assert codes(device) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [("(@9)", -222), ("(@1:9)", -222), ("(@x)", -171), ("(1)", -171), ("5", -104), ('"(@1)"', -104)],
)
def test_channel_lists_that_are_none(text: str, code: int) -> None:
    device = Switch()
    device.execute_now(f"CLOS {text}".encode())
    assert codes(device) == [code]
    assert device.closed == ()


def test_memories_outlast_a_reset_and_empty_ones_hold_the_defaults() -> None:
    device = Switch()
    device.execute_now(b"LEV 3;:OUTP2 ON;*SAV 2;:LEV 4;*RST")
    assert device.execute_now(b"LEV?;*RCL 2;:LEV?;:OUTP2?;*RCL 0;:LEV?") == b"1;3;1;1"
    device.execute_now(b"*SAV 3;*RCL -1;*RCL 3")
    assert codes(device) == [-222, -222, -222]


@given(payload=st.binary(max_size=50), text=st.binary(max_size=20))
def test_text_size_leaves_out_blocks(payload: bytes, text: bytes) -> None:
    plain = text.replace(b"#", b"")
    message = plain + b" #2" + b"%02d" % len(payload) + payload + plain
    assert text_size(message) == len(message) - len(payload)


def test_text_is_limited_blocks_are_not() -> None:
    session, device = Session(text_limit=1000), Switch()
    block = b"DATA #44000" + b"\n" * 4000
    assert list(session.feed(block + b"\n" + b"A" * 1001)) == [block]
    assert list(session.feed(b"A\n*IDN?\n")) == [None, b"*IDN?"]
    device.execute_now(b"LEV 5" + b" " * (1 << 21))
    assert codes(device) == [-363]
    assert device.level.get() == 1


@given(messages=st.lists(st.binary(max_size=60), max_size=20))
def test_any_stream_of_bytes_is_framed_and_the_buffer_stays_bounded(messages: list[bytes]) -> None:
    session, device = Session(text_limit=200, limit=400), Switch()
    for message in messages:
        for complete in session.feed(message + b"\n"):
            if complete is not None:
                assert isinstance(device.execute_now(complete), bytes)
    if not session.pending:
        assert list(session.feed(b"*IDN?\n")) == [b"*IDN?"]


def test_caches_are_bounded() -> None:
    device = Switch()
    for number in range(20_000):
        device.execute_now(b"LEV? " + str(number).encode())
        device.execute_now(b"l" + b"E" * (number % 2) + b"V?" + b" " * (number % 100))
    assert len(device._plans) <= 4096
    assert len(device._headers) <= 4096


def test_operations_one_message_and_a_thousand_waits() -> None:
    device = Switch()
    answer = asyncio.run(device.execute(b";".join([b"RUN;*WAI"] * 1000) + b";*OPC?"))
    assert answer == b"1"
    assert device.clock.now_s() >= 5000


def test_an_argument_of_the_wrong_kind_names_it() -> None:
    with pytest.raises(ScpiError, match="abc"):
        ChannelList(1, 2).parse(Argument("word", b"abc"))
