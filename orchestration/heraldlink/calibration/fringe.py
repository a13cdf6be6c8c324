# SPDX-License-Identifier: Apache-2.0
"""Phase and visibility between the arms, from bright pulses of both and of each alone."""

from math import hypot, log, sqrt

from heraldlink.calibration import counting
from heraldlink.calibration.bench import Bench, Finding, Slot
from heraldlink.calibration.interference import fringe_visibility
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.plans import bright_plan
from heraldlink.errors import RunFailed
from heraldlink.sequences import SlotPlan
from heraldlink.sequences.tagger import CLICKS_C, CLICKS_D
from heraldlink_physics.phase import QuadratureCounts, estimate_phase

Pair = tuple[Measured, Measured]


def fringe(bench: Bench) -> Finding:
    """Three slots: both arms, then each alone.

    The visibility holds the arms' mode match and the phase noise within a slot, which lowers it; the phase is
    that of one moment, for the record. Both together tell whether single clicks can herald coherence.
    """
    first, second = bench.point.names
    plan = bright_plan(bench.point)
    both = bench.player.play(plan, bench.point)
    alone = [bench.player.play(plan, bench.point.block(other)) for other in (second, first)]
    efficiencies = detector_efficiencies(bench)
    c, d = (photons(both, plan, port, efficiencies[port]) for port in (0, 1))
    sums = [total(slot, plan, efficiencies) for slot in alone]
    counts = [
        QuadratureCounts(tries, *(int(port[k]) for port in clicks_of(both, plan)))
        for k, tries in enumerate(counting.attempts(plan).tolist())
    ]
    estimate = estimate_phase(counts[0], counts[1], efficiencies)
    if estimate is None:
        raise RunFailed("bright pulses: their clicks hold no phase")
    return Finding(
        {
            "visibility": fringe_visibility(c, d, (sums[0], sums[1])),
            "phase": Measured(estimate.phase_rad, sqrt(estimate.variance_rad2), "rad"),
            "photons_a": sums[0],
            "photons_b": sums[1],
        },
        plan.digest(),
    )


def detector_efficiencies(bench: Bench) -> tuple[float, float]:
    """Of both detectors at their bias."""
    biases = bench.point.midpoint.operating_point.detectors.bias_A
    c, d = (
        detector.efficiency(bias_A)
        for detector, bias_A in zip(bench.devices.midpoint.detectors, biases, strict=True)
    )
    if min(c, d) <= 0:
        raise RunFailed("bright pulses: a detector is not biased")
    return c, d


def clicks_of(slot: Slot, plan: SlotPlan) -> list[list[int]]:
    """Pulses with a click: per port, in both quadratures."""
    return [counting.clicked(slot.hub, plan, (raw,)).tolist() for raw in (CLICKS_C, CLICKS_D)]


def photons(slot: Slot, plan: SlotPlan, port: int, efficiency: float) -> Pair:
    """Mean photons at a port in both quadratures, -ln(1 - clicks/pulses)/efficiency."""
    tries = counting.attempts(plan).tolist()
    i, q = (mean_photons(n, t, efficiency) for n, t in zip(clicks_of(slot, plan)[port], tries, strict=True))
    return i, q


def total(slot: Slot, plan: SlotPlan, efficiencies: tuple[float, float]) -> Measured:
    """Mean photons of one arm alone at both ports, averaged over both quadratures."""
    parts = [item for port in (0, 1) for item in photons(slot, plan, port, efficiencies[port])]
    return Measured(sum(item.value for item in parts) / 2, hypot(*(item.sigma for item in parts)) / 2)


def mean_photons(clicks: int, pulses: int, efficiency: float) -> Measured:
    """Of coherent light on a threshold detector. Raises RunFailed where every pulse clicked."""
    if clicks >= pulses:
        raise RunFailed("bright pulses: every pulse clicked: lower bright_peak_V")
    share = max(clicks, 0.5) / pulses
    return Measured(-log(1 - share) / efficiency, sqrt(share / (1 - share) / pulses) / efficiency)
