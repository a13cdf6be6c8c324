# SPDX-License-Identifier: Apache-2.0
"""Herald engines by name."""

from __future__ import annotations

from heraldlink.heralding.engine_numpy import NumpyEngine
from heraldlink.heralding.gate_logic import HeraldEngine
from heraldlink.tags.engine import engine_name


def herald_engine(name: str = "auto") -> HeraldEngine:
    """The engine "numpy", "compiled", or whichever is better here. Raises RequestError as `engine_name`."""
    if engine_name(name) == "numpy":
        return NumpyEngine()
    from heraldlink.heralding.engine_compiled import CompiledEngine

    return CompiledEngine()
