# SPDX-License-Identifier: Apache-2.0
"""The fidelity estimation unit: the largest pump that meets a request, or what could be had."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, cast

import msgspec
from ruamel.yaml import YAML

from heraldlink.agent.doubts import changes, doubted
from heraldlink.agent.expected import (
    contrast,
    correlators,
    decay,
    declared_misreads,
    error_values,
    fidelity,
    fidelity_sigma,
)
from heraldlink.agent.measured_link import MeasuredLink, Misreads
from heraldlink.config import MidpointConfig
from heraldlink.errors import ConfigurationError, Unsupported
from heraldlink.messages.values import Demand, Drive, Parameters, Prediction
from heraldlink.sequences import PairSourceSequence, shapes
from heraldlink_physics import chain, phase
from heraldlink_physics.device import ArmDevice, Devices
from heraldlink_physics.device_file import from_mapping
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.operating_point import OperatingPoint, strongest_pump
from heraldlink_physics.settings import ArmSettings, DetectorSettings, GateSettings, MidpointSettings
from heraldlink_physics.stability import refuse_unstable
from heraldlink_physics.waiting import waited

LIGHT_m_per_s = 299_792_458.0
WEAKEST_dB = -40.0
SMALLEST_SLOT = 200

CAUTION_SIGMA = 2.0
"""By how many standard deviations of a calibrated pump power a request's fidelity has to be safe."""

UNSEEN_SHARE = 0.1
"""Of the uncertainty of what is promised: by how much a phase estimate's age may lower a fidelity."""

PHASE_AGE_TICKS = 3
"""Drift that a promise allows for: a slot that is armed ahead has the phase of two ticks before, or of three
where one was left out."""
MOST_PHASE_TICKS = 100

MOST_REMEMBERED = 64


class Found(NamedTuple):
    """Operating point for a fidelity, with the drives it is for; ``unstable``: why it cannot be used."""

    point: OperatingPoint
    drives: Mapping[str, Drive]
    prediction: Prediction
    unstable: str = ""


@dataclass(frozen=True, slots=True)
class Estimator:
    """The link model at the midpoint's operating point, its values calibrated or declared.

    ``memory``: what was found for the last fidelities and drives; looking for it takes 50 ms.
    """

    config: MidpointConfig
    sequence: PairSourceSequence
    devices: Devices
    measured: MeasuredLink = field(default_factory=MeasuredLink)
    memory: dict[tuple[float, bytes], Found] = field(
        default_factory=dict[tuple[float, bytes], Found], init=False, repr=False, compare=False
    )

    def choose(self, demand: Demand, drives: Mapping[str, Drive]) -> Parameters:
        """Parameters for a demand. Raises Unsupported with the fidelity and rate that could be had."""
        found = self._found(demand, drives)
        if found.unstable:
            raise Unsupported(found.unstable)
        point, drives, prediction = found.point, found.drives, found.prediction
        record_ps = self._record_ps(demand, drives, prediction.probability)
        attempts = self._attempts(record_ps, drives)
        self._check_time(demand, prediction.probability, attempts)
        return Parameters(
            envelope_peak_V={name: peak_V(drive, point.pump_dB) for name, drive in drives.items()},
            attempts=attempts,
            record_ps=record_ps,
            prediction=prediction,
            phase_ticks=self._phase_ticks(prediction),
        )

    def _phase_ticks(self, prediction: Prediction) -> int:
        """For how many ticks a phase estimate serves: what is promised allows for PHASE_AGE_TICKS of drift.

        Drift of variance v takes at most v/4 off a fidelity, whose coherence is at most 1/2: what is more
        than that has to stay below a share of the promise's own uncertainty.
        """
        drift_rad2 = self.devices.midpoint.phase_diffusion_rad2_per_s / self.sequence.tick_rate_Hz
        allowed_rad2 = 4 * UNSEEN_SHARE * prediction.goodness_sigma
        return PHASE_AGE_TICKS + min(MOST_PHASE_TICKS, int(allowed_rad2 / max(drift_rad2, 1e-12)))

    def _found(self, demand: Demand, drives: Mapping[str, Drive]) -> Found:
        """The strongest pump for a fidelity and what it promises; looked for once for the same drives."""
        key = demand.minimum_fidelity, msgspec.msgpack.encode(drives, order="sorted")
        if key not in self.memory:
            both = (drives, self.balanced(drives))
            points = [(self._strongest(demand.minimum_fidelity, item), item) for item in both]
            point, best = max(points, key=lambda item: rank(item[0]))
            if not point.reachable:
                raise Unsupported(self._best(demand, point.fidelity_measured, point.probability))
            link = self.link(best, point.pump_dB)
            prediction = self._prediction(link, self._doubt(link, best, point.pump_dB))
            while len(self.memory) >= MOST_REMEMBERED:
                del self.memory[next(iter(self.memory))]
            self.memory[key] = Found(point, best, prediction, self._unstable(best, point.pump_dB))
        return self.memory[key]

    def balanced(self, drives: Mapping[str, Drive]) -> Mapping[str, Drive]:
        """The brighter arm's envelope lowered until both send equally many photons to the detectors.

        A click then tells least about where its photon came from. Of all ratios it gives the most heralds at
        a fidelity to within 0.2 % where arms differ by up to 1.6 dB [computed for improved.yaml].
        """
        photons = {
            name: arm.n_bar * arm.efficiency
            for name, arm in zip(self.config.ends, self.link(drives, 0.0).arms, strict=True)
        }
        least = min(photons.values())
        if least <= 0:
            return drives
        lowered_dB = {name: 10 * math.log10(least / many) for name, many in photons.items()}
        return {
            name: msgspec.structs.replace(drive, envelope_peak_V=peak_V(drive, lowered_dB[name]))
            for name, drive in drives.items()
        }

    def _strongest(self, minimum_fidelity: float, drives: Mapping[str, Drive]) -> OperatingPoint:
        return strongest_pump(
            minimum_fidelity,
            lambda pump_dB: self.link(drives, pump_dB, CAUTION_SIGMA).model,
            WEAKEST_dB,
            0.0,
        )

    def predict(self, drives: Mapping[str, Drive]) -> Prediction:
        """What is expected of a request with these envelopes."""
        link = self.link(drives, 0.0)
        return self._prediction(link, self._doubt(link, drives, 0.0))

    def link(self, drives: Mapping[str, Drive], pump_dB: float, caution: float = 0.0) -> chain.LinkModel:
        """The link with both envelopes' amplitude changed by ``pump_dB``; qubits as they are analysed.

        ``caution``: the pump is stronger than measured by so many standard deviations.
        """
        arms = [self._arm(name, drives[name], peak_V(drives[name], pump_dB)) for name in self.config.ends]
        a, b = (self._device(arm, drives, caution) for arm in self.devices.arms)
        tick_s = PHASE_AGE_TICKS / self.sequence.tick_rate_Hz
        drift_rad2 = self.devices.midpoint.phase_diffusion_rad2_per_s * tick_s
        variance = drift_rad2 + self._estimate_variance(drives)
        found = chain.link(
            a, b, self.devices.midpoint, arms[0], arms[1], self._midpoint(), phase_variance_rad2=variance
        )
        return replace(found, model=waited(found.model, (a.qubit, b.qubit), self._kept_s))

    @property
    def _kept_s(self) -> float:
        return self.sequence.kept_ps * 1e-12

    def efficiencies(self) -> tuple[float, float]:
        """Detector efficiencies at the declared bias; the phase estimate needs their ratio."""
        c, d = self.devices.midpoint.detectors
        point = self.config.operating_point.detectors
        bias, level = point.bias_A, point.trigger_level_V
        return c.efficiency(bias[0], True, level[0]), d.efficiency(bias[1], True, level[1])

    def first_sync_ps(self, drives: Mapping[str, Drive]) -> int:
        """Time of the first START event after the tick."""
        start_ps = drives[self.config.ends[0]].start_ps + self.sequence.sync_begin_ps
        return start_ps + self.devices.midpoint.sync_delay_ps

    def _device(self, arm: ArmDevice, drives: Mapping[str, Drive], caution: float) -> ArmDevice:
        """An arm whose photons come when they were seen to come."""
        stronger = 1 + caution * self.measured.pump_doubt.get(arm.name, 0.0)
        arm = replace(arm, insertion=min(1.0, arm.insertion * stronger))
        if arm.name not in self.measured.arrivals_ps:
            return arm
        start_ps = drives[arm.name].start_ps - self.first_sync_ps(drives)
        expected_ps = (
            start_ps + self.sequence.pulse_centre_ps + arm.path_delay_ps + chain.cavity_delay_ps(arm)
        )
        late_ps = round(self.measured.arrivals_ps[arm.name] - expected_ps)
        return replace(arm, fibre_delay_ps=arm.fibre_delay_ps + late_ps)

    def _arm(self, name: str, drive: Drive, envelope_peak_V: float, sigma_ps: int = 0) -> ArmSettings:
        point, sequence = self.config.operating_point, self.sequence
        rate_Hz = int(sequence.sample_rate_Hz)
        length = shapes.samples_of(sequence.attempt_period_ps, rate_Hz)
        envelope_V = shapes.pump_envelope_V(
            shapes.time_ps(length, rate_Hz),
            sequence.pulse_centre_ps,
            sigma_ps or sequence.pulse_sigma_ps,
            envelope_peak_V,
        )
        return ArmSettings(
            laser_frequency_Hz=LIGHT_m_per_s / point.pump.wavelength_m,
            laser_power_W=point.pump.power_W,
            attenuation_dB=point.attenuator[name].pump_attenuation_dB,
            envelope_V=envelope_V,
            sample_rate_Hz=sequence.sample_rate_Hz,
            attempt_period_ps=sequence.attempt_period_ps,
            start_ps=drive.start_ps,
            sync_ps=sequence.sync_begin_ps,
        )

    def _midpoint(self) -> MidpointSettings:
        point = self.config.operating_point
        (bias_c, bias_d), (level_c, level_d) = point.detectors.bias_A[:2], point.detectors.trigger_level_V[:2]
        return MidpointSettings(
            detectors=(
                DetectorSettings(bias_c, trigger_V=level_c),
                DetectorSettings(bias_d, trigger_V=level_d),
            ),
            gate=GateSettings(point.gate.begin_ps, point.gate.end_ps),
        )

    def _estimate_variance(self, drives: Mapping[str, Drive]) -> float:
        """Expected variance of one slot's phase estimate, at a phase between the extremes."""
        photons: list[float] = []
        for name, device in zip(self.config.ends, self.devices.arms, strict=True):
            settings = self._arm(
                name, drives[name], drives[name].bright_peak_V, self.sequence.bright_sigma_ps
            )
            pumped = chain.arm(device, settings)
            photons.append(phase.bright_photons(self.devices.midpoint, pumped, settings.laser_frequency_Hz))
        c, d = phase.bright_click_probabilities(
            photons[0], photons[1], math.pi / 4, self.devices.midpoint.mode_match, self.efficiencies()
        )
        pulses = self.sequence.bright_pulses // 2
        counts = phase.QuadratureCounts(pulses, round(c * pulses), round(d * pulses))
        swapped = phase.QuadratureCounts(pulses, counts.d, counts.c)
        estimate = phase.estimate_phase(counts, swapped, self.efficiencies())
        return estimate.variance_rad2 if estimate else math.pi**2 / 3

    def _doubt(self, link: chain.LinkModel, drives: Mapping[str, Drive], pump_dB: float) -> float:
        """One standard deviation of F_meas, from declared uncertainties and from those of calibrations."""
        a, b = self.devices.arms
        declared = changes(link, self.config.uncertainties, self.measured, self._kept_s, (a.qubit, b.qubit))
        reference = link.model.fidelity_measured
        calibrated = [
            replace(self, devices=devices).link(drives, pump_dB).model.fidelity_measured - reference
            for devices in doubted(self.devices, self.measured)
        ]
        return math.hypot(*declared, *calibrated)

    def _misreads(self) -> tuple[Misreads, Misreads]:
        a, b = (self.measured.misreads.get(arm.name) or declared_misreads(arm) for arm in self.devices.arms)
        return a, b

    def _prediction(self, link: chain.LinkModel, sigma: float) -> Prediction:
        model, misreads = link.model, self._misreads()
        errors = error_values(misreads)
        c, d = model.patterns["c"], model.patterns["d"]
        return Prediction(
            probability=model.probability,
            probability_psi_plus=c.probability,
            probability_psi_minus=d.probability,
            fidelity_psi_plus=c.fidelity_measured,
            fidelity_psi_minus=d.fidelity_measured,
            fidelity=model.fidelity_measured,
            goodness_sigma=sigma,
            n_bar={name: arm.n_bar for name, arm in zip(self.config.ends, link.arms, strict=True)},
            correlators=correlators(model),
            decay=decay(model, (self.devices.arms[0].qubit, self.devices.arms[1].qubit)),
            read_correlators=correlators(model, errors),
            read_fidelity=fidelity(model, errors),
            read_sigma=math.hypot(sigma * contrast(errors), fidelity_sigma(model, misreads)),
        )

    def _record_ps(self, demand: Demand, drives: Mapping[str, Drive], probability: float) -> int:
        """As long as declared, shorter for small requests: every basis is to be measured."""
        wanted = max(SMALLEST_SLOT, math.ceil(demand.number / max(probability, 1e-12) / len(demand.bases)))
        period_ps = self.sequence.attempt_period_ps
        needed_ps = math.ceil(wanted * (1 + probability)) * period_ps
        return min(
            self.sequence.record_ps, self.first_sync_ps(drives) + self.sequence.preamble_ps + needed_ps
        )

    def _attempts(self, record_ps: int, drives: Mapping[str, Drive]) -> int:
        span_ps = record_ps - self.first_sync_ps(drives) - self.sequence.preamble_ps
        return max(1, span_ps // self.sequence.attempt_period_ps)

    def _unstable(self, drives: Mapping[str, Drive], pump_dB: float) -> str:
        """Why a transducer would not stay below its threshold with these pumps; empty if all do."""
        for arm in self.devices.arms:
            drive = drives[arm.name]
            try:
                refuse_unstable(arm, self._arm(arm.name, drive, peak_V(drive, pump_dB)))
            except PhysicsError as error:
                return str(error)
        return ""

    def _check_time(self, demand: Demand, probability: float, attempts: int) -> None:
        slots = math.ceil(demand.number / max(probability * attempts, 1e-12)) + 1
        needed_s = slots / self.sequence.tick_rate_Hz
        if needed_s > demand.max_time_s:
            raise Unsupported(
                f"max_time of {demand.max_time_s:g} s is too short: {demand.number} pairs at "
                f"{probability:.3g} heralds per attempt take about {needed_s:.3g} s"
            )

    def _best(self, demand: Demand, fidelity: float, probability: float) -> str:
        rate_Hz = probability * 1e12 / self.sequence.attempt_period_ps
        return (
            f"minimum_fidelity {demand.minimum_fidelity:g} cannot be reached with the devices of "
            f"{self.devices.name}: at best {fidelity:.4f}, with {probability:.3g} heralds per attempt "
            f"({rate_Hz:.3g} per second of attempts)"
        )


def rank(point: OperatingPoint) -> tuple[bool, float]:
    """Of points that meet a request that with the most heralds is best, else that with the most fidelity."""
    return point.reachable, point.probability if point.reachable else point.fidelity_measured


def peak_V(drive: Drive, pump_dB: float) -> float:
    """Envelope peak for a change of the pump, seen as a change of the small-signal optical power."""
    return drive.envelope_peak_V * 10 ** (pump_dB / 20)


def read_devices(path: Path, ends: tuple[str, str]) -> Devices:
    """The device file. Raises ConfigurationError naming file and key."""
    try:
        devices = from_mapping(cast(object, YAML(typ="safe").load(path.read_text(encoding="utf-8"))))  # pyright: ignore[reportUnknownMemberType]
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    except PhysicsError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    names = tuple(arm.name for arm in devices.arms)
    if names != ends:
        raise ConfigurationError(
            f"{path}: arms are {' and '.join(names)}, the node's ends {' and '.join(ends)}"
        )
    return devices
