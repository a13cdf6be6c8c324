# SPDX-License-Identifier: Apache-2.0
"""What the instruments are set to while a calibration sequence plays, and what a plan makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from heraldlink.sequences import NodeDrive, PumpPulse, QubitDrive, ReadoutGate, SlotPlan, Sync
from heraldlink.sequences.elements import Element
from heraldlink.sequences.shapes import pump_envelope_V
from heraldlink_physics.chain import LinkModel, PumpedArm, arm, link
from heraldlink_physics.clock import TRUE_CLOCK
from heraldlink_physics.device import ArmDevice, MidpointDevice, Qubit, Readout
from heraldlink_physics.settings import ArmSettings, DetectorSettings, GateSettings, MidpointSettings
from heraldlink_physics.snspd import Snspd

ENDS = ("alice", "bob")
NO_READOUT = Readout(0.0, 0.0, 1.0, 1.0, Snspd(0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0))
COARSE = 10
"""Samples of the generator that one step of the model's envelope stands for."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Settings of one slot; both nodes' lasers are one laser behind two attenuator channels.

    ``readout_power_W``, ``readout_frequency_Hz``: of the red pump laser; its channels do not attenuate.
    ``drive``: what both nodes' generators are calibrated to.
    """

    laser_frequency_Hz: float
    laser_power_W: float
    attenuation_dB: tuple[float, float]
    bias_A: tuple[float, float]
    readout_bias_A: float
    readout_frequency_Hz: float
    readout_power_W: float
    drive: NodeDrive

    @property
    def detectors(self) -> tuple[DetectorSettings, DetectorSettings]:
        """Of the midpoint."""
        return DetectorSettings(self.bias_A[0]), DetectorSettings(self.bias_A[1])


def elements_of(plan: SlotPlan, part: str, node: int) -> tuple[Element, ...]:
    """What a node (0 or 1) plays in a part."""
    return plan.part(part).elements.get(ENDS[node], ())


def sync_of(plan: SlotPlan, part: str, node: int) -> int:
    """Begin of the attempt sync, ps after the waveform's first sample."""
    return next(e.begin_ps for e in elements_of(plan, part, node) if isinstance(e, Sync))


def gate_of(plan: SlotPlan, part: str, node: int) -> ReadoutGate | None:
    """The readout gate of a part, if there is one."""
    return next((e for e in elements_of(plan, part, node) if isinstance(e, ReadoutGate)), None)


def drives_of(plan: SlotPlan, part: str, node: int) -> tuple[QubitDrive, ...]:
    """Qubit drives of a part in order of time."""
    found = [e for e in elements_of(plan, part, node) if isinstance(e, QubitDrive)]
    return tuple(sorted(found, key=lambda e: e.begin_ps))


def pulse_of(plan: SlotPlan, part: str, node: int) -> PumpPulse | None:
    """The pump pulse of a part, if there is one."""
    return next((e for e in elements_of(plan, part, node) if isinstance(e, PumpPulse)), None)


@dataclass(frozen=True, slots=True)
class _Pump:
    """One arm's pump in one attempt, as the key under which its model is remembered."""

    laser_frequency_Hz: float
    laser_power_W: float
    attenuation_dB: float
    pulse: PumpPulse | None
    peak_V: float
    sync_ps: int
    period_ps: int
    sample_rate_Hz: float


def _pump(bench: Bench, plan: SlotPlan, part: str, node: int, bright: bool) -> _Pump:
    pulse = pulse_of(plan, part, node)
    usual_V = bench.drive.bright_peak_V if bright else bench.drive.envelope_peak_V
    peak_V = usual_V if pulse is None or pulse.peak_V is None else pulse.peak_V
    return _Pump(
        bench.laser_frequency_Hz,
        bench.laser_power_W,
        bench.attenuation_dB[node],
        pulse,
        peak_V,
        sync_of(plan, part, node),
        plan.period_ps,
        plan.sample_rate_Hz,
    )


@lru_cache(maxsize=512)
def _settings(pump: _Pump) -> ArmSettings:
    """Envelope in steps of `COARSE` samples, with the voltage at their middles; the waveform begins at 0."""
    fine_ps = 1e12 / pump.sample_rate_Hz
    step_ps = COARSE * fine_ps
    envelope_V, begin_ps = np.zeros(1), 0
    if pump.pulse is not None and pump.peak_V:
        count = int((pump.pulse.end_ps - pump.pulse.begin_ps) / step_ps) + 2
        begin_ps = round(pump.pulse.begin_ps - step_ps)
        at_ps = begin_ps + step_ps * np.arange(count + 1) + (step_ps - fine_ps) / 2
        envelope_V = pump_envelope_V(
            np.asarray(at_ps, dtype=np.float64), pump.pulse.centre_ps, pump.pulse.sigma_ps, pump.peak_V
        )
    return ArmSettings(
        laser_frequency_Hz=pump.laser_frequency_Hz,
        laser_power_W=pump.laser_power_W,
        attenuation_dB=pump.attenuation_dB,
        envelope_V=envelope_V,
        sample_rate_Hz=1e12 / step_ps,
        attempt_period_ps=pump.period_ps,
        start_ps=begin_ps,
        sync_ps=pump.sync_ps - begin_ps,
    )


@lru_cache(maxsize=1024)
def lit(device: ArmDevice) -> ArmDevice:
    """The same arm where nothing differs but what light at the midpoint can depend on."""
    qubit = device.qubit
    return replace(
        device,
        readout=NO_READOUT,
        clock=TRUE_CLOCK,
        qubit=Qubit(1e9, 1e9, qubit.dephasing, qubit.loading_efficiency),
    )


@lru_cache(maxsize=512)
def _pumped(device: ArmDevice, pump: _Pump) -> PumpedArm:
    return arm(device, _settings(pump))


@lru_cache(maxsize=2048)
def _linked(
    arms: tuple[ArmDevice, ArmDevice],
    midpoint: MidpointDevice,
    pumps: tuple[_Pump, _Pump],
    detectors: tuple[DetectorSettings, DetectorSettings],
    gate: GateSettings,
) -> LinkModel:
    settings = (_settings(pumps[0]), _settings(pumps[1]))
    return link(*arms, midpoint, *settings, MidpointSettings(detectors, gate))


def pumped_arms(
    arms: tuple[ArmDevice, ArmDevice], bench: Bench, plan: SlotPlan, part: str, bright: bool = False
) -> tuple[PumpedArm, PumpedArm]:
    """Both arms' light in a part, before the gate."""
    a, b = (_pumped(lit(arms[node]), _pump(bench, plan, part, node, bright)) for node in (0, 1))
    return a, b


def link_of(
    arms: tuple[ArmDevice, ArmDevice],
    midpoint: MidpointDevice,
    bench: Bench,
    plan: SlotPlan,
    part: str,
    bright: bool = False,
) -> LinkModel:
    """The model of one attempt of a part."""
    pumps = (_pump(bench, plan, part, 0, bright), _pump(bench, plan, part, 1, bright))
    return _linked(
        (lit(arms[0]), lit(arms[1])), midpoint, pumps, bench.detectors, GateSettings(*plan.gate_ps)
    )
