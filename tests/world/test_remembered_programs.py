# SPDX-License-Identifier: Apache-2.0
"""What a world remembers of the slot before never shows in the next one."""

import numpy as np
from laboratory import changed, devices, nominal
from two_node_wiring import WIRING

from heraldlink_sim.world import rack as words
from heraldlink_sim.world.play import World


def racks() -> list[words.RackState]:
    """The same rack twice, and then always with one thing of alice's generator changed, and back."""
    rack = nominal()
    awg = rack.generators["alice_awg"]
    weak = (awg.channels[0], words.GeneratorChannel(True, 0.2))
    dark = (words.GeneratorChannel(False, 0.5), awg.channels[1])
    return [
        rack,
        rack,
        changed(rack, "generators", "alice_awg", channels=weak),
        rack,
        changed(rack, "generators", "alice_awg", channels=dark),
        changed(rack, "generators", "alice_awg", sample_rate_Hz=12.0e9),
        changed(rack, "generators", "alice_awg", steps=awg.steps[1:]),
        changed(rack, "generators", "alice_awg", steps=(*awg.steps[:-1], awg.steps[0])),
        changed(rack, "generators", "alice_awg", running=False),
        rack,
    ]


def told(world: World, rack: words.RackState, slot: int) -> list[tuple[str, str, list[int]]]:
    """All tags of a slot."""
    taggers = world.play(rack, slot).taggers
    return [
        (name, port, np.asarray(taggers[name][port]).tolist()) for name in taggers for port in taggers[name]
    ]


def test_a_slot_depends_on_the_settings_at_its_tick_alone() -> None:
    world = World(devices(), WIRING, seed=3)
    found = [told(world, rack, 7) for rack in racks()]
    assert found == [told(World(devices(), WIRING, seed=3), rack, 7) for rack in racks()]
    assert [k for k, one in enumerate(found) if one == found[0]] == [0, 1, 3, 9]
