# SPDX-License-Identifier: Apache-2.0
"""The predefined waveforms of the AWG5000 and AWG7000, which newer models bring along as a file.

Names and lengths after tm_devices' AWG driver (_PRE_DEFINED_SIGNAL_RECORD_LENGTH_*); Gaussians and noise of
the user manual's list [?]. The clock is high in its first half.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

_LENGTHS = (10, 100, 1000)
_NOISE_SEED = 5014

Turns = NDArray[np.float64]


def _gaussian(turns: Turns) -> Turns:
    return 2 * np.exp(-0.5 * ((turns - 0.5) / 0.1) ** 2) - 1


def _noise(turns: Turns) -> Turns:
    return np.clip(np.random.default_rng(_NOISE_SEED).normal(0, 0.25, len(turns)), -1, 1)


_SHAPES: dict[str, tuple[tuple[int, ...], Callable[[Turns], Turns]]] = {
    "Clock": ((960,), lambda turns: np.where(turns < 0.5, 1.0, -1.0)),
    "Gaussian": (_LENGTHS, _gaussian),
    "Noise": ((1000,), _noise),
    "Ramp": (_LENGTHS, lambda turns: 2 * turns - 1),
    "Sine": ((*_LENGTHS, 3600), lambda turns: np.sin(2 * np.pi * turns)),
    "Square": (_LENGTHS, lambda turns: np.where(turns < 0.5, 1.0, -1.0)),
    "Triangle": (_LENGTHS, lambda turns: 1 - 4 * np.abs((turns + 0.25) % 1 - 0.5)),
}


def predefined() -> Iterator[tuple[str, NDArray[np.float32], NDArray[np.uint8]]]:
    """Name, samples in -1..1 and markers (none high) of each."""
    yield "*DC", np.zeros(1000, np.float32), np.zeros(1000, np.uint8)
    for shape, (lengths, function) in _SHAPES.items():
        for length in lengths:
            samples = function(np.arange(length) / length).astype(np.float32)
            yield f"*{shape}{length}", samples, np.zeros(length, np.uint8)
