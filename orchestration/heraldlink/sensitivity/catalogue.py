# SPDX-License-Identifier: Apache-2.0
"""The calibration sequences with the settings, and the numbers of slots, that the statements hold for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

from heraldlink.sensitivity.bench import ENDS, Bench
from heraldlink.sensitivity.observation import Observation, Take
from heraldlink.sensitivity.watches import Bright, Clicks, ClicksAndPhotons, Followed, Pairs, Photons, Watch
from heraldlink.sequences import NodeDrive, QubitDrive, ReadoutGate, SlotPlan
from heraldlink.sequences.elements import Element
from heraldlink.sequences.experiments.frame import at_both
from heraldlink.sequences.experiments.g2 import G2Settings, g2
from heraldlink.sequences.experiments.hom import HomSettings, hom
from heraldlink.sequences.experiments.phase import PhaseSettings, phase
from heraldlink.sequences.experiments.pump_sweep import PumpSweepSettings, pump_sweep
from heraldlink.sequences.experiments.rabi import RabiSettings, rabi
from heraldlink.sequences.experiments.ramsey import RamseySettings, ramsey
from heraldlink.sequences.experiments.readout import ReadoutSettings, readout
from heraldlink.sequences.experiments.t1 import T1Settings, t1
from heraldlink.sequences.rotations import PauliBasis, analysis_rotation
from heraldlink_physics.device import Devices
from heraldlink_physics.phase import QUADRATURE_RAD
from heraldlink_physics.transducer import blue_pump_frequency_Hz, red_pump_frequency_Hz

BINS = 6
"""Of a gate, where arrival times are counted."""
BLOCKED = (inf, 0.0), (0.0, inf)
BIASES_A = (9e-6, 11e-6, 13e-6, 16e-6)
DARK_BIASES_A = (17e-6, 22.5e-6)
DETUNINGS = (-0.5, 0.0, 0.5)
"""Of the pump from the blue sideband, in cavity linewidths."""
AFTER_PS = (20_000, 65_000, 80_000, 120_000, 170_000, 250_000, 450_000, 1_000_000)
"""Times after a click between which the next one is counted."""
FAR = 10.0
"""In cavity linewidths."""
BASES: tuple[PauliBasis, ...] = ("Z", "X", "Y")


@dataclass(frozen=True)
class Sequences:
    """Settings of the kinds, as configs/sequences has them."""

    phase: PhaseSettings
    readout: ReadoutSettings
    rabi: RabiSettings
    ramsey: RamseySettings
    t1: T1Settings
    pump_sweep: PumpSweepSettings
    hom: HomSettings
    g2: G2Settings


def nominal_bench(devices: Devices) -> Bench:
    """Lasers on the sidebands of node A's transducer, drives calibrated to node A's qubit."""
    arm = devices.arms[0]
    return Bench(
        laser_frequency_Hz=blue_pump_frequency_Hz(arm.transducer),
        laser_power_W=1e-3,
        attenuation_dB=(29.0, 29.0),
        bias_A=(18e-6, 18e-6),
        readout_bias_A=18e-6,
        readout_frequency_Hz=red_pump_frequency_Hz(arm.transducer),
        readout_power_W=arm.readout.pump_power_W / (arm.splitter * arm.insertion),
        drive=NodeDrive((0.5, 0.5), 0.2, 0.25, arm.qubit.frequency_Hz, arm.qubit.rabi_rad_per_Vs, False),
    )


def observations(devices: Devices, sequences: Sequences) -> tuple[Observation, ...]:
    """All calibration sequences on these devices."""
    return tuple(_Catalogue(nominal_bench(devices), devices, sequences).all())


@dataclass(frozen=True)
class _Catalogue:
    bench: Bench
    devices: Devices
    given: Sequences

    def all(self) -> Iterator[Observation]:
        for node in (0, 1):
            yield self.pump_sweep(node)
            yield self.pump_detuning(node)
            yield self.leakage(node)
            yield self.pump_leak(node)
            yield self.g2(node)
        yield self.dark_counts()
        yield self.detector_bias()
        yield self.afterpulses()
        yield self.hom()
        yield from self.qubits()
        yield self.readout_bias()
        yield self.readout_dark()
        yield self.phase()
        yield self.pairs()

    def at(self, attenuation_dB: float) -> Bench:
        """The bench with both pump channels at this attenuation."""
        return replace(self.bench, attenuation_dB=(attenuation_dB, attenuation_dB))

    def pump_sweep(self, node: int) -> Observation:
        settings = replace(self.given.pump_sweep, pumped=_letter(node))
        plan = pump_sweep(settings, ENDS)
        watches = tuple(Clicks(part.name, BINS) for part in plan.parts)
        tells = "clicks against the pulse's peak, one arm alone, and when in the gate they come"
        return Observation(f"pump_sweep_{ENDS[node]}", tells, (Take(self.at(21.0), plan, watches),), 2)

    def pump_detuning(self, node: int) -> Observation:
        arm = self.devices.arms[node].transducer
        kappa_Hz = arm.kappa_external_Hz + arm.kappa_internal_Hz
        benches = [
            replace(self.at(20.0), laser_frequency_Hz=self.bench.laser_frequency_Hz + part * kappa_Hz)
            for part in DETUNINGS
        ]
        settings = replace(self.given.pump_sweep, pumped=_letter(node), peaks_V=(0.0, 0.25), attempts=9000)
        plan = pump_sweep(settings, ENDS)
        takes = tuple(Take(bench, plan, (Clicks("pump_sweep_1"),)) for bench in benches)
        return Observation(f"pump_detuning_{ENDS[node]}", "clicks against the laser's frequency", takes)

    def leakage(self, node: int) -> Observation:
        bench = replace(self.bench, attenuation_dB=BLOCKED[1 - node])
        tells = "clicks under full pump with the carver dark, one arm alone"
        return Observation(f"leakage_{ENDS[node]}", tells, (self._dark(bench),), 20)

    def pump_leak(self, node: int) -> Observation:
        """Far from the sidebands no pairs are made, and what follows the pulse is pump light."""
        arm = self.devices.arms[node].transducer
        far_Hz = FAR * (arm.kappa_external_Hz + arm.kappa_internal_Hz)
        bench = replace(self.at(0.0), laser_frequency_Hz=self.bench.laser_frequency_Hz + far_Hz)
        settings = replace(self.given.pump_sweep, pumped=_letter(node), peaks_V=(0.0, 0.25), attempts=9000)
        take = Take(bench, pump_sweep(settings, ENDS), (Clicks("pump_sweep_1"),))
        tells = "clicks in pulses of full pump ten linewidths away from the sideband"
        return Observation(f"pump_leak_{ENDS[node]}", tells, (take,), 20)

    def g2(self, node: int) -> Observation:
        settings = replace(self.given.g2, pumped=_letter(node))
        takes = tuple(
            Take(
                self.at(loss_dB),
                g2(replace(settings, attempts=attempts, attempt_period_ps=period_ps), ENDS),
                (ClicksAndPhotons("g2", node),),
            )
            for loss_dB, attempts, period_ps in (
                (29.0, 18_000, 5_000_000),
                (23.0, 18_000, 5_000_000),
                (23.0, 4_500, 20_000_000),
            )
        )  # fmt: skip
        tells = "clicks and the qubit of every attempt together, at three loads of heat"
        return Observation(f"g2_{ENDS[node]}", tells, takes, 2)

    def dark_counts(self) -> Observation:
        takes = tuple(
            self._dark(replace(self.bench, laser_power_W=0.0, bias_A=(bias, bias))) for bias in DARK_BIASES_A
        )
        return Observation("dark_counts", "clicks in the dark at two biases of the detectors", takes, 30)

    def detector_bias(self) -> Observation:
        settings = replace(self.given.pump_sweep, pumped="a", peaks_V=(0.0, 0.25), attempts=9000)
        plan = pump_sweep(settings, ENDS)
        takes = tuple(
            Take(replace(self.at(20.0), bias_A=(bias, bias)), plan, (Clicks("pump_sweep_1"),))
            for bias in BIASES_A
        )
        return Observation("detector_bias", "clicks in light against the detectors' bias", takes)

    def afterpulses(self) -> Observation:
        bench = replace(self.bench, attenuation_dB=(12.0, inf))
        plan = phase(
            replace(self.given.phase, bright_pulses=9000, record_ps=95 * 10**9, gate_ps=(0, 400_000)), ENDS
        )
        watches = tuple(Followed("bright_i", port, AFTER_PS) for port in (0, 1))
        tells = "when a detector clicks again after a click in bright light"
        return Observation("afterpulses", tells, (Take(bench, plan, watches),), 8)

    def hom(self) -> Observation:
        plan = hom(self.given.hom, ENDS)
        watches = tuple(Clicks(part.name) for part in plan.parts)
        tells = "coincidences of both detectors against the shift between the arms' pulses"
        return Observation("hom", tells, (Take(self.at(17.0), plan, watches),), 8)

    def qubits(self) -> Iterator[Observation]:
        told = {
            "readout": "photons read from g and from e",
            "rabi": "photons read against the angle of a drive",
            "ramsey": "photons read against the time between two drives of a quarter turn",
            "t1": "photons read against the time since a drive of half a turn",
        }
        plans = (
            readout(self.given.readout, ENDS),
            rabi(self.given.rabi, ENDS),
            ramsey(self.given.ramsey, ENDS),
            t1(self.given.t1, ENDS),
        )
        for plan in plans:
            take = Take(self.bench, plan, _photons(plan))
            yield Observation(plan.name, told[plan.name], (take,), 3 if plan.name in ("ramsey", "t1") else 1)

    def readout_bias(self) -> Observation:
        plan = readout(replace(self.given.readout, shots=4000), ENDS)
        takes = tuple(
            Take(replace(self.bench, readout_bias_A=bias), plan, _photons(plan)) for bias in BIASES_A[:3]
        )
        return Observation("readout_bias", "photons read against the bias of the nodes' detectors", takes)

    def readout_dark(self) -> Observation:
        frame = self.given.readout
        gate = ReadoutGate(frame.sync_begin_ps, frame.attempt_period_ps - 500_000)
        plan = frame.plan((at_both(ENDS, "dark", 18_000, frame.sync, gate),))
        plan = replace(plan, name="readout_dark")
        takes = tuple(
            Take(replace(self.bench, readout_power_W=0.0, readout_bias_A=bias), plan, _photons(plan))
            for bias in DARK_BIASES_A
        )
        tells = "photons read without a readout pump, in gates as long as the attempt"
        return Observation("readout_dark", tells, takes, 12)

    def phase(self) -> Observation:
        plan = phase(replace(self.given.phase, gate_ps=(0, 400_000)), ENDS)
        takes = [Take(self.bench, plan, _bright())]
        alone = [replace(self.bench, attenuation_dB=loss) for loss in ((29.0, inf), (inf, 29.0))]
        takes += [Take(bench, plan, (Bright("bright_i", 0.0),)) for bench in alone]
        tells = "bright pulses of both arms in two quadratures, and of each arm alone"
        return Observation("phase", tells, tuple(takes), 5)

    def pairs(self) -> Observation:
        """Bright pulses, then pairs in three bases; the qubits are read in every attempt."""
        settings = self.given.g2
        analyses = ((basis, self._analysis(basis)) for basis in BASES)
        parts = [
            at_both(ENDS, f"pairs_{basis}", 5000, settings.sync, settings.pulse(), *turn, settings.gate)
            for basis, turn in analyses
        ]
        bright = phase(replace(self.given.phase, bright_pulses=500), ENDS).parts
        plan = replace(settings.plan((*bright, *parts), (0, 400_000)), name="pairs")
        watches = (*_bright(), *(Pairs(part.name) for part in parts))
        tells = "heralded pairs read in the bases Z, X and Y, the phase taken from bright pulses"
        return Observation("pairs", tells, (Take(self.at(26.0), plan, watches),), 10)

    def _analysis(self, basis: PauliBasis) -> tuple[Element, ...]:
        turn = analysis_rotation(basis)
        if not turn.angle_rad:
            return ()
        return (QubitDrive(800_000, self.given.rabi.rotation_sigma_ps, turn.angle_rad, turn.axis_rad),)

    def _dark(self, bench: Bench) -> Take:
        """Syncs alone, the gate as long as the attempt."""
        frame = self.given.pump_sweep
        plan = frame.plan((at_both(ENDS, "dark", 18_000, frame.sync),), (0, frame.attempt_period_ps))
        return Take(bench, replace(plan, name="dark"), (Clicks("dark"),))


def _letter(node: int) -> Literal["a", "b"]:
    return "b" if node else "a"


def _photons(plan: SlotPlan) -> tuple[Watch, ...]:
    return tuple(Photons(part.name, node) for part in plan.parts for node in (0, 1))


def _bright() -> tuple[Watch, ...]:
    return Bright("bright_i", 0.0), Bright("bright_q", QUADRATURE_RAD)
