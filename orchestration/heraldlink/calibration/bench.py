# SPDX-License-Identifier: Apache-2.0
"""What a calibration works with: something that plays slots, the rack's settings, the declared devices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from heraldlink.calibration.measured import Measured
from heraldlink.calibration.point import RackPoint
from heraldlink.sequences import SlotPlan
from heraldlink_drivers.roles import Tags
from heraldlink_physics.device import ArmDevice, Devices


class Slot(Protocol):
    """Tags of one slot."""

    @property
    def hub(self) -> Mapping[int, Tags]:
        """Of the hub, by RAW channel."""
        ...

    @property
    def ends(self) -> Mapping[str, Mapping[int, Tags]]:
        """Of the ends that played."""
        ...


class Player(Protocol):
    """Plays slots: a rack."""

    def play(self, plan: SlotPlan, point: RackPoint, ends: Iterable[str] | None = None) -> Slot:
        """Play one slot of a plan with the rack set to ``point``."""
        ...


@dataclass(frozen=True, slots=True)
class Bench:
    """``point``: all values so far applied; ``declared``: the files as they are; ``devices``: the model."""

    player: Player
    point: RackPoint
    declared: RackPoint
    devices: Devices
    declared_devices: Devices

    def device(self, arm: str) -> ArmDevice:
        """An arm's hardware with all that is known of it."""
        return next(item for item in self.devices.arms if item.name == arm)

    def declared_device(self, arm: str) -> ArmDevice:
        """An arm's hardware as the device file has it."""
        return next(item for item in self.declared_devices.arms if item.name == arm)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a calibration found, and the digest of what it played."""

    values: Mapping[str, Measured]
    digest: str
