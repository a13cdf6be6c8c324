# SPDX-License-Identifier: Apache-2.0
"""Which reference indices of a slot belong to which part of the sequence."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SegmentTable:
    """Reference indices of one slot: every attempt sync counts, from 0 at the first one after the tick.

    In order: bright pulses in phase, bright pulses in quadrature, calibration shots of |g>, of |e>, and
    from there attempts, as many as fit before the generators stop.
    """

    bright_per_quadrature: int
    calibration_shots: int

    @property
    def bright_i(self) -> range:
        """Bright pulses with the carver's phase switch at 0 degrees."""
        return range(0, self.bright_per_quadrature)

    @property
    def bright_q(self) -> range:
        """Bright pulses with node B's phase switch at 90 degrees."""
        return range(self.bright_per_quadrature, 2 * self.bright_per_quadrature)

    @property
    def calibration_g(self) -> range:
        """Readouts of the qubit prepared in |g>."""
        begin = 2 * self.bright_per_quadrature
        return range(begin, begin + self.calibration_shots)

    @property
    def calibration_e(self) -> range:
        """Readouts of the qubit prepared in |e>."""
        begin = self.calibration_g.stop
        return range(begin, begin + self.calibration_shots)

    @property
    def first_attempt(self) -> int:
        """Reference index of the first attempt; all later ones are attempts too."""
        return self.calibration_e.stop
