# SPDX-License-Identifier: Apache-2.0
"""Current-voltage and dark-count curves of a nanowire detector, as a detector box measures them.

Pure. Dark counts grow exponentially with bias; above the switching current the wire is normal-conducting: it
counts nothing and shows its resistance. Numbers are typical, and this model's own.
"""

from __future__ import annotations

from math import exp, log

SWITCHING_A = 22e-6
DARK_AT_SWITCHING_Hz = 1e5
DARK_DECADE_A = 1.2e-6
"""Change of bias that makes a decade of dark counts."""
LINE_OHM = 10.0
NORMAL_OHM = 5e3
"""Line and shunt seen at the monitor once the wire has switched."""


def dark_rate_Hz(bias_A: float) -> float:
    """Dark count rate at a bias current; 0 where the wire is normal-conducting."""
    if bias_A <= 0 or bias_A > SWITCHING_A:
        return 0.0
    return DARK_AT_SWITCHING_Hz * exp((bias_A - SWITCHING_A) / DARK_DECADE_A * log(10))


def bias_for_A(dark_Hz: float) -> float:
    """Bias current at which the dark count rate is ``dark_Hz`` (> 0), within 0 and the switching current."""
    bias_A = SWITCHING_A + DARK_DECADE_A * log(dark_Hz / DARK_AT_SWITCHING_Hz) / log(10)
    return min(max(bias_A, 0.0), SWITCHING_A)


def monitor_V(bias_A: float, latched: bool = False) -> float:
    """Voltage at the bias line."""
    normal = latched or abs(bias_A) > SWITCHING_A
    return bias_A * (NORMAL_OHM if normal else LINE_OHM)
