# SPDX-License-Identifier: Apache-2.0
"""Every kind of message between the nodes is lost, doubled, late and out of order; requests go on."""

import pytest
from fault_lab import Laboratory, Rule, fault

from heraldlink.messages.link import LINK_TYPES

BEATS = {"link.beat", "link.hello"}
OF_A_REQUEST = ("ask", "offer", "add", "add_ack", "propose", "gen", "reply", "report", "verdict", "close")
ACTS = {
    "drop": {"count": 2},
    "duplicate": {"count": 4, "delay_s": 0.02},
    "delay": {"count": 2, "delay_s": 0.3},
    "swap": {"count": 2},
}


def measured(rack: Laboratory, number: int = 10):
    with rack.client() as client:
        client.prepare()
        return client.measure(number)


def everywhere(rack: Laboratory, act: str, kind: str, **options):
    return [relay.add(Rule(act, kind=kind, **options)) for relay in rack.link.values()]


def test_a_laboratory_without_faults_delivers(rack: Laboratory) -> None:
    assert measured(rack).state == "DELIVERED"


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("kind", OF_A_REQUEST)
@fault(16, 17, 18)
def test_messages_of_a_request(rack: Laboratory, kind: str, act: str) -> None:
    """Each kind of link message is lost, doubled, delayed and swapped in turn, and every pair comes once."""
    rules = everywhere(rack, act, f"link.{kind}", **ACTS[act])
    ending = measured(rack)
    assert sum(len(rule.struck) for rule in rules) >= 1
    assert ending.state == "DELIVERED", ending
    assert len(ending.pairs) == 10
