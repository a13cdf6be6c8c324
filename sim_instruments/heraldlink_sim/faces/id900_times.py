# SPDX-License-Identifier: Apache-2.0
"""Event times of an ID900: sorted int64 picoseconds since it was switched on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]

NOTHING: Times = np.empty(0, np.int64)
"""No events."""
