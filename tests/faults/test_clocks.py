# SPDX-License-Identifier: Apache-2.0
"""No slot is armed while a clock does not follow its reference."""

from fault_lab import Laboratory, fault


@fault(74)
def test_no_slot_is_armed_on_an_unlocked_clock(rack: Laboratory) -> None:
    """FAILED, naming node and source, before another slot is armed."""
    with rack.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        rack.fault("alice_mw", "unlock")
        assert "Extern reference" in rack.panel("alice_mw", "SYST:SERR?")
        ending = asked.end()
        assert ending.state == "FAILED"
        assert ending.result is not None
        assert (ending.result.node, ending.result.device) == ("alice", "alice_mw")
        assert "not locked" in ending.sentence
