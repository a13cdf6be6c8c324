# SPDX-License-Identifier: Apache-2.0
"""How much pump light reaches the transducers, and the refusal of a command that would bring too much.

The power is that in front of a node's carver, where its tap is: laser, splitter, attenuator channel, and the
insertion that the device file declares. With the carver open it is what enters the transducer. Both pumps
count: the pair pump through the carver, the readout's red pump all the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf, log10

from heraldlink.agent.blame import blaming
from heraldlink.config import MidpointConfig
from heraldlink.config.node import TransducerLimits
from heraldlink.errors import LimitExceeded
from heraldlink_drivers.roles import Attenuator, PumpLaser
from heraldlink_physics.device import ArmDevice, Devices


@dataclass(frozen=True, slots=True)
class Light:
    """Power in front of a carver, W: of the pair pump, and of the readout pump."""

    pump_W: float
    readout_W: float

    def peak_W(self) -> float:
        """With the carver open."""
        return self.pump_W + self.readout_W

    def mean_W(self, open_share: float) -> float:
        """With the carver open for a share of the time, 0..1."""
        return self.pump_W * open_share + self.readout_W

    def excess(self, limits: TransducerLimits) -> tuple[str, float, float] | None:
        """(which limit, power, allowed power) of the limit that is exceeded most, None if none is."""
        mean_W = self.mean_W(limits.open_share)
        rows = (("peak_W", self.peak_W(), limits.peak_W), ("mean_W", mean_W, limits.mean_W))
        beyond = [row for row in rows if not row[1] <= row[2] * (1 + 1e-9)]  # what is no number is beyond
        return max(beyond, key=lambda row: row[1] / row[2]) if beyond else None


@dataclass(frozen=True, slots=True)
class Laser:
    """A laser's read-backs."""

    power_W: float
    emission: bool
    shutter_open: bool

    def emitted_W(self) -> float:
        """Power that leaves it."""
        return self.power_W if self.emission and self.shutter_open else 0.0


@dataclass(frozen=True, slots=True)
class Channel:
    """Read-backs of an attenuator channel."""

    attenuation_dB: float
    is_open: bool

    def transmission(self) -> float:
        """0 if it is blocked."""
        return 10 ** (-self.attenuation_dB / 10) if self.is_open else 0.0


class TransducerLight:
    """The hub's lasers and attenuator as they read back, against ``limits.transducer`` of the node's file."""

    def __init__(
        self,
        config: MidpointConfig,
        lasers: Mapping[str, PumpLaser],
        attenuator: Attenuator,
        devices: Devices,
    ) -> None:
        self._config, self._lasers, self._attenuator = config, lasers, attenuator
        self._shares = {arm.name: before_carver(arm) for arm in devices.arms}

    def laser(self, device: str) -> Laser:
        """A laser as it reads back."""
        role = self._lasers[device]
        with blaming(device):
            return Laser(role.power_W(), role.emission(), role.shutter_open())

    def channel(self, number: int) -> Channel:
        """An attenuator channel as it reads back."""
        with blaming(self._config.roles.attenuator):
            return Channel(self._attenuator.attenuation_dB(number), self._attenuator.is_open(number))

    def check_laser(self, device: str, request: str, wanted: Laser) -> None:
        """Raise LimitExceeded if a laser in the state ``wanted`` would bring too much light."""
        self._check(device, request, {device: wanted}, {})

    def check_channel(self, number: int, request: str, wanted: Channel) -> None:
        """Raise LimitExceeded if a channel in the state ``wanted`` would let too much light pass."""
        self._check(self._config.roles.attenuator, f"channel {number} {request}", {}, {number: wanted})

    def _check(
        self, device: str, request: str, lasers: Mapping[str, Laser], channels: Mapping[int, Channel]
    ) -> None:
        roles = self._config.roles
        emitted_W = {
            name: (lasers.get(name) or self.laser(name)).emitted_W()
            for name in (roles.pump, roles.readout_pump)
        }
        for arm, point in self._config.operating_point.attenuator.items():

            def passing(number: int) -> float:
                return (channels.get(number) or self.channel(number)).transmission()

            light = Light(
                emitted_W[roles.pump] * self._shares[arm] * passing(point.pump_channel),
                emitted_W[roles.readout_pump] * self._shares[arm] * passing(point.readout_channel),
            )
            if found := light.excess(self._config.limits.transducer[arm]):
                raise LimitExceeded(self._sentence(device, request, arm, *found))

    def _sentence(
        self, device: str, request: str, arm: str, limit: str, power_W: float, allowed_W: float
    ) -> str:
        more_dB = 10 * log10(power_W / allowed_W)
        return (
            f"{device} of node {self._config.node}: {request} is refused: {power_W:.3g} W would reach the"
            f" transducer of {arm}, limits.transducer.{arm}.{limit} allows {allowed_W:.3g} W: attenuate by"
            f" {more_dB:.2f} dB more or lower the laser's power (park the node if others left light on)"
        )


def before_carver(arm: ArmDevice) -> float:
    """Share of a laser's power that arrives in front of an arm's carver, the attenuator apart, 0..1."""
    return arm.splitter * arm.insertion


def least_attenuation_dB(config: MidpointConfig, arm: ArmDevice) -> float:
    """Of an arm's pump channel with lasers and readout as declared, dB >= 0, in steps of 0.01.

    Infinite where the readout's pump alone reaches the limit.
    """
    point, limits = config.operating_point, config.limits.transducer[arm.name]
    attenuator = point.attenuator[arm.name]
    readout_W = point.readout_pump.power_W * before_carver(arm)
    readout_W *= 10 ** (-attenuator.readout_attenuation_dB / 10)
    allowed_W = min(limits.peak_W - readout_W, (limits.mean_W - readout_W) / limits.open_share)
    if allowed_W <= 0:
        return inf
    pump_W = point.pump.power_W * before_carver(arm)
    return max(0.0, ceil(1000 * log10(pump_W / allowed_W)) / 100) if pump_W > 0 else 0.0
