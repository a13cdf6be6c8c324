# SPDX-License-Identifier: Apache-2.0
"""What changes in a laboratory by itself from slot to slot: cavities jump, fibres turn polarisations.

Each is a process sampled at the slot ticks and frozen for the slot, keyed by seed and slot, never by the
order in which slots are played. Both begin at slot 0 as the device file has them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.device import ArmDevice, Devices
from heraldlink_physics.polarisation import diffusion_sigma_rad, misalignment_rad, rotations, stokes
from heraldlink_sim.world.streams import stream

BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Drift:
    """Where the drifting things are in one slot.

    ``cavity_shift_Hz``: of the arms' transducers from their file's frequency. ``misalignment_rad``: of the
    polarisations at the beam splitter, None as in the file.
    """

    cavity_shift_Hz: tuple[float, float] = (0.0, 0.0)
    misalignment_rad: float | None = None

    def applied(self, devices: Devices) -> Devices:
        """Return the devices as they are in that slot."""
        if self == STILL:
            return devices
        a, b = (_shifted(arm, by) for arm, by in zip(devices.arms, self.cavity_shift_Hz, strict=True))
        midpoint = devices.midpoint
        if self.misalignment_rad is not None:
            midpoint = replace(midpoint, polarisation_misalignment_rad=self.misalignment_rad)
        return replace(devices, arms=(a, b), midpoint=midpoint)


STILL = Drift()


def _shifted(arm: ArmDevice, by_Hz: float) -> ArmDevice:
    """Return the arm with its cavity moved and its filter where it was."""
    if by_Hz == 0:
        return arm
    cavity = replace(arm.transducer, optical_frequency_Hz=arm.transducer.optical_frequency_Hz + by_Hz)
    return replace(arm, transducer=cavity, filter_offset_Hz=arm.filter_offset_Hz - by_Hz)


class Telegraph:
    """Random telegraph noise: False at slot 0, then ``rate_Hz`` jumps a second, there and back alike.

    Within a tick period an odd number of jumps has the probability (1 - exp(-2 rate T))/2 (Papoulis,
    Probability, Random Variables and Stochastic Processes, section 9-1).
    """

    def __init__(self, seed: int, name: str, rate_Hz: float, tick_period_s: float) -> None:
        self._seed, self._name = seed, f"jumps {name}"
        self._odd = -math.expm1(-2 * rate_Hz * tick_period_s) / 2
        self._blocks: list[NDArray[np.bool_]] = []

    def at(self, slot: int) -> bool:
        """Return the state at ``slot`` >= 0."""
        if self._odd == 0 or slot == 0:
            return False
        block, within = divmod(slot - 1, BLOCK)
        while len(self._blocks) <= block:
            self._extend()
        return bool(self._blocks[block][within])

    def _extend(self) -> None:
        rng = stream(self._seed, len(self._blocks), self._name)
        jumps = rng.random(BLOCK) < self._odd
        before = bool(self._blocks[-1][-1]) if self._blocks else False
        self._blocks.append(np.logical_xor.accumulate(jumps) ^ before)


class PolarisationWalk:
    """Arm B's polarisation as A's fibre and its own turn it, from a misalignment at slot 0."""

    def __init__(
        self, seed: int, misaligned_rad: float, diffusion_rad2_per_s: float, tick_period_s: float
    ) -> None:
        self._seed, self._start = seed, stokes(misaligned_rad)
        self._sigma_rad = diffusion_sigma_rad(diffusion_rad2_per_s, tick_period_s)
        self._blocks: list[NDArray[np.float64]] = []

    def at(self, slot: int) -> float | None:
        """Return the misalignment (rad) at ``slot`` >= 0; None where nothing drifts."""
        if self._sigma_rad == 0:
            return None
        if slot == 0:
            return misalignment_rad(self._start)
        block, within = divmod(slot - 1, BLOCK)
        while len(self._blocks) <= block:
            self._extend()
        return misalignment_rad(self._blocks[block][within] @ self._start)

    def _extend(self) -> None:
        rng = stream(self._seed, len(self._blocks), "polarisation")
        turned = _running_product(rotations(rng.normal(0.0, self._sigma_rad, (BLOCK, 3))))
        self._blocks.append(turned @ self._blocks[-1][-1] if self._blocks else turned)


def _running_product(turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the products turn_k ... turn_0, float[n, 3, 3], in log n steps."""
    product, reach = turns.copy(), 1
    while reach < len(product):
        product[reach:] = product[reach:] @ product[:-reach]
        reach *= 2
    return product


class Drifts:
    """All drifting things of a laboratory."""

    def __init__(self, devices: Devices, seed: int, tick_period_s: float) -> None:
        midpoint = devices.midpoint
        self._jumps_Hz = tuple(arm.transducer.frequency_jump_Hz for arm in devices.arms)
        self._telegraphs = tuple(
            Telegraph(seed, arm.name, arm.transducer.frequency_jump_rate_Hz, tick_period_s)
            for arm in devices.arms
        )
        self._polarisation = PolarisationWalk(
            seed,
            midpoint.polarisation_misalignment_rad,
            midpoint.polarisation_diffusion_rad2_per_s,
            tick_period_s,
        )

    def at(self, slot: int) -> Drift:
        """Return where everything is at ``slot`` >= 0."""
        a, b = (
            by if telegraph.at(slot) else 0.0
            for by, telegraph in zip(self._jumps_Hz, self._telegraphs, strict=True)
        )
        return Drift((a, b), self._polarisation.at(slot))
