# SPDX-License-Identifier: Apache-2.0
"""g2 calibration: one node's pulses, its photons on both detectors, its qubit read in every attempt."""

from dataclasses import dataclass
from typing import Literal

from heraldlink.sequences.experiments.frame import Count, Ends, Peak_V, Pulsed, Read
from heraldlink.sequences.plan import Part, SlotPlan


@dataclass(frozen=True, kw_only=True)
class G2Settings(Pulsed, Read):
    """``pumped``: the node whose pulses play; the other one plays its sync and nothing else.

    ``peak_V``: null takes the node's calibrated one.
    """

    attempts: Count
    pumped: Literal["a", "b"]
    peak_V: Peak_V | None = None


def g2(settings: G2Settings, ends: Ends) -> SlotPlan:
    """One part, g2. Its tags hold two correlations.

    Optical autocorrelation g2_oo(0) = N_cd N / (N_c N_d): coincidences of detectors c and d behind the
    midpoint's beam splitter (Hanbury Brown and Twiss); 2 for an unheralded thermal source.

    Cross-correlation of optical click and microwave excitation, P(e | click) / P(e), after correction of the
    readout errors. With the loading 0 -> g, n >= 1 -> e it tends to g2_om(0) = 1 + (1 + n)(1 + n_th) /
    (n_th + n (1 + n_th) + n_add) for small occupation, is independent of optical loss, and so gives n_bar
    apart from the efficiency. Thermal population of the qubit lowers it like added noise.
    """
    pulse = settings.pulse(0, settings.peak_V)
    playing = (settings.sync, pulse, settings.gate)
    which = ends[0] if settings.pumped == "a" else ends[1]
    elements = {end: playing if end == which else (settings.sync,) for end in ends}
    return settings.plan((Part("g2", settings.attempts, elements),), settings.gate_ps)
