# SPDX-License-Identifier: Apache-2.0
"""What instruments feel of the world between slots: light at monitors, and the cryostats' temperatures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from heraldlink_physics.cryostat import mixing_chamber_K, relaxed
from heraldlink_physics.device import ArmDevice
from heraldlink_sim.cabinet import Faces
from heraldlink_sim.world.optics import emitted_W
from heraldlink_sim.world.play import SlotEvents, World
from heraldlink_sim.world.pumped import closed_transmission, incident_W
from heraldlink_sim.world.wiring import Cryostat, NodeWiring

Elsewhere = Callable[[int], float]

SPEED_OF_LIGHT = 299_792_458.0  # m/s


class Surroundings:
    """Lays the cables that carry something back to attenuators, power meters and thermometers.

    A power meter at a tap feels the pump as it is now, times the carver's mean transmission over the last
    tick period. A mixing chamber relaxes towards the temperature that this heat gives.
    """

    def __init__(self, world: World, faces: Faces) -> None:
        self._world, self._faces = world, faces
        self._arms: dict[str, tuple[NodeWiring, ArmDevice]] = {
            node.name: (node, device)
            for node, device in zip(world.wiring.nodes, world.devices.arms, strict=True)
        }
        self._carvers = {name: closed_transmission(arm.carver) for name, (_, arm) in self._arms.items()}
        self._chambers_K = {
            name: node.cryostat.base_K for name, (node, _) in self._arms.items() if node.cryostat
        }
        self._tick = 0
        self._connect()

    def pass_ticks(self, last: int) -> None:
        """Let time pass up to a tick while nobody plays."""
        self._relax(last)
        self._carvers = {name: closed_transmission(arm.carver) for name, (_, arm) in self._arms.items()}

    def played(self, slot: int, events: SlotEvents) -> None:
        """Take note of how far the carvers were open in the tick period that began at ``slot``."""
        self._relax(slot)
        self._carvers |= events.carvers

    def _connect(self) -> None:
        attenuator = self._faces.attenuators[self._world.wiring.hub.attenuator]
        attenuator.input_power_W = self._attenuator_input_W
        for name, (node, _) in self._arms.items():
            if node.tap is not None:
                self._faces.power_meters[node.tap.power_meter].input_W = partial(self._tap, name)
            if node.cryostat is not None:
                thermometer = self._faces.thermometers[node.cryostat.thermometer]
                elsewhere = thermometer.temperature_K
                thermometer.temperature_K = partial(self._temperature_K, name, node.cryostat, elsewhere)

    def _pump_W(self, name: str) -> float:
        """Return the pump's mean power behind a node's carver."""
        node, device = self._arms[name]
        return incident_W(self._faces.state(), self._world.wiring, node, device) * self._carvers[name]

    def _tap(self, name: str) -> tuple[float, float]:
        node, _ = self._arms[name]
        laser = self._faces.lasers[self._world.wiring.hub.pump].state()
        fraction = node.tap.fraction if node.tap else 0.0
        return self._pump_W(name) * fraction, SPEED_OF_LIGHT / laser.frequency_Hz

    def _temperature_K(self, name: str, cryostat: Cryostat, elsewhere: Elsewhere, channel: int) -> float:
        return self._chambers_K[name] if channel == cryostat.channel else elsewhere(channel)

    def _relax(self, tick: int) -> None:
        """Bring the mixing chambers to the time of a tick, under the heat that they had so far."""
        elapsed_s = max(0, tick - self._tick) * self._world.wiring.tick_period_ps * 1e-12
        self._tick = max(tick, self._tick)
        for name, now_K in self._chambers_K.items():
            cryostat = self._arms[name][0].cryostat
            if cryostat is not None:
                heat_W = self._pump_W(name) * cryostat.absorbed
                target_K = mixing_chamber_K(cryostat.base_K, heat_W, cryostat.cooling_W_per_K2)
                self._chambers_K[name] = relaxed(now_K, target_K, elapsed_s, cryostat.time_constant_s)

    def _attenuator_input_W(self, channel: int) -> float:
        """Return the power that the splitter of a pump sends into an attenuator channel."""
        hub = self._world.wiring.hub
        for node, device in self._arms.values():
            for laser, used in ((hub.pump, node.pump_channel), (hub.readout_pump, node.readout_channel)):
                if used == channel:
                    return emitted_W(self._faces.lasers[laser].state()) * device.splitter
        return 0.0
