# SPDX-License-Identifier: Apache-2.0
"""The star of the link channel notices a restart at once, however quick it was."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
import zmq
from agent_lab import wait_for

from heraldlink.agent.link_ports import CUT_S, NEVER_S, EndLink, MidpointLink
from heraldlink.errors import ConfigurationError
from heraldlink.messages.header import Body
from heraldlink.messages.link import Hello, RoomNow
from heraldlink.messages.values import Drive, Room
from heraldlink.transport import Dealer, Router

ENDS = ("alice", "bob")
DRIVE = Drive(0.2, 0.2, 10**6)


@pytest.fixture
def context() -> Iterator["zmq.Context[zmq.Socket[bytes]]"]:
    own: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield own
    own.destroy(linger=0)


def meet(end: EndLink, middle: MidpointLink) -> None:
    """Exchange beats until each has heard the other."""
    join(end, middle)
    wait_for(lambda: end.silence_s("alice", 0.0) == 0.0, 5, "alice to be known to be heard")


def join(end: EndLink, middle: MidpointLink) -> None:
    """Beat until the end has heard the midpoint."""

    def heard() -> bool:
        end.beat(0.0)
        middle.receive(0.0)
        end.receive(0.0)
        return end.silence_s("midpoint", 0.0) == 0.0

    wait_for(heard, 5, "the end to hear the midpoint")


def end_link(context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str, boot: int) -> EndLink:
    return EndLink(Dealer(context, endpoint, "link"), "alice", "midpoint", "bob", Hello(boot, DRIVE))


def bound_again(context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str) -> Router:
    """A ROUTER on a port that was just given up; ZeroMQ frees it a moment after closing."""
    found: list[Router] = []

    def bound() -> bool:
        with suppress(ConfigurationError):
            found.append(Router(context, endpoint, "link"))
        return bool(found)

    wait_for(bound, 5, "the port to be free")
    return found[0]


def test_an_end_node_notices_a_restarted_midpoint(context: "zmq.Context[zmq.Socket[bytes]]") -> None:
    router = Router(context, "tcp://127.0.0.1:0", "link")
    endpoint = router.endpoint
    middle, end = MidpointLink(router, "midpoint", ENDS, boot=5), end_link(context, endpoint, boot=1)
    meet(end, middle)
    assert end.restarted() == []
    middle.close()
    again = MidpointLink(bound_again(context, endpoint), "midpoint", ENDS, boot=6)

    def noticed() -> bool:
        end.beat(0.0)
        again.receive(0.0)
        end.receive(0.0)
        return end.restarted() == ["midpoint"]

    wait_for(noticed, 5, "the restart to be noticed")
    assert end.restarted() == []


def test_the_midpoint_notices_a_restarted_end_node(context: "zmq.Context[zmq.Socket[bytes]]") -> None:
    router = Router(context, "tcp://127.0.0.1:0", "link")
    endpoint = router.endpoint
    middle = MidpointLink(router, "midpoint", ENDS, boot=5)
    first = end_link(context, endpoint, boot=1)
    meet(first, middle)
    assert middle.restarted() == []
    first.close()
    meet(end_link(context, endpoint, boot=2), middle)
    assert middle.restarted() == ["alice"]
    assert middle.restarted() == []


def test_a_connection_that_is_gone_is_silence_before_a_mere_stall_would_be(
    context: "zmq.Context[zmq.Socket[bytes]]",
) -> None:
    router = Router(context, "tcp://127.0.0.1:0", "link")
    middle = MidpointLink(router, "midpoint", ENDS, boot=5)
    end = end_link(context, router.endpoint, boot=1)
    meet(end, middle)
    assert end.silence_s("midpoint", CUT_S + 0.1) == pytest.approx(CUT_S + 0.1)
    assert middle.silence_s("alice", CUT_S + 0.1) == pytest.approx(CUT_S + 0.1)
    end.close()

    def gone() -> bool:
        middle.beat(0.0)
        return middle.silence_s("alice", CUT_S + 0.1) == NEVER_S

    wait_for(gone, 5, "the midpoint to notice that alice is gone")
    assert middle.silence_s("alice", CUT_S - 0.1) < 1
    other = EndLink(Dealer(context, router.endpoint, "link"), "bob", "midpoint", "alice", Hello(1, DRIVE))

    join(other, middle)
    middle.close()

    def cut() -> bool:
        other.beat(0.0)
        return other.silence_s("midpoint", CUT_S + 0.1) == NEVER_S

    wait_for(cut, 5, "bob to notice that the midpoint is gone")


def test_a_peer_that_has_just_spoken_is_not_silent(context: "zmq.Context[zmq.Socket[bytes]]") -> None:
    """The midpoint's last beat is from before it heard alice, and the next one has not come yet."""
    router = Router(context, "tcp://127.0.0.1:0", "link")
    middle = MidpointLink(router, "midpoint", ENDS, boot=5)
    bob = EndLink(Dealer(context, router.endpoint, "link"), "bob", "midpoint", "alice", Hello(1, DRIVE))

    join(bob, middle)
    assert bob.silence_s("alice", 0.0) == NEVER_S
    alice = end_link(context, router.endpoint, boot=1)
    alice.send("bob", RoomNow(Room()), 0.0)
    found: list[tuple[str, Body]] = []

    def spoken() -> bool:
        alice.beat(0.0)
        middle.receive(0.0)
        alice.receive(0.0)
        alice.tick(0.0)
        found.extend(bob.receive(0.0))
        return bool(found)

    wait_for(spoken, 5, "what alice says")
    assert bob.silence_s("alice", 0.0) == 0.0


def beaten(middle: MidpointLink, end: EndLink, sentence: str) -> None:
    """Beat until the end is told what is in its way."""

    def told() -> bool:
        end.beat(0.0)
        middle.receive(0.0)
        end.receive(0.0)
        return sentence in end.obstacle

    wait_for(told, 5, sentence)


def test_a_life_that_began_at_no_time_locks_nobody_out(
    context: "zmq.Context[zmq.Socket[bytes]]", caplog: pytest.LogCaptureFixture
) -> None:
    router = Router(context, "tcp://127.0.0.1:0", "link")
    middle = MidpointLink(router, "midpoint", ENDS, boot=5)
    liar = end_link(context, router.endpoint, boot=2**63 - 1)
    beaten(
        middle, liar, "node alice says that its life began on 2262-04-11 23:47 UTC, but by the clock of node"
    )
    assert liar.silence_s("midpoint", 0.0) == NEVER_S
    assert [record.getMessage() for record in caplog.records] == [liar.obstacle], "once a minute"
    meet(end_link(context, router.endpoint, boot=2), middle)
    assert middle.restarted() == []


def test_a_life_that_began_before_the_former_one_is_told_so(
    context: "zmq.Context[zmq.Socket[bytes]]",
) -> None:
    router = Router(context, "tcp://127.0.0.1:0", "link")
    middle = MidpointLink(router, "midpoint", ENDS, boot=5)
    later, earlier = (end_link(context, router.endpoint, boot) for boot in (10**18, 10**17))
    meet(later, middle)
    beaten(
        middle, earlier, "a life of it that began on 2001-09-09 01:46 UTC was heard: its clock was set back"
    )
    assert "restart midpoint and bob" in earlier.obstacle
    assert earlier.silence_s("midpoint", 0.0) == NEVER_S
    meet(later, middle)
    assert later.obstacle == ""
    assert middle.restarted() == []
