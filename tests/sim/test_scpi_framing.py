# SPDX-License-Identifier: Apache-2.0
"""Cutting a byte stream into messages, however it arrives."""

from hypothesis import given
from hypothesis import strategies as st

from heraldlink_sim.scpi import Session, block

_TEXTS = st.sampled_from([b"*IDN?", b"FREQ 1e6;FREQ?", b'LAB "a #15 b"', b"X 'it''s'", b"Y #H1F", b"Z #"])
_BLOCKS = st.binary(max_size=40).map(lambda payload: b'DATA "f",' + block(payload))


def feed(session: Session, data: bytes, sizes: list[int]) -> list[bytes | None]:
    messages: list[bytes | None] = []
    position = 0
    for size in sizes:
        messages += session.feed(data[position : position + size])
        position += size
    return messages + list(session.feed(data[position:]))


@given(
    messages=st.lists(_TEXTS | _BLOCKS, max_size=6),
    sizes=st.lists(st.integers(1, 9), max_size=60),
    terminator=st.sampled_from([b"\n", b"\r", b"\r\n"]),
)
def test_pieces_of_any_size_give_the_same_messages(
    messages: list[bytes], sizes: list[int], terminator: bytes
) -> None:
    stream = b"".join(message + terminator for message in messages)
    assert feed(Session(terminator), stream, sizes) == messages


def test_empty_messages_are_dropped() -> None:
    assert list(Session(b"\n").feed(b"\n \n\r\nA\n")) == [b"A"]


def test_carriage_return_before_the_line_feed_is_a_blank() -> None:
    assert [message.strip() for message in Session(b"\n").feed(b"A?\r\nB?\r\n") if message] == [b"A?", b"B?"]


def test_unbalanced_quote_ends_with_the_line() -> None:
    assert list(Session().feed(b'LAB "abc\n*IDN?\n')) == [b'LAB "abc', b"*IDN?"]


@given(payload=st.binary(max_size=60), sizes=st.lists(st.integers(1, 9), max_size=40))
def test_a_block_may_end_the_message_by_itself(payload: bytes, sizes: list[int]) -> None:
    upload = b'MMEM:DATA "f",' + block(payload)
    stream = upload + b'MMEM:OPEN "f"\n' + upload + b"\n*OPC?\n"
    expected = [upload, b'MMEM:OPEN "f"', upload, b"*OPC?"]
    assert feed(Session(block_ends_message=True), stream, sizes) == expected


def test_a_unit_behind_a_block_stays_in_the_message() -> None:
    message = b"DATA " + block(b"\n\n") + b";*OPC?"
    assert list(Session(block_ends_message=True).feed(message + b"\n")) == [message]


def test_overlong_message_is_reported_once_and_the_next_one_arrives() -> None:
    session = Session(limit=100)
    received: list[bytes | None] = []
    for _ in range(50):
        received += session.feed(b"x" * 10)
    assert list(session.feed(b"x\n*IDN?\n")) == [None, b"*IDN?"]
    assert received == []


def test_clear_forgets_half_a_message() -> None:
    session = Session()
    assert list(session.feed(b"DATA #9100")) == []
    session.clear()
    assert list(session.feed(b"*IDN?\n")) == [b"*IDN?"]


@given(
    stream=st.lists(
        st.sampled_from([b"*IDN?", b"A 1;B?", b" ", b"\n", b"\r\n", b"\r", b'L "x"', b"D #12ab", b"'"])
    ),
    terminator=st.sampled_from([b"\n", b"\r", b"\r\n"]),
)
def test_the_short_cut_gives_what_feeding_gives(stream: list[bytes], terminator: bytes) -> None:
    data = b"".join(stream)
    if data and (plain := Session(terminator).plain_messages(data)) is not None:
        assert plain == list(Session(terminator).feed(data))
