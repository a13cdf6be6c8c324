# SPDX-License-Identifier: Apache-2.0
"""What the bytes of a qubit drive do: exact turns in the rotating frame, with relaxation between and during.

The samples between two silences are demodulated at the qubit's frequency: their part in the Nyquist zone of
that frequency, so that the counter-rotating half is left out (rotating-wave approximation) and nothing else.
The Bloch equation with that complex envelope is integrated sample by sample with the fourth-order
commutator-free Magnus scheme at Gauss points (S. Blanes & P. C. Moan, Appl. Numer. Math. 56, 1519 (2006),
eq. 11), the envelope between samples being exact, as it is band-limited. Relaxation is split around the turns
(G. Strang, SIAM J. Numer. Anal. 5, 506 (1968)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.device import Qubit
from heraldlink_sim.world.qubits import Complex, Real, product, turns, waiting
from heraldlink_sim.world.rack import Waveform

SILENCE = 64
"""So many samples of zero separate two drives; half of them belong to the drive before, half to the next."""
MARGIN = SILENCE // 2

GAUSS = (0.5 - 3**0.5 / 6, 0.5 + 3**0.5 / 6)
MAGNUS = (0.25 - 3**0.5 / 6, 0.25 + 3**0.5 / 6)


def passage(
    waveform: Waveform | None, begin: int, end: int, rate_Hz: float, amplitude_Vpp: float, qubit: Qubit
) -> Real:
    """Return the map, float[4, 4], of samples ``begin`` <= k < ``end``, in the frame of the waveform's start.

    The frame turns with the qubit and coincides with the laboratory's at the first sample. Without a waveform
    the qubit only waits.
    """
    now, maps = begin, list[Real]()
    played = waveform.samples[begin:end] if waveform else np.empty(0, np.float32)
    for first, last in segments(played):
        samples_V = played[first:last].astype(np.float64) * (amplitude_Vpp / 2)
        maps.append(waiting(qubit, (begin + first - now) / rate_Hz))
        maps.append(_driven(samples_V, begin + first, rate_Hz, qubit))
        now = begin + last
    maps.append(waiting(qubit, (end - now) / rate_Hz))
    return product(np.stack(maps))


def segments(samples: NDArray[np.float32], silence: int = SILENCE) -> list[tuple[int, int]]:
    """Return begin and end of each stretch of samples without ``silence`` zeros in a row in it."""
    used = np.flatnonzero(samples)
    if not len(used):
        return []
    breaks = np.flatnonzero(np.diff(used) > silence)
    firsts, lasts = used[np.concatenate([[0], breaks + 1])], used[np.concatenate([breaks, [-1]])] + 1
    return [(int(first), int(last)) for first, last in zip(firsts, lasts, strict=True)]


def _driven(samples_V: Real, first: int, rate_Hz: float, qubit: Qubit) -> Real:
    """Return the map of one drive whose first sample is the waveform's number ``first``."""
    early, late = envelopes_V(samples_V, first, rate_Hz, qubit.frequency_Hz)
    early, late = (item * (qubit.rabi_rad_per_Vs / rate_Hz) for item in (early, late))
    weak, strong = MAGNUS
    steps = turns(weak * early + strong * late) @ turns(strong * early + weak * late)
    half_wait = waiting(qubit, 0.5 / rate_Hz)
    played = slice(MARGIN, MARGIN + len(samples_V))
    steps[played] = half_wait @ steps[played] @ half_wait
    return product(steps)


def envelopes_V(samples_V: Real, first: int, rate_Hz: float, frequency_Hz: float) -> tuple[Complex, Complex]:
    """Return A·exp(iφ) of samples A·cos(2πft + φ) at both Gauss points of each sample's interval.

    complex[n + 2 `MARGIN`] each, from `MARGIN` samples before the first one; t = 0 at the waveform's start.
    """
    length = len(samples_V) + 2 * MARGIN
    cycles = np.arange(first, first + len(samples_V)) * (frequency_Hz / rate_Hz)
    turned = np.zeros(1 << (length - 1).bit_length(), dtype=np.complex128)
    turned[MARGIN : length - MARGIN] = 2 * samples_V * np.exp(-2j * np.pi * (cycles % 1.0))
    beside = np.fft.fftfreq(len(turned))
    lowest = np.floor(2 * frequency_Hz / rate_Hz) / 2 - frequency_Hz / rate_Hz
    spectrum = np.fft.fft(turned) * ((beside >= lowest) & (beside < lowest + 0.5))
    early, late = (np.fft.ifft(spectrum * np.exp(2j * np.pi * beside * point))[:length] for point in GAUSS)
    return early, late
