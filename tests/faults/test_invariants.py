# SPDX-License-Identifier: Apache-2.0
"""The checker finds what it is for: control that was not what it should be, processes that grow, nodes that
do not answer, and sentences that name nobody. Where clients and journals disagree: ``test_fault_lab.py``."""

import pytest
from fault_lab import HistoryBroken
from fault_lab.history import Note, Outcome, Told, check_answer, check_log, check_note
from fault_lab.history_control import Control, Faulty, Loss, Passed, check_control
from fault_lab.processes import check_growth

from heraldlink.agent.admission import LeaseFact
from heraldlink.agent.ledger import CommandFact
from heraldlink.link.facts import BootFact
from heraldlink.pairs import Pair

KILLED = Loss(20.0, "midpoint", "process 7 was killed")
MIB = 1 << 20


def given(epoch: int, at_s: float) -> LeaseFact:
    return LeaseFact(epoch, "anna", "night run", 1, clock_ns=round(at_s * 1e9))


def ended(epoch: int, at_s: float, *, safe: bool = False) -> LeaseFact:
    return LeaseFact(epoch, "anna", "night run", 1, "not renewed", round(at_s * 1e9), safe)


def order(kind: str, lease: int) -> CommandFact:
    return CommandFact("anna", 1, kind, b"", lease, 1)


ON = (Passed.of(11.0, "hub_pump", ":POW:SHUT 0"), Passed.of(11.1, "hub_voa", ":OUTP1 1"))
OFF = (Passed.of(12.0, "hub_voa", ":OUTP1 0"), Passed.of(12.1, "hub_pump", ":POW:SHUT 1"))
SLOT = (
    Passed.of(11.5, "bob_awg", "AWGC:STOP;:OUTPut1:STATe 1"),
    Passed.of(11.6, "bob_awg", "OUTPut1:STATe 0"),
)
LATE = Passed.of(22.6, "hub_voa", ":OUTP1 1")
REST = Passed.of(99.0, "hub_pump", ":POW:SHUT 1")
HELD = [BootFact("midpoint", 1), given(1, 10.0), order("prepare", 1), ended(1, 12.0, safe=True)]
ALICE = [BootFact("alice", 1), given(1, 10.0), order("create", 1), ended(1, 12.0)]
"""A request of alice, for which bob plays a slot under no lease of its own."""


def control(
    midpoint: list[object] = HELD, wire: tuple[Passed, ...] = (*ON, *SLOT, *OFF), **more: object
) -> Control:
    return Control({"midpoint": midpoint, "alice": ALICE, "bob": [BootFact("bob", 1)]}, wire, **more)


@pytest.mark.parametrize(
    "good",
    [
        control(),
        control(wire=(*ON, *OFF), losses=[Loss(11.9, "midpoint", "process 7 was killed")]),
        control([*HELD[:3], BootFact("midpoint", 2), given(2, 30.0), ended(2, 31.0)], losses=[KILLED]),
        control(wire=ON, faulty=[Faulty("hub_pump", 11.5), Faulty("hub_voa", 12.5, 20.0)]),
        control(wire=ON, now_s=16.9),
        control(wire=ON, gaps=[13.0]),
        control(wire=(*ON, *OFF, REST)),
    ],
)
def test_what_is_as_it_should_be_holds(good: Control) -> None:
    check_control(good)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda: control([*HELD, given(1, 20.0)]), "I2: epoch 1 of midpoint was given after 1"),
        (lambda: control([*HELD, BootFact("midpoint", 2), given(1, 20.0)]), "I2: epoch 1 of midpoint"),
        (lambda: control([*HELD[:2], given(2, 11.0)]), "I2: lease 2 of midpoint was given while"),
        (lambda: control([*HELD[:2], ended(7, 11.0)]), "I2: midpoint: .*epoch=7.* ended"),
        (lambda: control([*HELD, order("prepare", 1)]), "I2: midpoint began 'prepare' under lease 1"),
        (lambda: control([*HELD, given(2, 13.0), order("park", 1)]), "I2: .* began 'park' under"),
        (lambda: control([*HELD[:2], BootFact("midpoint", 2), order("create", 1)]), "I2: .* began 'create'"),
        (lambda: control([*HELD], (*ON, *OFF, Passed.of(14.6, "hub_pump", ":WAV 1.5e-6"))), "I2: .*WAV"),
        (lambda: control([], ON), "I2: .*POW:SHUT 0.* while nobody held a lease of midpoint"),
        (lambda: control(wire=(Passed.of(14.6, "bob_dg", "*TRG"),)), "I2: .*of bob or alice"),
        (lambda: control(wire=(Passed.of(9.9, "bob_mw", ":OUTP:STAT 1"),)), "I2: .*of bob$"),
        (
            lambda: control([*HELD[:3], BootFact("midpoint", 2)], (LATE,), losses=[KILLED]),
            "I2: .*OUTP1 1",
        ),
        (lambda: control(wire=ON), "I3: hub_(pump|voa) was on .* when lease 1 ended at midpoint, and not"),
        (lambda: control(wire=(*ON, OFF[0])), r"I3: hub_pump was on \(POW:SHUT 0\)"),
        (lambda: control(wire=(*ON, OFF[0], REST)), "I3: hub_pump"),
        (lambda: control(wire=ON, faulty=[Faulty("hub_pump", 11.5)]), "I3: hub_voa"),
        (lambda: control(wire=ON, faulty=[Faulty("hub_pump", 1.0, 2.0), Faulty("hub_voa", 1.0)]), "hub_pump"),
        (
            lambda: control(HELD[:3], ON, losses=[KILLED]),
            "I3: hub_pump was on .* when process 7 was killed at midpoint",
        ),
    ],
)  # fmt: skip
def test_what_is_not_is_found(broken, words: str) -> None:
    with pytest.raises(HistoryBroken, match=words):
        check_control(broken())


@pytest.mark.parametrize(
    ("now", "words"),
    [((165 * MIB, 10), "I6: alice grew by 65 MiB"), ((100 * MIB, 34), "I6: alice has 24 more open files")],
)
def test_a_process_that_grows_is_found(now: tuple[int, int], words: str) -> None:
    check_growth("alice", (100 * MIB, 10), (160 * MIB, 30))
    with pytest.raises(HistoryBroken, match=words):
        check_growth("alice", (100 * MIB, 10), now)


@pytest.mark.parametrize(
    ("took_s", "refusal", "words"),
    [
        (1.2, "", "I5: bob took 1.20 s"),
        (0.1, "node bob does not answer", "I5: bob did not answer status"),
    ],
)
def test_a_node_that_does_not_answer_is_found(took_s: float, refusal: str, words: str) -> None:
    check_answer("bob", 0.9, "")
    with pytest.raises(HistoryBroken, match=words):
        check_answer("bob", took_s, refusal)


def refused(sentence: str, outcome: Outcome = "fail") -> Note:
    return Note(1.0, "client-1", outcome, "prepare alice", sentence)


@pytest.mark.parametrize(
    "sentence",
    ["", "it did not work", "node alice does not answer\nTry again"],
    ids=["none", "nobody", "2"],
)
def test_a_refusal_that_names_nobody_is_found(sentence: str) -> None:
    check_note(refused("node alice does not answer"))
    check_note(refused("", "ok"))
    for outcome in ("fail", "info"):
        with pytest.raises(HistoryBroken, match="I7: prepare alice was refused with"):
            check_note(refused(sentence, outcome))


def test_a_traceback_in_a_log_is_found() -> None:
    check_log("alice", "node alice: interlock open\n")
    with pytest.raises(HistoryBroken, match="I7: alice's log holds a traceback"):
        check_log("alice", "x\nTraceback (most recent call last):\n  File ...")


PAIR = Pair(1, 1, 1, 3, 40, "psi+", "XZ", (1, -1), 0.8, "model", 0.01, "CONFIRMED")


def test_a_pair_that_the_second_end_was_told_is_turned_round() -> None:
    first, second = (Told.of("client", 7, PAIR, first=first) for first in (True, False))
    assert (first.basis, first.outcomes) == ("XZ", (1, -1))
    assert (second.basis, second.outcomes) == ("ZX", (-1, 1))
