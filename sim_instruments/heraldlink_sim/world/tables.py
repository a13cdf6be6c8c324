# SPDX-License-Identifier: Apache-2.0
"""From frozen settings to sampling tables: what one attempt, or one bright pulse, does at the midpoint."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics import chain
from heraldlink_physics.carving import pump_pulse
from heraldlink_physics.chain import LinkModel
from heraldlink_physics.device import Devices
from heraldlink_physics.model import Cause
from heraldlink_physics.settings import ArmSettings, GateSettings, MidpointSettings, OtherPulse
from heraldlink_sim.world.arrivals import Arrivals, Real
from heraldlink_sim.world.node import Pulse
from heraldlink_sim.world.optics import Optics

PLANCK_Js = 6.62607015e-34
REMEMBERED = 32
"""Of each kind, those used last: more than the programs of a run, and each holds its waveforms (0.6 MB)."""
CAUSES: tuple[tuple[Cause, Cause], ...] = (
    ("none", "none"), ("photon", "none"), ("dark", "none"), ("none", "photon"), ("none", "dark"),
    ("photon", "photon"), ("photon", "dark"), ("dark", "photon"), ("dark", "dark"),
)  # fmt: skip
"""Why detectors (c, d) clicked in a gate; entry 0 is no click."""


@dataclass(frozen=True, slots=True, eq=False)
class AttemptTable:
    """One round of an attempt, with given pulses and skew.

    ``probability``: of any click in the gate. ``cumulative``: float[8] over `CAUSES`[1:], of those attempts.
    ``states``: complex[9, 4, 4] normalised loaded states by cause. ``photons``: arrivals inside the
    gate; ``stray``: those outside of it, with mean ``stray_mean`` per detector. ``leak_share``: share of a
    detector's uncorrelated clicks in the gate that follow the pulse's shape, the rest being uniform.
    """

    probability: float
    cumulative: Real
    states: NDArray[np.complex128]
    photons: Arrivals
    stray: Arrivals
    stray_mean: tuple[float, float]
    leak_share: tuple[float, float]
    gate: GateSettings
    dark_rates_Hz: tuple[float, float]
    link: LinkModel


@dataclass(frozen=True, slots=True)
class BrightTable:
    """One bright pulse: mean photons per detector and arm (float[2 detectors, 2 arms]) and overlap."""

    means: Real
    visibility: float
    arrivals: Arrivals


@dataclass(frozen=True, slots=True)
class Meeting:
    """Pulses of both nodes that meet; ``skew_ps``: start of B's waveform after A's.

    ``sync_ps``: of A's waveform, after its start. ``phase_drawn``: the fast phase is drawn with the attempt,
    since several rounds share it, and leaves the states alone.
    """

    pulse_a: Pulse | None
    pulse_b: Pulse | None
    skew_ps: int = 0
    sync_ps: int = 0
    phase_drawn: bool = False


class TableBook:
    """Tables by settings and pulses, the latest ones remembered: only a new one costs a model."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices
        self._links: OrderedDict[tuple[Optics, Meeting], AttemptTable] = OrderedDict()
        self._brights: OrderedDict[tuple[Optics, Meeting], BrightTable] = OrderedDict()

    def attempt(self, optics: Optics, meeting: Meeting) -> AttemptTable:
        """Return the table of an attempt."""
        key = (optics, meeting)
        if key not in self._links:
            self._links[key] = self._make(optics, meeting)
            _forget(self._links)
        self._links.move_to_end(key)
        return self._links[key]

    def bright(self, optics: Optics, meeting: Meeting) -> BrightTable:
        """Return the table of a bright pulse: both arms' light around the transducers, as coherent pulses."""
        key = (optics, meeting)
        if key not in self._brights:
            link = self.attempt(optics, meeting).link
            energies_J = [pumped.pulse_energy_J for pumped in link.pumped]
            share = self._devices.midpoint.bright_transmission / (PLANCK_Js * optics.laser_frequency_Hz) / 2
            means = np.outer(link.midpoint.detector_efficiency, energies_J) * share
            arrivals = Arrivals(link.profiles, (energies_J[0], energies_J[1]))
            self._brights[key] = BrightTable(means, link.midpoint.visibility, arrivals)
            _forget(self._brights)
        self._brights.move_to_end(key)
        return self._brights[key]

    def _make(self, optics: Optics, meeting: Meeting) -> AttemptTable:
        settings, devices = self._settings(optics, meeting), optics.drift.applied(self._devices)
        midpoint, device = MidpointSettings(optics.detectors, optics.gate), devices.midpoint
        if meeting.phase_drawn:
            device = replace(device, fast_phase_sigma_rad=0.0)
        link = chain.link(*devices.arms, device, *settings, midpoint, coherent=optics.coherent)
        return _table(link, optics.gate)

    def _settings(self, optics: Optics, meeting: Meeting) -> tuple[ArmSettings, ArmSettings]:
        """Return both arms' settings; one without a pulse has its carver closed as long as the other's."""
        lit = (meeting.pulse_a, meeting.pulse_b)
        shapes = (meeting.pulse_a or meeting.pulse_b, meeting.pulse_b or meeting.pulse_a)
        a, b = (_arm_settings(optics, node, shapes[node], lit[node], meeting) for node in (0, 1))
        return self._heated(a, 0, meeting, optics), self._heated(b, 1, meeting, optics)

    def _heated(self, settings: ArmSettings, node: int, meeting: Meeting, optics: Optics) -> ArmSettings:
        """Add the other pulses of the node's waveform, which heat."""
        pulse = meeting.pulse_b if node else meeting.pulse_a
        if pulse is None or not pulse.others:
            return settings
        others: list[OtherPulse] = []
        for first, last in pulse.others:
            other = replace(pulse, first=first, last=last, others=())
            carved = _arm_settings(optics, node, other, other, meeting)
            energy_J = pump_pulse(self._devices.arms[node], carved).energy_J
            before_ps = round((pulse.begin_ps + pulse.end_ps - other.begin_ps - other.end_ps) / 2)
            others.append(OtherPulse(energy_J, before_ps % pulse.period_ps or pulse.period_ps))
        return replace(settings, others=tuple(others))


def _table(link: LinkModel, gate: GateSettings) -> AttemptTable:
    states = np.stack([link.model.clicks[cause] for cause in CAUSES])
    weights = np.einsum("nii->n", states).real
    clicking = weights[1:].clip(min=0.0)
    total = float(clicking.sum())
    emitted = [item.arm.n_bar * (1 + item.arm.n_thermal) * item.arm.efficiency for item in link.pumped]
    inside = [photons * share for photons, share in zip(emitted, link.gate_fractions, strict=True)]
    beside = [
        (photons + item.leaked_photons) * max(0.0, 1 - share)  # a share may round to above 1
        for photons, item, share in zip(emitted, link.pumped, link.gate_fractions, strict=True)
    ]
    return AttemptTable(
        probability=total,
        cumulative=np.cumsum(clicking) / total if total > 0 else np.ones(len(clicking)),
        states=states / np.where(weights > 0, weights, 1.0)[:, None, None],
        photons=Arrivals(link.profiles, (inside[0], inside[1])),
        stray=Arrivals(link.profiles, (beside[0], beside[1])),
        stray_mean=_per_detector(link, sum(beside) / 2),
        leak_share=_leak_share(link, gate),
        gate=gate,
        dark_rates_Hz=link.dark_rates_Hz,
        link=link,
    )


def _per_detector(link: LinkModel, photons: float) -> tuple[float, float]:
    c, d = link.midpoint.detector_efficiency
    return photons * c, photons * d


def _leak_share(link: LinkModel, gate: GateSettings) -> tuple[float, float]:
    uniform = [rate * gate.length_ps * 1e-12 for rate in link.dark_rates_Hz]
    c, d = (
        leak / (leak + rest) if leak > 0 else 0.0
        for leak, rest in zip(link.leak_clicks, uniform, strict=True)
    )
    return c, d


def _arm_settings(
    optics: Optics, node: int, shape: Pulse | None, pulse: Pulse | None, meeting: Meeting
) -> ArmSettings:
    """Return a node's settings; ``shape``: its pulse, or the other node's if it has none."""
    envelope_V = np.zeros(1)
    if pulse:
        envelope_V = pulse.waveform.samples.astype(np.float64) * (pulse.amplitude_Vpp / 2)
        envelope_V[: pulse.first] = 0.0
        envelope_V[pulse.last :] = 0.0
    return ArmSettings(
        laser_frequency_Hz=optics.laser_frequency_Hz,
        laser_power_W=optics.laser_power_W,
        attenuation_dB=optics.attenuation_dB[node],
        envelope_V=envelope_V,
        sample_rate_Hz=shape.sample_rate_Hz if shape else 1e9,
        attempt_period_ps=shape.period_ps if shape else 1_000_000,
        start_ps=meeting.skew_ps if node else 0,
        sync_ps=0 if node else meeting.sync_ps,
    )


def _forget(
    book: OrderedDict[tuple[Optics, Meeting], AttemptTable]
    | OrderedDict[tuple[Optics, Meeting], BrightTable],
) -> None:
    while len(book) > REMEMBERED:
        book.popitem(last=False)
