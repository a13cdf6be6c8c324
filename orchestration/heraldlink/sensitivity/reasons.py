# SPDX-License-Identifier: Apache-2.0
"""Why no sequence tells a parameter, or only after more shots than anyone takes; by pattern of its path."""

from __future__ import annotations

from fnmatch import fnmatchcase
from math import isinf

INFINITE = "infinite in this file: the imperfection is absent, and no finite value is near"

UNSEEN = {
    "arms.*.transducer.free_spectral_range_Hz": "0 means that the pump meets no mode of its own: a choice of "
    "model, not a small number",
    "*.frequency_jump_Hz": "only with jumps (frequency_jump_rate_Hz): seen as two rates between slots, not "
    "within one",
    "*.frequency_jump_rate_Hz": "jumps come between slots; within one slot the cavity stands still",
    "arms.*.readout.detector.max_efficiency": "readout photons are given as detected on the plateau",
    "*.latch_A": "a threshold: all clicks vanish above it, none change below; found to the step of a bias "
    "scan, by no count",
    "*.jitter_s": "30 ps against pulses of 48 ns: the arrival times' variance changes by 4e-7",
    "arms.*.readout.detector.dead_time_s": "the world's readout detectors count every photon; a dead time "
    "would join photons in one gate and is not in the model",
    "arms.*.readout.detector.recovery_s": "as the dead time of the readout detectors: not in the model",
    "arms.*.readout.detector.afterpulse_*": "as the dead time of the readout detectors: not in the model",
    "*.pulse_spread": "only where pulse heights are modelled (pulse_ohm > 0): a scan of the trigger level",
    "*.pulse_ohm": "0 means that every click passes the trigger level: a scan of that level, not of counts",
    "*.noise_V": "0 here: noise crosses the trigger level only where pulse heights are modelled",
    "*.noise_bandwidth_Hz": "only with noise_V > 0",
    "*.clock.offset_ps": "shifts all tags of one tagger against its tick, without noise: the first sync of "
    "one slot gives it to 1 ps; every count is taken relative to the syncs",
    "*.clock.drift": "taggers follow the common 10 MHz; seen only when that is lost",
    "midpoint.phase_diffusion_rad2_per_s": "acts between slots: the spread of phase estimates of slots 0.1 s "
    "apart gives it, no count of one slot does",
    "midpoint.polarisation_diffusion_rad2_per_s": "acts between slots, over minutes",
    "midpoint.round_phase_sigma_rad": "needs two rounds in one attempt: the time-bin sequence with pairs, at "
    "two-click rates",
}
"""Parameters on which the counts of no sequence depend."""

BEYOND = {
    "arms.*.fibre.attenuation_dB_per_km": "a loss of 1e-3 over 10 m: told as part of the path's",
    "arms.*.fibre.connectors_dB": "10 % of 0.1 dB is a loss of 0.2 %: told as part of the path's loss",
    "arms.*.qubit.dephasing": "10 % of it change the coherence of pairs by 1 %",
}
"""Parameters of which a change by 10 % takes more than 1e8 shots, or whose 5 sigma leave the range."""


def why_unseen(path: str, value: float) -> str:
    """Why nothing tells a parameter. Raises KeyError for one that should be told."""
    return INFINITE if isinf(value) else _matching(UNSEEN, path)


def why_beyond(path: str) -> str:
    """Why a parameter takes too many shots. Raises KeyError for one of which this is not known."""
    return _matching(BEYOND, path)


def _matching(book: dict[str, str], path: str) -> str:
    for pattern, reason in book.items():
        if fnmatchcase(path, pattern):
            return reason
    raise KeyError(f"no reason is known for {path}")
