# SPDX-License-Identifier: Apache-2.0
"""What one end node's generator is calibrated to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeDrive:
    """Calibration of one end node.

    ``amplitude_Vpp``: full scales of channels 1 and 2. ``envelope_peak_V``, ``bright_peak_V``: peak voltages
    at the carver. ``phase_switch``: whether this node raises the 90 degree switch in the second half of the
    bright pulses (exactly one node of a link does: the second one).
    """

    amplitude_Vpp: tuple[float, float]
    envelope_peak_V: float
    bright_peak_V: float
    qubit_frequency_Hz: float
    rabi_rad_per_Vs: float
    phase_switch: bool
