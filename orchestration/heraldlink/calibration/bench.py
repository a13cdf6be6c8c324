# SPDX-License-Identifier: Apache-2.0
"""What a calibration works with: something that plays slots, the rack's settings, the declared devices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from heraldlink.calibration.measured import Measured
from heraldlink.calibration.point import RackPoint
from heraldlink.sequences import SlotPlan
from heraldlink_drivers.roles import Tags
from heraldlink_physics.device import Devices


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

    def scale(self, arm: str) -> float:
        """Pump power at an arm's transducer over what the device file declares, as far as it is known."""
        now, then = (
            next(item for item in devices.arms if item.name == arm)
            for devices in (self.devices, self.declared_devices)
        )
        return now.insertion / then.insertion if then.insertion > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What a calibration found, and the digest of what it played."""

    values: Mapping[str, Measured]
    digest: str
