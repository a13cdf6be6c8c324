# SPDX-License-Identifier: Apache-2.0
"""The wire format: round trips, limits, and that no bytes do worse than a ProtocolError."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.errors import ProtocolError
from heraldlink.messages.command import COMMAND_TYPES, Create
from heraldlink.messages.header import (
    MAX_BODY_BYTES,
    MAX_FRAMES,
    VERSION,
    Body,
    Header,
    Message,
    decode,
    encode,
    kind_of,
)
from heraldlink.messages.link import LINK_TYPES, Gen
from heraldlink.messages.worker import WORKER_TYPES

CREATE = Create(1, "bob", 200, 0.6, 30.0, 7, ("XX", "YY", "ZZ"), 1000)
GEN = Gen(1, 2, 3, 4, 5, 6, "XX", False, "program")


def message(body: Body, version: int = VERSION) -> Message:
    return Message(Header(version, kind_of(type(body)), 2**63 - 1, 0, 1, "alice", "bob"), body, (b"abc",))


@pytest.mark.parametrize(("body", "types"), [(CREATE, COMMAND_TYPES), (GEN, LINK_TYPES)])
def test_a_message_comes_back_as_it_was_sent(body: Body, types: dict[str, type[Body]]) -> None:
    sent = message(body)
    assert decode(encode(sent), types) == sent


def test_kinds_are_unique_over_all_channels() -> None:
    kinds = [*COMMAND_TYPES, *LINK_TYPES, *WORKER_TYPES]
    assert len(set(kinds)) == len(kinds)


def test_another_version_is_refused_with_a_remedy() -> None:
    with pytest.raises(ProtocolError, match="version 2 is not 1: upgrade"):
        decode(encode(message(CREATE, version=2)), COMMAND_TYPES)


def test_an_unknown_field_is_refused() -> None:
    frames = encode(message(CREATE))
    body = msgspec.msgpack.decode(frames[1]) | {"surprise": 1}
    with pytest.raises(ProtocolError, match="surprise"):
        decode([frames[0], msgspec.msgpack.encode(body)], COMMAND_TYPES)


def test_a_kind_of_another_channel_is_refused() -> None:
    with pytest.raises(ProtocolError, match="unknown message kind"):
        decode(encode(message(GEN)), COMMAND_TYPES)


def test_limits_hold_for_frames_and_body() -> None:
    frames = encode(message(CREATE))
    with pytest.raises(ProtocolError, match="frames exceeds"):
        decode(frames + [b""] * MAX_FRAMES, COMMAND_TYPES)
    with pytest.raises(ProtocolError, match="body of"):
        decode([frames[0], bytes(MAX_BODY_BYTES + 1)], COMMAND_TYPES)


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_garbage_is_a_protocol_error(frames: list[bytes]) -> None:
    with pytest.raises(ProtocolError):
        decode(frames, COMMAND_TYPES)


@given(st.data())
def test_a_spoiled_message_is_a_protocol_error_or_still_valid(data: st.DataObject) -> None:
    frames = encode(message(CREATE))
    which = data.draw(st.integers(0, 1))
    place = data.draw(st.integers(0, len(frames[which]) - 1))
    spoiled = bytearray(frames[which])
    spoiled[place] ^= data.draw(st.integers(1, 255))
    frames[which] = bytes(spoiled)
    try:
        found = decode(frames, COMMAND_TYPES)
    except ProtocolError:
        return
    assert isinstance(found.body, Create)
