# SPDX-License-Identifier: Apache-2.0
"""Every kind of message between the nodes is lost, doubled, late and out of order; requests go on."""

from pathlib import Path

import pytest
from fault_lab import Laboratory, Rule, fault, shown_to_fail, unprotected, wait_for

OF_A_REQUEST = ("ask", "offer", "add", "add_ack", "propose", "gen", "reply", "report", "verdict", "close")
ACTS = {
    "drop": {"count": 1},
    "duplicate": {"count": 2, "delay_s": 0.02},
    "delay": {"count": 1, "delay_s": 0.3},
    "swap": {"count": 1},
}


def everywhere(rack: Laboratory, act: str) -> list[Rule]:
    """One rule for each kind and each end's relay."""
    return [
        relay.add(Rule(act, kind=f"link.{kind}", **ACTS[act]))
        for relay in rack.link.values()
        for kind in OF_A_REQUEST
    ]


def measure_with(rack: Laboratory, act: str, number: int = 10) -> None:
    """Ten pairs while every kind of message suffers; all come, each once."""
    with rack.client() as client:
        client.prepare()
        rules = everywhere(rack, act)
        ending = client.measure(number)
    kinds = {f"link.{kind}" for kind in OF_A_REQUEST}
    wait_for(
        lambda: {item.kind for rule in rules for item in rule.struck} == kinds, 5, "every kind to suffer"
    )
    assert ending.state == "DELIVERED", ending
    assert len(ending.pairs) == number


def lose(rack: Laboratory) -> None:
    measure_with(rack, "drop")


def double(rack: Laboratory) -> None:
    measure_with(rack, "duplicate")


def swap(rack: Laboratory) -> None:
    measure_with(rack, "swap")


@fault(16)
def test_lost_messages(rack: Laboratory) -> None:
    """Of every kind of link message one is lost on its way to or from each node: it is sent again, and every
    pair comes once."""
    lose(rack)


@fault(17)
def test_doubled_messages(rack: Laboratory) -> None:
    """Link messages of every kind that come twice are taken once."""
    double(rack)


@fault(18)
def test_swapped_messages(rack: Laboratory) -> None:
    """Link messages of every kind are swapped with the next one and taken in their order; no herald gets
    another attempt's number."""
    swap(rack)


@fault(19)
def test_delayed_messages(rack: Laboratory) -> None:
    """Link messages of every kind come 0.3 s late; those sent again meanwhile are dropped, and every pair
    comes once."""
    measure_with(rack, "delay")


@pytest.mark.parametrize("share", [0.1, 0.3])
@fault(16, 17, 18, 19)
def test_everything_at_once(rack: Laboratory, share: float) -> None:
    """A tenth, and three tenths, of all link messages are lost, doubled, late or swapped: every pair comes
    once and journals agree."""
    with rack.client() as client:
        client.prepare()
        rules = [
            relay.add(Rule(act, probability=share, delay_s=0.05, jitter_s=0.05, seed=seed))
            for relay in rack.link.values()
            for seed, act in enumerate(ACTS)
        ]
        ending = client.measure(30)
    assert all(rule.struck for rule in rules)
    assert ending.state == "DELIVERED", ending
    assert len(ending.pairs) == 30


@unprotected(16, "sending again")
def test_lost_messages_stop_a_link_that_does_not_send_again(tmp_path: Path) -> None:
    everybody = dict.fromkeys(("alice", "bob", "midpoint"), "resending")
    with Laboratory(tmp_path, without=everybody) as laboratory:
        shown_to_fail(lose, laboratory, "did not end")
