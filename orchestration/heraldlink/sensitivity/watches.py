# SPDX-License-Identifier: Apache-2.0
"""What one shot of a part can end in: probabilities from the devices, and the cells counted from tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from heraldlink.sensitivity import light, qubits
from heraldlink.sensitivity.bench import Bench, drives_of, gate_of, link_of, pulse_of, pumped_arms
from heraldlink.sensitivity.tags import SlotTags, clicks_in, gaps_after, photons_of
from heraldlink.sequences import SlotPlan
from heraldlink_physics.device import Devices

Real = NDArray[np.float64]
Counts = NDArray[np.int64]
READ_E = 1
"""So many photons are read as e where two qubits are read together."""


class Watch(Protocol):
    """One part of a plan, looked at in one way."""

    @property
    def part(self) -> str:
        """Name of the part."""
        ...

    @property
    def follows_phase(self) -> bool:
        """Whether its cells depend on the fibres' slow phase, which every slot has to estimate."""
        ...

    def cells(self, devices: Devices, bench: Bench, plan: SlotPlan, phase_rad: float) -> Real:
        """Probabilities, float[k], sum 1."""
        ...

    def counts(self, tags: SlotTags, plan: SlotPlan) -> Counts:
        """Shots that ended in each cell, int64[k]."""
        ...


@dataclass(frozen=True, slots=True)
class Clicks:
    """Which detector of the midpoint clicked, and in which of ``bins`` equal parts of the gate."""

    part: str
    bins: int = 1
    follows_phase: bool = False

    def cells(self, devices: Devices, bench: Bench, plan: SlotPlan, phase_rad: float) -> Real:
        """See `Watch`."""
        model = link_of(devices.arms, devices.midpoint, bench, plan, self.part)
        pumped = pumped_arms(devices.arms, bench, plan, self.part)
        return light.click_cells(model, pumped, plan.gate_ps, self.bins)

    def counts(self, tags: SlotTags, plan: SlotPlan) -> Counts:
        """See `Watch`."""
        c, d = clicks_in(tags, plan, self.part)
        begin_ps, end_ps = plan.gate_ps
        bin_c, bin_d = ((times - begin_ps) * self.bins // (end_ps - begin_ps) for times in (c, d))
        only_c, only_d = np.flatnonzero((c >= 0) & (d < 0)), np.flatnonzero((c < 0) & (d >= 0))
        both = int(np.count_nonzero((c >= 0) & (d >= 0)))
        seen_c = np.bincount(bin_c[only_c], minlength=self.bins)
        seen_d = np.bincount(bin_d[only_d], minlength=self.bins)
        silent = len(c) - both - len(only_c) - len(only_d)
        return np.concatenate([[silent], seen_c, seen_d, [both]]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Photons:
    """Photons in the readout gate of one node, its qubit fresh at the waveform's beginning."""

    part: str
    node: int
    follows_phase: bool = False

    def cells(self, devices: Devices, bench: Bench, plan: SlotPlan, phase_rad: float) -> Real:
        """See `Watch`."""
        qubit = devices.arms[self.node].qubit
        excited = float(_effect(devices, bench, plan, self.part, self.node, 0) @ qubits.rest(qubit))
        from_g, from_e = _photons(devices, bench, plan, self.part, self.node)
        return np.asarray((1 - excited) * from_g + excited * from_e)

    def counts(self, tags: SlotTags, plan: SlotPlan) -> Counts:
        """See `Watch`."""
        photons = photons_of(tags, plan, self.part, self.node)
        return np.bincount(photons.clip(max=qubits.MOST_PHOTONS), minlength=qubits.MOST_PHOTONS + 1)


@dataclass(frozen=True, slots=True)
class ClicksAndPhotons:
    """Click pattern at the midpoint and photons in the readout gate of the node that is pumped."""

    part: str
    node: int
    follows_phase: bool = False

    def cells(self, devices: Devices, bench: Bench, plan: SlotPlan, phase_rad: float) -> Real:
        """See `Watch`."""
        model = link_of(devices.arms, devices.midpoint, bench, plan, self.part)
        states = light.correlations(model, phase_rad)
        alone = states[:, :, 0] if self.node == 0 else states[:, 0, :]
        effect = _loaded(devices, bench, plan, self.part, self.node)
        photons = _photons(devices, bench, plan, self.part, self.node)
        shares = np.stack([alone @ (qubits.ANYTHING - effect), alone @ effect], axis=1)
        return np.asarray((shares @ photons).ravel())

    def counts(self, tags: SlotTags, plan: SlotPlan) -> Counts:
        """See `Watch`."""
        c, d = clicks_in(tags, plan, self.part)
        photons = photons_of(tags, plan, self.part, self.node).clip(max=qubits.MOST_PHOTONS)
        cells = ((c >= 0) + 2 * (d >= 0)) * (qubits.MOST_PHOTONS + 1) + photons
        return np.bincount(cells, minlength=4 * (qubits.MOST_PHOTONS + 1))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Click pattern at the midpoint and what both nodes read, g or e: heralded pairs, and all others."""

    part: str
    follows_phase: bool = True

    def cells(self, devices: Devices, bench: Bench, plan: SlotPlan, phase_rad: float) -> Real:
        """See `Watch`."""
        model = link_of(devices.arms, devices.midpoint, bench, plan, self.part)
        states = light.correlations(model, phase_rad)
        seen = [self._effects(devices, bench, plan, node) for node in (0, 1)]
        return np.asarray(np.einsum("nij,ai,bj->nab", states, *seen).ravel())

    def _effects(self, devices: Devices, bench: Bench, plan: SlotPlan, node: int) -> Real:
        """Row vectors of reading g and e, with the readout's errors, float[2, 4]."""
        effect = _loaded(devices, bench, plan, self.part, node)
        below = _photons(devices, bench, plan, self.part, node)[:, :READ_E].sum(axis=1)
        read_g = below[0] * (qubits.ANYTHING - effect) + below[1] * effect
        return np.stack([read_g, qubits.ANYTHING - read_g])

    def counts(self, tags: SlotTags, plan: SlotPlan) -> Counts:
        """See `Watch`."""
        c, d = clicks_in(tags, plan, self.part)
        a, b = (photons_of(tags, plan, self.part, node) >= READ_E for node in (0, 1))
        return np.bincount(((c >= 0) + 2 * (d >= 0)) * 4 + 2 * a + b, minlength=16)


@dataclass(frozen=True, slots=True)
class Bright:
    """Which detectors a bright pulse makes click; ``quadrature_rad``: by how much B's carver is ahead."""

    part: str
    quadrature_rad: float
    follows_phase: bool = True

    def cells(self, devices: Devices, bench: Bench, plan: SlotPlan, phase_rad: float) -> Real:
        """See `Watch`."""
        model = link_of(devices.arms, devices.midpoint, bench, plan, self.part, bright=True)
        pumped = pumped_arms(devices.arms, bench, plan, self.part, bright=True)
        phase_rad += self.quadrature_rad
        return light.bright_cells(model, pumped, devices.midpoint, bench.laser_frequency_Hz, phase_rad)

    def counts(self, tags: SlotTags, plan: SlotPlan) -> Counts:
        """See `Watch`."""
        c, d = clicks_in(tags, plan, self.part)
        return np.bincount((c >= 0) + 2 * (d >= 0), minlength=4)


@dataclass(frozen=True, slots=True)
class Followed:
    """Clicks of detector ``port`` in bright pulses of one arm alone, and when the next one came."""

    part: str
    port: int
    edges_ps: tuple[int, ...]
    follows_phase: bool = False

    def cells(self, devices: Devices, bench: Bench, plan: SlotPlan, phase_rad: float) -> Real:
        """No click; a click and none after it within the edges; its next one between two of them."""
        alone = Bright(self.part, 0.0).cells(devices, bench, plan, 0.0)
        clicked = float(alone[1 + self.port] + alone[3])
        after = light.afterpulse_cells(devices.midpoint.detectors[self.port], self.edges_ps)
        return np.concatenate([[1 - clicked, clicked * (1 - after.sum())], clicked * after])

    def counts(self, tags: SlotTags, plan: SlotPlan) -> Counts:
        """See `Watch`."""
        first = clicks_in(tags, plan, self.part)[self.port]
        gap_ps = gaps_after(tags, plan, self.part, self.port)
        place = np.searchsorted(np.array(self.edges_ps), gap_ps, side="right")
        place[(place == 0) | (place == len(self.edges_ps))] = 0
        return np.bincount(np.where(first < 0, 0, 1 + place), minlength=len(self.edges_ps) + 1)


def _photons(devices: Devices, bench: Bench, plan: SlotPlan, part: str, node: int) -> Real:
    gate = gate_of(plan, part, node)
    width_ps = gate.width_ps if gate else 0
    return qubits.photon_cells(devices.arms[node], bench, width_ps)


def _loaded(devices: Devices, bench: Bench, plan: SlotPlan, part: str, node: int) -> Real:
    """Effect on the qubit that the part's pump pulse loads."""
    pulse = pulse_of(plan, part, node)
    return _effect(devices, bench, plan, part, node, pulse.centre_ps if pulse else 0)


def _effect(devices: Devices, bench: Bench, plan: SlotPlan, part: str, node: int, begin_ps: int) -> Real:
    gate = gate_of(plan, part, node)
    end_ps = gate.begin_ps if gate else begin_ps
    drives = drives_of(plan, part, node)
    return np.array(qubits.effect(devices.arms[node].qubit, bench.drive, drives, begin_ps, end_ps))
