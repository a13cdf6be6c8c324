# SPDX-License-Identifier: Apache-2.0
"""Heralds of a live stream: the same as afterwards, told to a function or to subscribers."""

from contextlib import contextmanager

import msgspec
import numpy as np
import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import DataError, ProtocolError, RequestError
from heraldlink.heralding.attempts import CountedSyncs
from heraldlink.heralding.herald_stream import HeraldStream
from heraldlink.heralding.patterns import single_click
from heraldlink.heralding.results import Heralds, joined
from heraldlink.streams.heralds import VERSION, Numbers, Publisher, message, read_message, run_live
from heraldlink.tags.block import END_PS, Block, Header

TABLE = single_click(1, 2, (100, 600))


class Arrays:
    """A source of arrays."""

    header = Header("test", "times", 1.0)

    def __init__(self, seed, block_tags):
        random = np.random.default_rng(seed)
        clicks = np.sort(random.integers(0, 1_000_000, 3000))
        syncs = np.arange(0, 1_000_000, 1000)
        time_ps = np.concatenate((syncs, clicks))
        order = np.argsort(time_ps, kind="stable")
        self._time, self._size = time_ps[order], block_tags
        self._channel = np.concatenate((syncs * 0, random.integers(1, 3, 3000))).astype(np.int16)[order]

    def blocks(self, size=1 << 20):
        for begin in range(0, self._time.size, self._size):
            end = begin + self._size
            until = int(self._time[end]) if end < self._time.size else END_PS
            yield Block(self._time[begin:end], self._channel[begin:end], until)


def columns(heralds):
    return [getattr(heralds, name) for name in ("attempt", "outcome", "pattern", "after_ps", "ambiguous")]


@settings(max_examples=30)
@given(seed=st.integers(0, 99), block_tags=st.sampled_from((7, 100, 4096)), keep=st.booleans())
def test_what_is_told_is_what_is_found_afterwards(seed, block_tags, keep):
    told = []
    result = run_live(Arrays(seed, block_tags), HeraldStream(TABLE, CountedSyncs(0), keep=keep), told.append)
    whole = run_live(Arrays(seed, 1 << 20), HeraldStream(TABLE, CountedSyncs(0)), lambda heralds: None)
    assert result.report == whole.report
    for one, other in zip(columns(joined(told)), columns(whole.heralds), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(told) > 1 or block_tags > 1000


@contextmanager
def subscribed(publisher):
    """A subscriber that is surely heard."""
    with zmq.Context() as context, context.socket(zmq.SUB) as subscriber:
        subscriber.linger = 0
        subscriber.connect(publisher.address)
        subscriber.subscribe(b"")
        nothing = HeraldStream(TABLE, CountedSyncs(0)).finish().heralds
        while not subscriber.poll(5):  # until the subscription has arrived
            publisher.tell(nothing)
        yield subscriber


def test_subscribers_get_every_herald_and_the_end():
    with Publisher("tcp://127.0.0.1:0") as publisher, subscribed(publisher) as subscriber:
        result = run_live(Arrays(1, 100), HeraldStream(TABLE, CountedSyncs(0)), publisher.tell)
        publisher.close()
        found = []
        while subscriber.poll(5000):
            found.append(read_message(subscriber.recv_multipart()))
            if isinstance(found[-1], Numbers):
                break
    *heralds, numbers = found
    for one, other in zip(columns(joined(heralds)), columns(result.heralds), strict=True):
        np.testing.assert_array_equal(one, other)
    assert numbers == Numbers(VERSION, result.heralds.attempt.size, result.heralds.ambiguous.size)


def test_subscribers_of_a_stream_that_breaks_off_are_told_so_instead_of_an_end():
    publisher = Publisher("tcp://127.0.0.1:0")
    with subscribed(publisher) as subscriber:
        with pytest.raises(OSError, match="unplugged"), publisher:
            raise OSError("unplugged")
        while (last := subscriber.recv_multipart())[0] != b"broken":
            assert isinstance(read_message(last), Heralds)
    with pytest.raises(DataError, match="broke off after 0 heralds: unplugged"):
        read_message(last)


@pytest.mark.parametrize("address", ["tcp://0.0.0.0:5000", "tcp://*:5000", "hub", "tcp://127.0.0.1:x"])
def test_heralds_stay_on_this_computer(address):
    with pytest.raises(RequestError, match=r"this computer only|cannot be published"):
        Publisher(address)


@given(parts=st.lists(st.binary(max_size=20), max_size=8))
def test_garbage_is_no_message(parts):
    with pytest.raises(ProtocolError):
        read_message(parts)


def test_a_message_cut_short_is_refused():
    parts = message(
        run_live(Arrays(1, 100), HeraldStream(TABLE, CountedSyncs(0)), lambda heralds: None).heralds
    )
    with pytest.raises(ProtocolError, match="bytes"):
        read_message([*parts[:2], parts[2][:-1]])
    with pytest.raises(ProtocolError, match="not a message"):
        read_message([*parts, b""])


def test_a_message_of_fewer_heralds_than_none_is_refused():
    header = msgspec.msgpack.encode({"version": VERSION, "heralds": -8, "ambiguous": 21})
    with pytest.raises(ProtocolError, match="not a message"):
        read_message([b"heralds", header, b""])
