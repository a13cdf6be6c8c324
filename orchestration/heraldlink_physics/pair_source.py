# SPDX-License-Identifier: Apache-2.0
"""Two transducers that make microwave-optical pairs, heralded by one click."""

from __future__ import annotations

from heraldlink_physics.model import Arm, HeraldModel, Midpoint


def pair_source(a: Arm, b: Arm, midpoint: Midpoint) -> HeraldModel:
    """Exact for any arms (no photon-number cut-off)."""
    raise NotImplementedError
