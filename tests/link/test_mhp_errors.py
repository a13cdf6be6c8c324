# SPDX-License-Identifier: Apache-2.0
"""The midpoint's errors: each names what does not fit, and a slot is played only when both ends mean it."""

import msgspec
from msgspec.structs import replace
from step_network import ENDS, Network, demand, finished, network

from heraldlink.link import midpoint
from heraldlink.link.events import Answered, Asked, Event, Received, Ticked
from heraldlink.link.midpoint_slot import BURST_WINDOW, GEN_LIMIT_S, TRIES
from heraldlink.messages.header import Body
from heraldlink.messages.link import Failed, Gen, Reply, Void
from heraldlink.messages.worker import SlotArmed


def until(net: Network, kind: type[Body]) -> tuple[str, Event]:
    """Let the network run until a message of this kind would arrive; it, taken out."""
    for _ in range(400):
        index = next((at for at, (_, event) in enumerate(net.flying) if carries(event, kind)), None)
        if index is not None:
            return net.flying.pop(index)
        net.feed(*net.flying.pop(0))
    raise AssertionError(f"no {kind.__name__} came")


def carries(event: Event, kind: type[Body]) -> bool:
    return isinstance(event, Received | Answered) and isinstance(event.body, kind)


def asked() -> Network:
    net = network()
    net.feed("alice", Asked("client", 1, "bob", demand(), 77))
    return net


def changed(net: Network, **fields: object) -> None:
    """Feed the next GEN to the midpoint with other fields."""
    target, event = until(net, Gen)
    assert isinstance(event, Received)
    body = msgspec.structs.replace(event.body, **fields)
    net.feed(target, Received(event.source, body))


def voids(net: Network) -> list[Void]:
    return [body for body in net.sent if isinstance(body, Void)]


def test_one_gen_without_the_other_is_no_classical_other_and_the_next_slot_plays() -> None:
    net = asked()
    until(net, Gen)  # lost
    target, other = until(net, Gen)
    net.feed(target, other)
    net.middle, actions = midpoint.step(net.middle, Ticked(), GEN_LIMIT_S - 0.1)
    assert not actions
    net.middle, actions = midpoint.step(net.middle, Ticked(), GEN_LIMIT_S + 0.1)
    for action in actions:
        net.perform("midpoint", action)
    assert [void.code for void in voids(net)] == ["NO_CLASSICAL_OTHER"] * 2
    assert "no GEN of alice" in voids(net)[0].reason
    net.middle = replace(net.middle, active=replace(net.middle.active, since=0.0))  # type: ignore[type-var]
    net.run(None)
    assert finished(net).state == "DELIVERED"


def test_a_node_that_is_never_heard_fails_the_request_by_name() -> None:
    net = asked()
    for _ in range(TRIES + 1):
        until(net, Gen)
        target, other = until(net, Gen)
        net.feed(target, other)
        net.middle, actions = midpoint.step(net.middle, Ticked(), GEN_LIMIT_S + 0.1)
        net.middle = replace(net.middle, active=net.middle.active and replace(net.middle.active, since=0.0))
        for action in actions:
            net.perform("midpoint", action)
    net.run(None)
    assert (finished(net).state, finished(net).node) == ("FAILED", "alice")
    assert "NO_CLASSICAL_OTHER" in finished(net).reason


def test_gens_for_different_slots_are_a_time_mismatch_and_are_not_played() -> None:
    net = asked()
    changed(net, slot=40)
    net.run(None)
    assert [void.code for void in voids(net)] == ["TIME_MISMATCH"] * 2
    assert "alice means slot 40" in voids(net)[0].reason
    assert finished(net).state == "DELIVERED"


def test_gens_with_different_queue_numbers_fail_with_all_of_them() -> None:
    net = asked()
    changed(net, queue_id=9)
    net.run(None)
    assert finished(net).state == "FAILED"
    assert "QUEUE_MISMATCH: queue ids are alice 9, bob 1 and 1 at the midpoint" in finished(net).reason


def test_a_gen_far_ahead_is_out_of_window() -> None:
    net = asked()
    changed(net, burst=BURST_WINDOW + 2)
    net.run(None)
    assert (finished(net).state, finished(net).node) == ("FAILED", "alice")
    assert "OUT_OF_WINDOW" in finished(net).reason
    assert not [body for body in net.sent if isinstance(body, Reply)]


def test_a_node_that_is_armed_too_late_is_gen_fail_and_the_next_slot_plays() -> None:
    net = asked()
    target, event = until(net, SlotArmed)
    assert isinstance(event, Answered)
    net.bench.tick += 1
    net.feed(target, Answered(msgspec.structs.replace(event.body, tick=event.body.tick + 1)))  # type: ignore[attr-defined]
    net.run(None)
    assert [void.code for void in voids(net)] == ["GEN_FAIL"] * 2
    assert finished(net).state == "DELIVERED"


def test_a_reply_to_a_former_life_or_with_a_used_number_gives_no_pair() -> None:
    for fields, why in (({"boots": (5, 5)}, "OUT_OF_WINDOW"), ({"slot": 99}, "TIME_MISMATCH")):
        net = asked()
        target, event = until(net, Reply)
        assert isinstance(event, Received)
        net.feed(target, Received(event.source, msgspec.structs.replace(event.body, **fields)))
        net.run(None)
        assert finished(net).state == "FAILED"
        assert why in finished(net).reason
        assert [body for body in net.sent if isinstance(body, Failed)] or target == ENDS[0]


def test_a_number_that_was_decided_before_fails_the_request() -> None:
    net = asked()
    net.alice = replace(net.alice, next_mhp_seq=50)
    net.run(None)
    assert finished(net).state == "FAILED"
    assert "mhp_seq 1 was decided before" in finished(net).reason
