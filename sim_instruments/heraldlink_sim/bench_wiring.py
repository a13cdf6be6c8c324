# SPDX-License-Identifier: Apache-2.0
"""The wiring of a bench file: which instrument is connected where, and how long the cables are."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from heraldlink_sim.model import Kind, Strict
from heraldlink_sim.world.wiring import (
    Cryostat,
    HubWiring,
    NodeWiring,
    ReadoutTone,
    SwitchRoute,
    Tap,
    Wiring,
)

Cable = tuple[str, str, Kind]
Delay = Annotated[int, Field(ge=0, le=10**9)]
Channel = Annotated[int, Field(ge=1, le=4)]


class ReadoutToneConfig(Strict):
    """Microwave tone at which the readout works as the device file says."""

    frequency_Hz: Annotated[float, Field(ge=1e6, le=20e9)]
    linewidth_Hz: Annotated[float, Field(gt=0)]
    power_dBm: Annotated[float, Field(ge=-120, le=25)]


class SwitchRouteConfig(Strict):
    """The optical switch that a node's pump goes through, and the ports that must be joined for it."""

    switch: str
    source: Annotated[int, Field(ge=1)]
    target: Annotated[int, Field(ge=1)]


class TapConfig(Strict):
    """The power meter behind a node's carver, and its share of the light."""

    power_meter: str
    fraction: Annotated[float, Field(gt=0, lt=1)] = 0.01


class CryostatConfig(Strict):
    """A node's cryostat: its thermometer, and how its mixing chamber takes the pump's heat."""

    thermometer: str
    channel: Annotated[int, Field(ge=1, le=16)] = 6
    base_K: Annotated[float, Field(gt=0)] = 0.012
    cooling_W_per_K2: Annotated[float, Field(gt=0)] = 0.02
    absorbed: Annotated[float, Field(ge=0, le=1)] = 1.0
    time_constant_s: Annotated[float, Field(gt=0)] = 60.0


class HubConfig(Strict):
    """Midpoint: names of its instruments, and the combiner that heralds."""

    pump: str
    readout_pump: str
    attenuator: str
    detectors: str
    time_controller: str
    herald_combiner: Annotated[int, Field(ge=1, le=24)] = 5


class NodeConfig(Strict):
    """One node: names of its instruments, its channels at the hub, and its cables in ps."""

    generator: str
    delay: str
    microwave: str
    time_controller: str
    detectors: str
    pump_channel: Channel
    readout_channel: Channel
    trigger_delay_ps: Delay
    local_delay_ps: Delay
    herald_output: Channel
    herald_delay_ps: Delay
    readout_delay_ps: Delay
    readout_tone: ReadoutToneConfig
    pump_route: SwitchRouteConfig | None = None
    tap: TapConfig | None = None
    cryostat: CryostatConfig | None = None


class WiringConfig(Strict):
    """All connections. ``nodes``: exactly two, by name; the first one's sync starts the hub's tagger."""

    hub: HubConfig
    nodes: Annotated[dict[str, NodeConfig], Field(min_length=2, max_length=2)]

    def cables(self) -> list[Cable]:
        """Where each instrument is named, its name, and the kind that it must be."""
        hub = self.hub
        cables: list[Cable] = [
            ("wiring.hub.pump", hub.pump, "laser"),
            ("wiring.hub.readout_pump", hub.readout_pump, "laser"),
            ("wiring.hub.attenuator", hub.attenuator, "attenuator"),
            ("wiring.hub.detectors", hub.detectors, "detector"),
            ("wiring.hub.time_controller", hub.time_controller, "tagger"),
        ]
        for name, node in self.nodes.items():
            where = f"wiring.nodes.{name}"
            node_cables: list[Cable] = [
                (f"{where}.generator", node.generator, "generator"),
                (f"{where}.delay", node.delay, "delay"),
                (f"{where}.microwave", node.microwave, "microwave"),
                (f"{where}.time_controller", node.time_controller, "tagger"),
                (f"{where}.detectors", node.detectors, "detector"),
            ]
            cables += node_cables + _looked_at(where, node)
        return cables

    def world_wiring(self, tick_period_ps: int) -> Wiring:
        """Return the wiring in the words of the world."""
        hub = self.hub
        a, b = (_node(name, node) for name, node in self.nodes.items())
        names = (hub.pump, hub.readout_pump, hub.attenuator, hub.detectors, hub.time_controller)
        return Wiring(HubWiring(*names, herald_combiner=hub.herald_combiner), a, b, tick_period_ps)


def _looked_at(where: str, node: NodeConfig) -> list[Cable]:
    """Return the cables to instruments that a node may have beyond those that it needs."""
    cables: list[Cable] = []
    if node.pump_route:
        cables.append((f"{where}.pump_route.switch", node.pump_route.switch, "switch"))
    if node.tap:
        cables.append((f"{where}.tap.power_meter", node.tap.power_meter, "power_meter"))
    if node.cryostat:
        cables.append((f"{where}.cryostat.thermometer", node.cryostat.thermometer, "thermometer"))
    return cables


def _node(name: str, node: NodeConfig) -> NodeWiring:
    tone = node.readout_tone
    return NodeWiring(
        name=name,
        generator=node.generator,
        delay=node.delay,
        microwave=node.microwave,
        tagger=node.time_controller,
        detectors=node.detectors,
        pump_channel=node.pump_channel,
        readout_channel=node.readout_channel,
        trigger_delay_ps=node.trigger_delay_ps,
        local_delay_ps=node.local_delay_ps,
        herald_output=node.herald_output,
        herald_delay_ps=node.herald_delay_ps,
        readout_delay_ps=node.readout_delay_ps,
        readout_tone=ReadoutTone(tone.frequency_Hz, tone.linewidth_Hz, tone.power_dBm),
        pump_route=SwitchRoute(**node.pump_route.model_dump()) if node.pump_route else None,
        tap=Tap(**node.tap.model_dump()) if node.tap else None,
        cryostat=Cryostat(**node.cryostat.model_dump()) if node.cryostat else None,
    )
