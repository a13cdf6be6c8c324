# SPDX-License-Identifier: Apache-2.0
"""Outcomes that slipped against each other are noticed without any counter, and fair ones never are."""

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from step_network import Bench, demand, finished, network

from heraldlink.link.events import Asked
from heraldlink.link.offsets import ENOUGH, FARTHEST, KEPT, Track, alarm, followed, peak
from heraldlink.messages.command import Held
from heraldlink.messages.header import Body
from heraldlink.messages.values import Confusion, Decision, Readout
from heraldlink.messages.worker import CollectSlot, SlotCollected


def track(seed: int, count: int, fidelity: float, slip: int) -> Track:
    """Pairs in random bases with the second end's outcomes ``slip`` places late."""
    draw = Random(seed)
    pairs = []
    for _ in range(count + FARTHEST):
        sign, first = draw.choice((1, -1)), draw.choice((1, -1))
        second = first * sign if draw.random() < fidelity else -first * sign
        pairs.append((sign, first, second))
    seconds = [second for _, _, second in pairs]
    late = seconds[-slip:] + seconds[:-slip] if slip else seconds
    return Track(tuple((sign, first, second) for (sign, first, _), second in zip(pairs, late, strict=True)))


@pytest.mark.parametrize("slip", [-3, -2, -1, 1, 2, 3])
def test_a_slip_moves_the_peak_and_raises_the_alarm(slip: int) -> None:
    for seed in range(20):
        slipped = track(seed, 100, 0.9, slip)
        assert peak(slipped)[0] == slip
        assert f"offset {slip:+d}" in alarm(slipped)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(ENOUGH, KEPT), st.sampled_from([0.5, 0.6, 0.8, 0.95]))
def test_pairs_that_belong_together_raise_no_alarm(seed: int, count: int, fidelity: float) -> None:
    assert alarm(track(seed, count, fidelity, 0)) == ""


def test_too_few_pairs_say_nothing() -> None:
    assert alarm(track(1, ENOUGH - FARTHEST - 1, 1.0, 1)) == ""


def test_the_sign_of_a_pair_follows_bell_state_and_basis() -> None:
    def decision(outcome: int, outcomes: tuple[int, int]) -> Decision:
        return Decision(1, 7, outcome, "CONFIRMED", "", 1, outcomes, 0.8, 0.01)

    slot = (decision(1, (1, 1)), decision(2, (1, -1)), decision(1, (0, 1)))
    assert followed(Track(), "XX", slot).pairs == ((1, 1, 1), (-1, 1, -1))
    assert followed(Track(), "ZZ", slot).pairs == ((-1, 1, 1), (-1, 1, -1))
    assert followed(Track(), "ZX", slot).pairs == ()


class Slipped(Bench):
    """Outcomes of bob belong to the herald before, though his counter says otherwise."""

    def collect(self, node: str, call: CollectSlot) -> Body:
        first = 3 * call.slot - (node == "bob")
        outcomes = (Random(first + place).choice((1, -1)) for place in range(3))
        sign = 1 if node == "alice" else -1
        heralds = self.heralds[call.slot]
        readouts = tuple(
            Readout(attempt, sign * one) for (attempt, _), one in zip(heralds, outcomes, strict=False)
        )
        return SlotCollected(call.request, call.burst, readouts, Confusion(1, 0, 0, 1), 1000, ())


def test_a_run_whose_outcomes_slipped_is_suspect_and_confirms_no_more() -> None:
    net = network(Slipped())
    wanted = msgspec.structs.replace(demand(1000, max_time_s=30.0), bases=("ZZ",))
    net.feed("alice", Asked("client", 1, "bob", wanted, 77))
    net.run(None, limit=20_000)
    held = [body.pair for body in net.told if isinstance(body, Held)]
    assert any("correlate best at offset +1" in pair.reason for pair in held)
    assert finished(net).delivered < 120
