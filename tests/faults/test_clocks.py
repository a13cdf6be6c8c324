# SPDX-License-Identifier: Apache-2.0
"""No slot is armed while a clock does not follow its reference."""

import math
from pathlib import Path

import pytest
from fault_lab import Laboratory, fault, unprotected


@pytest.mark.parametrize(("node", "device"), [("alice", "alice_mw"), ("bob", "bob_awg")])
@fault(74)
def test_no_slot_is_armed_on_an_unlocked_clock(rack: Laboratory, node: str, device: str) -> None:
    """FAILED, naming node and source, before another slot is armed; the slot in which it happened is flagged
    and has no CONFIRMED pair, and so has the one behind it if that was armed already. Once it is locked again
    and prepared, pairs come again."""
    with rack.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        rack.fault(device, "unlock")
        assert rack.strikes(device, "unlock")
        ending = asked.end()
        assert ending.state == "FAILED"
        assert ending.result is not None
        assert (ending.result.node, ending.result.device) == (node, device)
        assert "not locked" in ending.sentence
        flagged = {slot.slot for slot in ending.result.slots if slot.deviations}
        assert len(flagged) <= 2, "slots were armed on a clock that was seen to be unlocked"
        assert not {pair.slot for pair in ending.pairs} & flagged
        rack.heal()
        client.prepare()
        assert client.measure(5).state == "DELIVERED"


@unprotected(74, "the look at clocks before a slot is armed")
def test_without_a_common_10_MHz_only_zz_is_left(tmp_path: Path) -> None:
    with Laboratory(tmp_path / "rack", without={"alice": "clock_looks"}) as rack, rack.client() as client:
        client.prepare()
        rack.fault("alice_mw", "unlock")
        ending = client.measure(number=3000, max_time=8.0, withhold_limit=10**9)
        assert ending.result is not None
        heralds = [pair for pair in ending.result.heralds if all(pair.outcomes)]
        assert not [pair for pair in heralds if pair.status == "CONFIRMED"]
    for basis, scale in (("XX", 0.0), ("YY", 0.0), ("ZZ", -0.74)):
        products = [math.prod(pair.outcomes) for pair in heralds if pair.basis == basis]
        assert len(products) > 300
        sigma = math.sqrt((1 - scale**2) / len(products))
        assert abs(sum(products) / len(products) - scale) < 3 * sigma
