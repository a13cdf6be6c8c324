# SPDX-License-Identifier: Apache-2.0
"""Attempt numbers, slot counts, boots and old messages that are wrong: no wrong pair is ever confirmed."""

from collections.abc import Callable

import msgspec
import pytest
from fault_lab import Laboratory, Rule, fault
from fault_lab.client import Ending
from fault_lab.relay import Frames

from heraldlink.messages.header import Header
from heraldlink.messages.link import Gen, Reply, Report
from heraldlink.messages.values import Readout

Change = Callable[[Report], Report]


def rewritten(body_type: type, change: Callable) -> Callable[[Frames], Frames]:
    """Frames of a message with its body changed; header and label stay."""

    def changed(frames: Frames) -> Frames:
        body = msgspec.msgpack.decode(frames[1], type=body_type)
        return [frames[0], msgspec.msgpack.encode(change(body)), *frames[2:]]

    return changed


def shifted(by: int, begin: float = 0.0, end: float = 1.0) -> Change:
    """A counter that is wrong by ``by`` for a part of the slot: from ``begin`` to ``end`` of its readouts."""

    def change(report: Report) -> Report:
        count = len(report.readouts)
        moved = tuple(
            Readout(item.attempt + by, item.outcome) if begin * count <= place < end * count else item
            for place, item in enumerate(report.readouts)
        )
        return msgspec.structs.replace(report, readouts=moved)

    return change


def has_readouts(frames: Frames) -> bool:
    """Whether a report tells of attempts that were read out: that of a slot for the phase alone does not."""
    return len(msgspec.msgpack.decode(frames[1], type=Report).readouts) > 2


def slipped(rack: Laboratory, change: Change, slots: int) -> Ending:
    """A request of which bob's counter is wrong in the next slots that have readouts."""
    with rack.client() as client:
        client.prepare()
        rule = rack.link["bob"].add(
            Rule(
                "change",
                kind="link.report",
                way="up",
                fits=has_readouts,
                count=slots,
                changed=rewritten(Report, change),
            )
        )
        ending = client.measure(300)
    assert len(rule.struck) == slots
    return ending


def right(ending: Ending) -> None:
    """Heralds were refused because of their numbers, and of a slot with such heralds none is confirmed."""
    assert ending.state == "DELIVERED", ending
    heralds = ending.result.heralds
    slots = {pair.slot for pair in heralds if "attempt index" in pair.reason}
    assert slots, "no herald was refused"
    assert not [pair for pair in heralds if pair.slot in slots and pair.status == "CONFIRMED"]


def one_missed(rack: Laboratory) -> None:
    right(slipped(rack, shifted(-1, 0.4), 1))


@fault(70)
def test_a_missed_sync_is_found_at_the_next_herald(rack: Laboratory) -> None:
    """Readouts after the missed sync carry other numbers than the heralds: these are EXPIRED or WITHHELD
    with the node named, and no wrong pair is CONFIRMED."""
    one_missed(rack)


@fault(71)
def test_a_miss_and_an_extra_sync_in_one_slot_are_found(rack: Laboratory) -> None:
    """Counts at the end of the slot agree, and yet what lies between the slips is not CONFIRMED."""
    right(slipped(rack, shifted(+1, 0.3, 0.7), 1))


@fault(70)
def test_a_slip_of_a_whole_slot_is_found(rack: Laboratory) -> None:
    """A counter that is off by all attempts of a slot confirms nothing while it is."""
    right(slipped(rack, shifted(10_000), 2))


def wrong_boot(rack: Laboratory) -> None:
    """A report of a former life of bob."""
    with rack.client() as client:
        client.prepare()
        former = rewritten(Report, lambda report: msgspec.structs.replace(report, boot=report.boot - 1))
        rule = rack.link["bob"].add(Rule("change", kind="link.report", way="up", count=1, changed=former))
        ending = client.measure(20)
    assert len(rule.struck) == 1
    assert ending.state == "FAILED", ending
    assert "bob" in ending.sentence
    assert "restarted" in ending.sentence


@fault(72)
def test_a_report_of_a_former_life_ends_the_request(rack: Laboratory) -> None:
    """A node that began to count anew is known by its boot id: the request FAILED naming it."""
    wrong_boot(rack)


def another_queue(gen: Gen) -> Gen:
    return msgspec.structs.replace(gen, queue_id=gen.queue_id + 1)


def another_slot(gen: Gen) -> Gen:
    return msgspec.structs.replace(gen, slot=gen.slot + 1)


def another_program(gen: Gen) -> Gen:
    return msgspec.structs.replace(gen, program="another")


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        (another_queue, "FAILED", "QUEUE_MISMATCH"),
        (another_slot, "DELIVERED", ""),
        (another_program, "FAILED", "compiled different sequences"),
    ],
)
@fault(20)
def test_a_gen_that_means_something_else_is_not_played(
    rack: Laboratory, change, state: str, words: str
) -> None:
    """A GEN of another queue item, slot or program is never played with: the request ends saying so, or the
    slot is proposed again."""
    with rack.client() as client:
        client.prepare()
        rule = rack.link["bob"].add(
            Rule("change", kind="link.gen", way="up", skip=2, count=1, changed=rewritten(Gen, change))
        )
        ending = client.measure(20)
    assert len(rule.struck) == 1
    assert ending.state == state, ending
    assert words in ending.sentence


@fault(20)
def test_messages_of_former_slots_change_nothing(rack: Laboratory) -> None:
    """REPLY and VERDICT of former slots, requests and boots that come once more, also with fresh numbers on
    the line, are not taken: every pair comes once."""
    relay = rack.link["alice"]
    with rack.client() as client:
        client.prepare()
        assert client.measure(10).state == "DELIVERED"
        old = relay.seen("link.reply", "down")[-3:] + relay.seen("link.verdict", "down")[-3:]
        asked = client.start(30)
        asked.slots(1)
        for item in old:
            relay.inject("down", item.frames)
            relay.inject("down", [renumbered(item.frames), *item.frames[1:]])
        ending = asked.end()
    assert len(old) == 6
    assert ending.state == "DELIVERED"
    assert len(ending.pairs) == 30


def renumbered(frames: Frames) -> bytes:
    """The header as of another life of its sender."""
    header = msgspec.msgpack.decode(frames[0], type=Header)
    return msgspec.msgpack.encode(msgspec.structs.replace(header, epoch=header.epoch - 1))


def outcome_changed(reply: Reply) -> Reply:
    heralds = tuple(msgspec.structs.replace(item, attempt=item.attempt + 1) for item in reply.heralds)
    return msgspec.structs.replace(reply, heralds=heralds)


@fault(18, 70)
def test_a_reply_with_other_attempts_never_becomes_a_pair(rack: Laboratory) -> None:
    """A REPLY whose attempts were changed on the way is not what the journals hold: the verdict decides."""
    with rack.client() as client:
        client.prepare()
        rule = rack.link["alice"].add(
            Rule(
                "change",
                kind="link.reply",
                way="down",
                skip=1,
                count=2,
                changed=rewritten(Reply, outcome_changed),
            )
        )
        ending = client.measure(20)
    assert len(rule.struck) == 2
    assert ending.state in ("DELIVERED", "FAILED"), ending


CONTROLLERS = {"alice": "alice_tc", "bob": "bob_tc", "midpoint": "hub_tc"}


def counting_together(rack: Laboratory) -> None:
    """Set all slot tick counts to 0 between two ticks; nodes that are prepared anew believe them."""
    for controller in CONTROLLERS.values():
        rack.panel(controller, "INPU4:COUN:RESE")
    with rack.client() as client:
        for node in client.network:
            node.prepare()


@pytest.mark.parametrize("node", CONTROLLERS)
@fault(72)
def test_slot_counts_that_begin_anew_are_not_trusted(rack: Laboratory, node: str) -> None:
    """A time controller that lost its slot count, as after a power cut or with time running backwards: the
    request FAILED at once naming its node, nothing wrong is CONFIRMED, and once all counts are set to 0 and
    the nodes prepared, pairs come again."""
    counting_together(rack)
    controller = CONTROLLERS[node]
    with rack.client() as client:
        asked = client.start(10**5, max_time=150)
        asked.slots(3)
        before = int(rack.panel(controller, "INPU4:COUN?"))
        assert before >= 3
        rack.panel(controller, "INPU4:COUN:RESE")
        assert int(rack.panel(controller, "INPU4:COUN?")) < before
        ending = asked.end()
    assert ending.state == "FAILED", ending
    assert ending.result
    assert ending.result.node == node, ending
    assert "slot tick" in ending.sentence, ending
    counting_together(rack)
    with rack.client() as client:
        assert client.measure(5).state == "DELIVERED"


@fault(72)
def test_a_count_that_is_behind_is_named_before_a_request_has_begun(rack: Laboratory) -> None:
    """A count that was lost while nobody asked for pairs: bob waits for ticks that alice has counted, twice,
    then the request FAILED naming bob; nobody waits for ever where ticks stand still."""
    with rack.client() as client:
        client.prepare()
        assert client.measure(5).state == "DELIVERED"
        rack.panel("bob_tc", "INPU4:COUN:RESE")
        client.network["bob"].prepare()
        ending = client.measure(20, max_time=150)
    assert ending.state == "FAILED", ending
    assert ending.result
    assert (ending.result.node, ending.result.device) == ("bob", "time controller")
    assert "its count is behind" in ending.sentence
    counting_together(rack)


@pytest.mark.parametrize("node", ["alice", "bob"])
@fault(64)
def test_ticks_that_stop_coming_name_the_node_where_they_are_missing(rack: Laboratory, node: str) -> None:
    """The tick input is switched off at the panel: the request FAILED naming its time controller; once ticks
    are counted together again, the next one is delivered."""
    controller = CONTROLLERS[node]
    with rack.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(3)
        rack.panel(controller, "INPU4:ENAB OFF")
        ending = asked.end()
    assert rack.panel(controller, "INPU4:ENAB?") == "OFF"
    rack.panel(controller, "INPU4:ENAB ON")
    counting_together(rack)
    assert ending.state == "FAILED", ending
    assert ending.result is not None
    assert (ending.result.node, ending.result.device) == (node, controller)
    with rack.client() as client:
        client.prepare()
        assert client.measure(20).state == "DELIVERED"
