# SPDX-License-Identifier: Apache-2.0
"""The microwave cavity of a transducer, whatever it is coupled to."""

from __future__ import annotations


class MicrowaveSide:
    """Linewidth and extraction from the two loss rates that a port's dataclass holds, Hz."""

    __slots__ = ()
    microwave_external_Hz: float
    microwave_internal_Hz: float

    @property
    def microwave_kappa_Hz(self) -> float:
        """kappa_e/2pi."""
        return self.microwave_external_Hz + self.microwave_internal_Hz

    @property
    def microwave_extraction(self) -> float:
        """kappa_e,ext / kappa_e, 0..1."""
        return self.microwave_external_Hz / self.microwave_kappa_Hz
