# SPDX-License-Identifier: Apache-2.0
"""Slots that both ends play and the midpoint does not record leave nothing behind for the next one."""

from pathlib import Path

from fault_lab import Laboratory, Rule

ESTIMATING, FITTING = 6_200, 20_000
"""Attempt syncs of a program without a herald, and as many as a tick of 100 ms has room for."""
VOIDS = 4


def test_syncs_of_a_void_slot_are_not_counted_for_the_next_one(tmp_path: Path) -> None:
    """GENs of one end come a tick too late: both ends are armed and play, and the midpoint calls it void."""
    with Laboratory(tmp_path / "lab", pace="realtime") as rack, rack.client() as client:
        client.prepare()
        late = rack.link["bob"].add(
            Rule("delay", kind="link.gen", way="up", skip=1, count=VOIDS, delay_s=0.1)
        )
        ending = client.measure(150)
        assert len(late.struck) == VOIDS
    assert ending.state == "DELIVERED", ending
    assert ending.result is not None
    syncs = {report.slot: (report.estimate, report.counts.syncs) for report in ending.result.slots}
    assert {count for estimate, count in syncs.values() if estimate} == {ESTIMATING}
    assert max(count for _, count in syncs.values()) <= FITTING, syncs
