# SPDX-License-Identifier: Apache-2.0
"""Visibility of two photons, one of each arm, from the Hong-Ou-Mandel dip of unheralded pairs."""

import numpy as np

from heraldlink.analysis.attempts import Clicks, clicks_in
from heraldlink.calibration.bench import Bench, Finding
from heraldlink.calibration.hub import brighter, full_peak_V
from heraldlink.calibration.interference import Integers, dip_visibility
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.plans import dip_plan
from heraldlink.calibration.response import arm_settings
from heraldlink.errors import RunFailed
from heraldlink_physics import chain
from heraldlink_physics.interference import visibility

PHOTONS = 0.2
"""Detected per attempt of each arm: coincidences go with its square."""

MOST_PAIRS = 0.5
"""Per pulse: a pump that makes more heats, and pairs no longer grow with it. Arms with losses are dimmer."""

ATTEMPTS, SLOTS = 16_000, 12
LARGEST_SIGMA = 0.1
MEDIAN = np.array([0.5])


def hom(bench: Bench) -> Finding:
    """Coincidences of pulses that meet and that miss each other: visibility, also over the declared one.

    No phase enters, so that in contrast to the fringe's it holds no phase noise. Raises RunFailed if the arms
    are too lossy for a dip to be seen.
    """
    point, peak_V = brighter(bench, photons(bench)), full_peak_V(bench.point)
    plan = dip_plan(point, peak_V, ATTEMPTS)
    none = Clicks(0, 0, 0, 0)
    totals = {part.name: none for part in plan.parts}
    for _ in range(SLOTS):
        tags = bench.player.play(plan, point).hub
        totals = {name: found + clicks_in(tags, plan, name) for name, found in totals.items()}
    near, far, first, second, dark = (cells_of(totals[part.name]) for part in plan.parts)
    seen = dip_visibility(near, far, (first, second), dark)
    if seen.sigma > LARGEST_SIGMA:
        raise RunFailed(f"HOM: the arms' light is too weak for a dip, visibility {seen}")
    declared = overlap(bench)
    return Finding(
        {
            "visibility": seen,
            "relative": Measured(seen.value / declared, seen.sigma / declared),
        },
        plan.digest(),
    )


def photons(bench: Bench) -> float:
    """Detected per attempt and arm: `PHOTONS`, or what `MOST_PAIRS` give of the more lossy arm."""
    point = bench.point
    plan, peak_V = dip_plan(point, full_peak_V(point), ATTEMPTS), full_peak_V(point)
    hub = point.midpoint.operating_point
    detectors = zip(bench.devices.midpoint.detectors, hub.detectors.bias_A, strict=True)
    efficiency = sum(detector.efficiency(bias_A) for detector, bias_A in detectors) / 2
    least = min(
        chain.arm(bench.device(arm), arm_settings(point, arm, plan, peak_V)).arm.efficiency
        for arm in point.names
    )
    return min(PHOTONS, MOST_PAIRS * least * efficiency)


def overlap(bench: Bench) -> float:
    """Declared overlap of both arms' photons where neither is late: modes, polarisations, cavities."""
    point, midpoint = bench.point, bench.devices.midpoint
    plan, peak_V = dip_plan(point, full_peak_V(point), ATTEMPTS), full_peak_V(point)
    settings = [arm_settings(point, arm, plan, peak_V) for arm in point.names]
    arms = [bench.device(name) for name in point.names]
    a, b = (chain.arm(*pair).profile for pair in zip(arms, settings, strict=True))
    late_ps = float(b.quantile_ps(MEDIAN)[0] - a.quantile_ps(MEDIAN)[0])
    beat_Hz = chain.photon_frequency_Hz(arms[1], settings[1]) - chain.photon_frequency_Hz(
        arms[0], settings[0]
    )
    edges_ps = a.edges_ps()
    return visibility(
        a,
        b.shifted(-late_ps),
        (float(edges_ps[0]), float(edges_ps[-1])),
        beat_Hz=beat_Hz,
        misalignment_rad=midpoint.polarisation_misalignment_rad,
        mode_match=midpoint.mode_match,
    )


def cells_of(clicks: Clicks) -> Integers:
    """Attempts with no click, c alone, d alone, both, int64[4]."""
    c, d = clicks.c - clicks.both, clicks.d - clicks.both
    return np.array([clicks.attempts - clicks.any, c, d, clicks.both], dtype=np.int64)
