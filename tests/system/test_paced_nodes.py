# SPDX-License-Identifier: Apache-2.0
"""Node processes on a bench whose ticks do not wait: a request delivers, and what it delivers is right.

A node arms after the tick before its slot and reads the tick count again once every arm was read back; a slot
that was armed too late is void and tried again later. So the pairs must be, to the last attempt and outcome,
those of the same slots in fast pace, where no arm can be late.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from two_node_lab import Laboratory, bench_file

from heraldlink.pairs import Pair, Result

pytestmark = pytest.mark.timeout(240)

PAIRS = 60
REQUEST_SEED = 3
FIRST_TICK = {"realtime": 1, "5": 10_000}
"""The second bench begins late, so that one bench in fast pace can play the slots of both."""


def requested(lab: Laboratory) -> Result:
    """One request to prepared nodes."""
    assert lab.net is not None
    request = lab.net["alice"].create(
        remote="bob", number=PAIRS, minimum_fidelity=0.6, max_time=120, seed=REQUEST_SEED
    )
    for _ in request.follow():
        pass
    return request.result


def delivered_at(folder: Path, pace: str, seed: int) -> Result:
    """The request on a bench of its own."""
    bench = bench_file(folder, "two_nodes", first_tick=FIRST_TICK[pace])
    with Laboratory(folder, "--seed", str(seed), "--pace", pace, bench=str(bench)) as lab:
        assert lab.net is not None
        lab.net.prepare()
        return requested(lab)


def delivered_at_once(folder: Path, seed: int, slots: list[int], requests: int) -> list[Result]:
    """As many requests, one after the other, on a bench in fast pace that plays these slots."""
    listed = ("--pace", "fast", "--slots", ",".join(map(str, slots)))
    with Laboratory(folder, "--seed", str(seed), *listed) as lab:
        assert lab.net is not None
        lab.net.prepare()
        return [requested(lab) for _ in range(requests)]


def pairs(result: Result) -> list[Pair]:
    """Its pairs without the numbers that count requests and pairs of a whole laboratory."""
    return [replace(pair, create_id=0, sequence_number=0, mhp_seq=0) for pair in result.pairs]


def test_pairs_in_real_time_and_at_five_times_are_those_of_fast_pace(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seed = int(request.config.getoption("--seed"))
    folders = {pace: tmp_path / pace for pace in (*FIRST_TICK, "fast")}
    for folder in folders.values():
        folder.mkdir()
    paced = [delivered_at(folders[pace], pace, seed) for pace in FIRST_TICK]
    played = [report.slot for result in paced for report in result.slots]
    fast = delivered_at_once(folders["fast"], seed, played, len(paced))
    for result, known in zip(paced, fast, strict=True):
        assert result.state == "DELIVERED", result.reason
        assert len(result.pairs) >= PAIRS
        assert not result.withheld
        assert pairs(result) == pairs(known)
        assert result.slots == known.slots
