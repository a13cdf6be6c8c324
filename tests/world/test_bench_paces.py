# SPDX-License-Identifier: Apache-2.0
"""Real drivers on real sockets: equal slots give equal tags, whoever else talks to the rack."""

from threading import Event, Thread
from time import monotonic

import numpy as np
import pytest
from wire_laboratory import Rack, Tags, served

SEED = 41


def identical(first: Tags, second: Tags) -> bool:
    return first.keys() == second.keys() and all(
        np.array_equal(a, b) for key in first for a, b in zip(first[key], second[key], strict=True)
    )


def played_fast(slots: tuple[int, ...], **overrides: object) -> list[Tags]:
    with served(seed=SEED, slots=slots, **overrides) as (_, rack):
        played = []
        for slot in slots:
            assert rack.arm() == slot - 1
            played.append(rack.read())
            assert rack["hub_tc"].tick_count() >= slot
        return played


def _wait_for(condition, timeout_s: float = 10.0) -> None:
    until_s = monotonic() + timeout_s
    while not condition():
        assert monotonic() < until_s, "the generators never waited for a trigger"


def test_tags_do_not_depend_on_slots_left_out_or_on_polling():
    alone = played_fast((4, 9))
    with served(seed=SEED) as (_, rack):
        stop = Event()
        polling = Thread(target=_poll, args=(rack, stop))
        polling.start()
        try:
            all_slots = [_play(rack) for _ in range(9)]
        finally:
            stop.set()
            polling.join()
    assert identical(alone[0], all_slots[3])
    assert identical(alone[1], all_slots[8])


def _play(rack: Rack) -> Tags:
    rack.arm()
    return rack.read()


def _poll(rack: Rack, stop: Event) -> None:
    while not stop.is_set():
        rack["hub_voa"].monitor_W(1)
        rack["hub_pump"].power_W()
        rack["alice_mw"].frequency_Hz()


def test_another_seed_gives_other_tags():
    with served(seed=SEED + 1, slots=(4,)) as (_, rack):
        other = _play(rack)
    assert not identical(other, played_fast((4,))[0])


def test_a_generator_says_that_it_plays_in_real_time():
    with served(seed=SEED, pace=0.03) as (_, rack):
        assert rack.waiting()
        rack["alice_dg"].arm()
        _wait_for(lambda: not rack["alice_awg"].armed())
        assert rack["bob_awg"].armed()
        _wait_for(rack["alice_awg"].armed)


def test_attenuator_monitor_sees_the_pump():
    with served(seed=SEED) as (_, rack):
        assert rack["hub_voa"].monitor_W(1) == pytest.approx(1e-3 * 0.5 * 1e-3, rel=0.02)
        rack["hub_pump"].set_shutter_open(False)
        assert rack["hub_voa"].monitor_W(1) < 1e-9


def _clicks(rack: Rack, slots: int) -> int:
    first = 100 + 2 * 20
    found = 0
    for _ in range(slots):
        tags = _play(rack)
        found += sum(int((tags["hub_tc", port][1] >= first).sum()) for port in (1, 2))
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda rack: rack["hub_pump"].set_emission(False),
        lambda rack: rack["hub_pump"].set_shutter_open(False),
        lambda rack: rack["hub_pump"].set_wavelength_m(1.5632158e-6),
        lambda rack: rack["hub_eos"].set_bias_A((0.0, 0.0)),
        lambda rack: [rack["hub_voa"].set_open(channel, False) for channel in (1, 2)],
    ],
    ids=["laser off", "shutter closed", "2 nm off", "bias zero", "attenuator closed"],
)
def test_without_light_or_bias_no_pairs_come(change):
    with served(seed=SEED) as (_, rack):
        assert _clicks(rack, 1) > 10
        change(rack)
        assert _clicks(rack, 3) <= 3


def test_a_program_that_outlasts_the_tick_must_be_stopped_before_the_next_slot():
    long = dict(attempts=30_000)
    with served(seed=SEED, slots=(1, 2, 3)) as (_, rack):
        rack.upload(**long)
        rack.arm()
        first = rack.read()
        assert not rack.waiting()
        missed = _play(rack)
        assert len(missed["alice_tc", 2][0]) == 0 < len(first["alice_tc", 2][0])
        for node in ("alice", "bob"):
            rack[f"{node}_awg"].stop()
            rack[f"{node}_awg"].arm()
        assert len(_play(rack)["alice_tc", 2][0]) > 0
