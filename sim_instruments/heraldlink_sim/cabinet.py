# SPDX-License-Identifier: Apache-2.0
"""The instruments of a bench, switched on and sorted by what they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, cast

from heraldlink_sim.clock import Clock
from heraldlink_sim.model import InstrumentConfig, Listening, Model, Place
from heraldlink_sim.transport.server import Device
from heraldlink_sim.world.rack import (
    AttenuatorFace,
    DelayFace,
    DetectorFace,
    GeneratorFace,
    LaserFace,
    MicrowaveFace,
    PowerMeterFace,
    RackState,
    SwitchFace,
    TaggerFace,
    ThermometerFace,
)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument of a bench, switched on."""

    name: str
    model: Model[Device, InstrumentConfig]
    config: InstrumentConfig
    face: Device
    serial: str

    @property
    def about(self) -> str:
        """What it is, for sentences."""
        return f"{self.model.name} ({self.model.kind})"

    @property
    def answers_itself(self) -> bool:
        """Whether the face answers, not a transcript or an instrument somewhere else."""
        return self.config.answers_itself

    async def serve(self, device: Device, host: str, ports: bool = True) -> Listening:
        """Serve it in its own protocol, requests through ``device``, on its ports or free ones.

        Raises OSError if a port is taken.
        """
        free = {"port": 0, "second_port": 0}
        config = self.config if ports else self.config.model_copy(update=free)
        return await self.model.serve(device, self.face, config, host, self.name)


def switch_on(
    name: str, model: Model[Device, InstrumentConfig], config: InstrumentConfig, place: Place
) -> Instrument:
    """Return a new instrument as it is when its power comes on."""
    return Instrument(name, model, config, model.make(place, config), place.serial)


def place_of(name: str, clock: Clock, tick_period_ps: int, seed: int) -> Place:
    """Return where an instrument of a bench stands; serial numbers of simulated ones begin with ``SIM-``."""
    return Place(f"SIM-{name}", clock, tick_period_ps, seed)


@dataclass(frozen=True, slots=True)
class Faces:
    """The instruments that the world knows, by kind and station name."""

    lasers: dict[str, LaserFace]
    attenuators: dict[str, AttenuatorFace]
    generators: dict[str, GeneratorFace]
    delays: dict[str, DelayFace]
    microwaves: dict[str, MicrowaveFace]
    taggers: dict[str, TaggerFace]
    detectors: dict[str, DetectorFace]
    power_meters: dict[str, PowerMeterFace]
    switches: dict[str, SwitchFace]
    thermometers: dict[str, ThermometerFace]

    @classmethod
    def of(cls, instruments: Mapping[str, Instrument]) -> Self:
        """Sort instruments by the kind of their model, which vouches for what their faces can do."""

        def kind(wanted: str) -> dict[str, Device]:
            return {name: item.face for name, item in instruments.items() if item.model.kind == wanted}

        return cls(
            lasers=cast("dict[str, LaserFace]", kind("laser")),
            attenuators=cast("dict[str, AttenuatorFace]", kind("attenuator")),
            generators=cast("dict[str, GeneratorFace]", kind("generator")),
            delays=cast("dict[str, DelayFace]", kind("delay")),
            microwaves=cast("dict[str, MicrowaveFace]", kind("microwave")),
            taggers=cast("dict[str, TaggerFace]", kind("tagger")),
            detectors=cast("dict[str, DetectorFace]", kind("detector")),
            power_meters=cast("dict[str, PowerMeterFace]", kind("power_meter")),
            switches=cast("dict[str, SwitchFace]", kind("switch")),
            thermometers=cast("dict[str, ThermometerFace]", kind("thermometer")),
        )

    def state(self) -> RackState:
        """Freeze the states of all instruments that act on the world."""
        return RackState(
            lasers={name: face.state() for name, face in self.lasers.items()},
            attenuators={name: face.state() for name, face in self.attenuators.items()},
            generators={name: face.state() for name, face in self.generators.items()},
            delays={name: face.state() for name, face in self.delays.items()},
            microwaves={name: face.state() for name, face in self.microwaves.items()},
            taggers={name: face.state() for name, face in self.taggers.items()},
            detectors={name: face.state() for name, face in self.detectors.items()},
            switches={name: face.state() for name, face in self.switches.items()},
        )
