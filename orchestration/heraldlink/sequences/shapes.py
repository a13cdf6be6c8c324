# SPDX-License-Identifier: Apache-2.0
"""Samples of pulses and markers; times count from the waveform's first sample."""

import numpy as np
from numpy.typing import NDArray

from heraldlink.sequences.elements import CUT_SIGMA
from heraldlink.sequences.rotations import Rotation

Samples = NDArray[np.float64]


def samples_of(time_ps: int, sample_rate_Hz: int) -> int:
    """Index of the sample at ``time_ps``, rounded down."""
    return time_ps * sample_rate_Hz // 10**12


def time_ps(length: int, sample_rate_Hz: int) -> Samples:
    """Time of each sample, float64[length]."""
    return np.arange(length, dtype=np.float64) * (1e12 / sample_rate_Hz)


def gaussian(at_ps: Samples, centre_ps: float, sigma_ps: float) -> Samples:
    """exp(-t²/2 sigma²) around the centre, zero beyond `CUT_SIGMA`; peak 1."""
    distance = (at_ps - centre_ps) / sigma_ps
    return np.where(np.abs(distance) <= CUT_SIGMA, np.exp(-(distance**2) / 2), 0.0)


def pump_envelope_V(at_ps: Samples, centre_ps: float, power_sigma_ps: float, peak_V: float) -> Samples:
    """Carver voltage of a pulse whose optical power is Gaussian with ``power_sigma_ps``.

    Power goes with the square of a small voltage, so the voltage is a Gaussian sqrt(2) wider; it is cut to
    zero where the power is 4 sigma from its centre.
    """
    distance = (at_ps - centre_ps) / power_sigma_ps
    return np.where(np.abs(distance) <= CUT_SIGMA, peak_V * np.exp(-(distance**2) / 4), 0.0)


def qubit_drive_V(
    at_ps: Samples,
    begin_ps: int,
    sigma_ps: int,
    frequency_Hz: float,
    rabi_rad_per_Vs: float,
    turn: Rotation,
    detuning_Hz: float = 0.0,
) -> Samples:
    """Gaussian drive of length 8 sigma at the qubit's frequency + detuning, scaled to the rotation's angle.

    The axis is that at the pulse's centre, seen from the frame that turns with the qubit.
    """
    if turn.angle_rad == 0:
        return np.zeros_like(at_ps)
    centre_ps = begin_ps + CUT_SIGMA * sigma_ps
    lit = _near(at_ps, centre_ps, sigma_ps)
    envelope = np.zeros_like(at_ps)
    envelope[lit] = gaussian(at_ps[lit], centre_ps, sigma_ps)
    area_s = float(envelope.sum()) * (at_ps[1] - at_ps[0]) * 1e-12
    peak_V = turn.angle_rad / (rabi_rad_per_Vs * area_s)
    cycles = np.mod(at_ps[lit] * (frequency_Hz * 1e-12), 1.0)
    phase_rad = 2 * np.pi * cycles + turn.axis_rad
    if detuning_Hz:
        phase_rad += 2 * np.pi * detuning_Hz * 1e-12 * (at_ps[lit] - centre_ps)
    found = np.zeros_like(at_ps)
    found[lit] = peak_V * envelope[lit] * np.cos(phase_rad)
    return found


def _near(at_ps: Samples, centre_ps: float, sigma_ps: float) -> slice:
    """Samples around a pulse, with one more on each side; all others are zero."""
    edges_ps = centre_ps - CUT_SIGMA * sigma_ps, centre_ps + CUT_SIGMA * sigma_ps
    first, last = np.searchsorted(at_ps, edges_ps).tolist()
    return slice(max(0, first - 1), last + 1)


def marker(length: int, begin: int, end: int, bit: int) -> NDArray[np.uint8]:
    """uint8[length] with ``bit`` set in begin <= sample < end."""
    track = np.zeros(length, dtype=np.uint8)
    track[begin:end] = bit
    return track
