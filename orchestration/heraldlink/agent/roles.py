# SPDX-License-Identifier: Apache-2.0
"""A node's instruments by role, taken from its Station and checked against the role's protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TypeVar

from heraldlink.agent.limited import LimitedAttenuator, LimitedGenerator, LimitedLaser
from heraldlink.agent.settings import Stretch, together
from heraldlink.agent.transducer_light import TransducerLight
from heraldlink.config import EndNodeConfig, MidpointConfig
from heraldlink.errors import ConfigurationError
from heraldlink_drivers.roles import (
    Attenuator,
    DetectorBias,
    Device,
    MicrowaveSource,
    PumpLaser,
    SlotTrigger,
    TimeTagger,
    WaveformGenerator,
)
from heraldlink_physics.device import Devices

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class EndInstruments:
    """An end node's instruments."""

    generator: WaveformGenerator
    slot_trigger: SlotTrigger
    microwave: MicrowaveSource
    tagger: TimeTagger
    detectors: DetectorBias


@dataclass(frozen=True, slots=True)
class MidpointInstruments:
    """The midpoint's instruments."""

    pump: PumpLaser
    readout_pump: PumpLaser
    attenuator: Attenuator
    detectors: DetectorBias
    tagger: TimeTagger


def pick(station: Mapping[str, object], name: str, role: type[R], path: object) -> R:
    """The instrument ``name`` as ``role``. Raises ConfigurationError naming file, instrument and role."""
    if name not in station:
        raise ConfigurationError(f"{path}: there is no instrument {name!r} (it has {', '.join(station)})")
    device = station[name]
    if not isinstance(device, role):
        raise ConfigurationError(f"{path}: instrument {name!r} cannot serve as {role.__name__}")
    return device


def end_instruments(config: EndNodeConfig, station: Mapping[str, object], devices: Devices) -> EndInstruments:
    """Instruments of an end node's roles; the generator keeps the carver within limits.open_share."""
    names, path = config.roles, config.station
    carver = next(arm.carver for arm in devices.arms if arm.name == config.node)
    generator = pick(station, names.generator, WaveformGenerator, path)  # type: ignore[type-abstract]
    return EndInstruments(
        generator=LimitedGenerator(generator, config, carver),
        slot_trigger=pick(station, names.slot_trigger, SlotTrigger, path),  # type: ignore[type-abstract]
        microwave=pick(station, names.microwave, MicrowaveSource, path),  # type: ignore[type-abstract]
        tagger=pick(station, names.tagger, TimeTagger, path),  # type: ignore[type-abstract]
        detectors=pick(station, names.detectors, DetectorBias, path),  # type: ignore[type-abstract]
    )


def midpoint_instruments(
    config: MidpointConfig, station: Mapping[str, object], devices: Devices
) -> MidpointInstruments:
    """Instruments of the midpoint's roles; lasers and attenuator keep to limits.transducer together."""
    names, path = config.roles, config.station
    pump = pick(station, names.pump, PumpLaser, path)  # type: ignore[type-abstract]
    readout_pump = pick(station, names.readout_pump, PumpLaser, path)  # type: ignore[type-abstract]
    attenuator = pick(station, names.attenuator, Attenuator, path)  # type: ignore[type-abstract]
    lasers = {names.pump: pump, names.readout_pump: readout_pump}
    light = TransducerLight(config, lasers, attenuator, devices)
    return MidpointInstruments(
        pump=LimitedLaser(names.pump, pump, light),
        readout_pump=LimitedLaser(names.readout_pump, readout_pump, light),
        attenuator=LimitedAttenuator(attenuator, light),
        detectors=pick(station, names.detectors, DetectorBias, path),  # type: ignore[type-abstract]
        tagger=pick(station, names.tagger, TimeTagger, path),  # type: ignore[type-abstract]
    )


def stretches(names: object, instruments: EndInstruments | MidpointInstruments) -> dict[str, Stretch]:
    """How each instrument reads several settings in one exchange; ``names``: by role."""
    roles = [field.name for field in fields(instruments)]
    return {str(getattr(names, role)): together(getattr(instruments, role)) for role in roles}


__all__ = [
    "Device",
    "EndInstruments",
    "MidpointInstruments",
    "end_instruments",
    "midpoint_instruments",
    "stretches",
]
