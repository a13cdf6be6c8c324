# SPDX-License-Identifier: Apache-2.0
"""What calibrations say to the estimator: devices as they were measured, and how certain that is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import hypot, inf, pi

from heraldlink.calibration.apply import Values, arrivals_ps, pump_doubt
from heraldlink.calibration.graph import MOVED_SIGMA
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.specification import (
    DARKS,
    FREQUENCY,
    READOUT,
    RELAXATION,
    WAVELENGTH,
    full_name,
)
from heraldlink.config import MidpointConfig
from heraldlink_physics.device import ArmDevice, Devices, Qubit
from heraldlink_physics.snspd import Snspd


@dataclass(frozen=True, slots=True)
class Misreads:
    """Readout errors of one node: P(read e|g) and P(read g|e)."""

    error_g: Measured
    error_e: Measured


@dataclass(frozen=True, slots=True)
class MeasuredLink:
    """What calibrations say beside settings and devices, by arm; empty where nothing was measured.

    ``arrivals_ps``: centre of an arm's photons after START. ``pump_doubt``: relative standard deviation of
    the pump's power at the transducer. ``cavity_doubt_Hz``: of the cavity's frequency. ``qubit_doubt_Hz``:
    of the qubit's. ``relaxation_doubt_Hz``: of 1/T1, 1/s. ``dark_doubt``: relative, of detectors c and d.
    """

    arrivals_ps: Mapping[str, float] = field(default_factory=dict[str, float])
    pump_doubt: Mapping[str, float] = field(default_factory=dict[str, float])
    cavity_doubt_Hz: Mapping[str, float] = field(default_factory=dict[str, float])
    qubit_doubt_Hz: Mapping[str, float] = field(default_factory=dict[str, float])
    relaxation_doubt_Hz: Mapping[str, float] = field(default_factory=dict[str, float])
    dark_doubt: tuple[float, float] | None = None
    misreads: Mapping[str, Misreads] = field(default_factory=dict[str, Misreads])

    def axis_doubt_rad(self, kept_s: float) -> float:
        """Standard deviation of the angle between both nodes' analysis axes after ``kept_s``."""
        return 2 * pi * kept_s * hypot(*self.qubit_doubt_Hz.values())


def measured_link(config: MidpointConfig, devices: Devices, values: Values) -> MeasuredLink:
    """From values in specification; ``config`` with what they set, ``devices`` with declared dark counts."""
    wavelength = values.get(full_name(config.node, WAVELENGTH))
    darks = measured_darks(config, devices, values)
    return MeasuredLink(
        arrivals_ps=arrivals_ps(config, values),
        pump_doubt={arm: pump_doubt(arm, config.node, values) for arm in config.ends},
        cavity_doubt_Hz={arm: wavelength[f"shift_{arm}"].sigma for arm in config.ends} if wavelength else {},
        qubit_doubt_Hz=sigmas(config, values, FREQUENCY, "frequency"),
        relaxation_doubt_Hz=sigmas(config, values, RELAXATION, "relaxation"),
        dark_doubt=(relative(darks[0]), relative(darks[1])) if darks else None,
        misreads={
            arm: Misreads(found["error_g"], found["error_e"])
            for arm in config.ends
            if (found := values.get(full_name(arm, READOUT)))
        },
    )


def sigmas(config: MidpointConfig, values: Values, kind: str, key: str) -> dict[str, float]:
    """Standard deviations of a value of both ends, of those that have it."""
    names = {arm: full_name(arm, kind) for arm in config.ends}
    return {arm: values[name][key].sigma for arm, name in names.items() if name in values}


def relative(value: Measured) -> float:
    """Standard deviation over value."""
    return value.sigma / value.value if value.value > 0 else 0.0


def measured_devices(config: MidpointConfig, devices: Devices, values: Values) -> Devices:
    """Devices with measured dark counts, at the bias in ``config``, and relaxation times."""
    a, b = (relaxing(arm, values) for arm in devices.arms)
    midpoint = devices.midpoint
    if darks := measured_darks(config, devices, values):
        point = config.operating_point.detectors
        rows = zip(midpoint.detectors, point.bias_A[:2], point.trigger_level_V[:2], darks, strict=True)
        c, d = (darkened(one, bias_A, level_V, rate.value) for one, bias_A, level_V, rate in rows)
        midpoint = replace(midpoint, detectors=(c, d))
    return replace(devices, arms=(a, b), midpoint=midpoint)


def relaxing(arm: ArmDevice, values: Values) -> ArmDevice:
    """An arm whose qubit relaxes at the measured rate; a rate below zero is none."""
    if found := values.get(full_name(arm.name, RELAXATION)):
        return replace(arm, qubit=with_rate(arm.qubit, found["relaxation"].value))
    return arm


def with_rate(qubit: Qubit, rate_Hz: float) -> Qubit:
    """A qubit with 1/T1, and T2 no longer than that allows."""
    t1_s = 1 / rate_Hz if rate_Hz > 0 else inf
    return replace(qubit, t1_s=t1_s, t2_s=min(qubit.t2_s, 2 * t1_s))


def measured_darks(
    config: MidpointConfig, devices: Devices, values: Values
) -> tuple[Measured, Measured] | None:
    """Dark counts per second of detectors c and d, measured ones joined with declared ones."""
    found = values.get(full_name(config.node, DARKS))
    if found is None:
        return None
    point, doubt = config.operating_point.detectors, config.uncertainties.dark_relative
    settings = zip(devices.midpoint.detectors, point.bias_A[:2], point.trigger_level_V[:2], strict=True)
    rates = [one.dark_rate(bias_A, True, level_V) for one, bias_A, level_V in settings]
    c, d = (
        joined(Measured(rate, doubt * rate, "1/s"), found[key])
        for rate, key in zip(rates, ("dark_c", "dark_d"), strict=True)
    )
    return c, d


def joined(declared: Measured, measured: Measured) -> Measured:
    """The measured value where both differ by more than `MOVED_SIGMA`, else their weighted mean.

    A few dark counts tell less than a device file, unless they contradict it.
    """
    if declared.sigma == 0 or measured.sigma == 0 or declared.distance(measured) > MOVED_SIGMA:
        return measured
    weights = (declared.sigma**-2, measured.sigma**-2)
    value = (weights[0] * declared.value + weights[1] * measured.value) / sum(weights)
    return Measured(value, sum(weights) ** -0.5, measured.unit)


def darkened(detector: Snspd, bias_A: float, level_V: float, rate_Hz: float) -> Snspd:
    """A detector with so many dark counts per second at a bias and trigger level; noise stays the least."""
    noise_Hz, one_Hz = (
        replace(detector, dark_rate_Hz=rate).dark_rate(bias_A, True, level_V) for rate in (0.0, 1.0)
    )
    if one_Hz <= noise_Hz:
        return detector
    return replace(detector, dark_rate_Hz=max(0.0, rate_Hz - noise_Hz) / (one_Hz - noise_Hz))
