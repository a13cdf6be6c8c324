# SPDX-License-Identifier: Apache-2.0
"""The error function of arrays."""

from math import erf

import numpy as np
from numpy.typing import NDArray


def error_function(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """erf of every element, same shape."""
    return np.array([erf(value) for value in values.ravel().tolist()], dtype=np.float64).reshape(values.shape)
