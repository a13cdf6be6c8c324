# SPDX-License-Identifier: Apache-2.0
"""Cables of a hub and two nodes, as the world is told of them: for tests that play slots without sockets."""

from heraldlink_sim.world.wiring import HubWiring, NodeWiring, ReadoutTone, Wiring

TICK_PS = 100_000_000_000
TONE = ReadoutTone(7.0e9, 5.0e6, -30.0)


def node_wiring(name: str, number: int) -> NodeWiring:
    return NodeWiring(
        name=name,
        generator=f"{name}_awg",
        delay=f"{name}_dg",
        microwave=f"{name}_mw",
        tagger=f"{name}_tc",
        detectors=f"{name}_eos",
        pump_channel=number,
        readout_channel=number + 2,
        trigger_delay_ps=0,
        local_delay_ps=5_000,
        herald_output=number,
        herald_delay_ps=200_000,
        readout_delay_ps=5_000,
        readout_tone=TONE,
    )


WIRING = Wiring(
    hub=HubWiring("hub_pump", "hub_readout_pump", "hub_voa", "hub_eos", "hub_tc"),
    node_a=node_wiring("alice", 1),
    node_b=node_wiring("bob", 2),
    tick_period_ps=TICK_PS,
)
