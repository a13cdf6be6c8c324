# SPDX-License-Identifier: Apache-2.0
"""Messages between the nodes are lost, doubled, late and out of order."""

from fault_lab import Laboratory, Rule, fault


def measured(rack: Laboratory, number: int = 20):
    with rack.client() as client:
        client.prepare()
        return client.measure(number)


def test_a_laboratory_without_faults_delivers(rack: Laboratory) -> None:
    assert measured(rack).state == "DELIVERED"


@fault(17)
def test_doubled_replies_count_once(rack: Laboratory) -> None:
    """Every REPLY and VERDICT that comes twice is taken once."""
    doubled = rack.link["bob"].add(Rule("duplicate", kind=("link.reply", "link.verdict"), delay_s=0.01))
    ending = measured(rack)
    assert len(doubled.struck) >= 4
    assert ending.state == "DELIVERED"
    assert len(ending.pairs) == 20
