# SPDX-License-Identifier: Apache-2.0
"""Engines by name: all give the same result, the compiled ones sooner."""

from __future__ import annotations

from typing import Literal

from heraldlink.errors import RequestError
from heraldlink.tags import engine_numpy
from heraldlink.tags.compiled import available
from heraldlink.tags.engine_numpy import PairEngine

EngineName = Literal["numpy", "compiled"]

ENGINES = ("auto", "numpy", "compiled")
"""``auto``: compiled where numba is installed, else numpy."""


def engine_name(name: str = "auto") -> EngineName:
    """Which engine a name stands for here. Raises RequestError if it is none or needs what is missing."""
    if name not in ENGINES:
        raise RequestError(f"there is no engine {name!r} (there are {', '.join(ENGINES)})")
    if name == "compiled" and not available():
        raise RequestError(
            'the compiled engine needs numba: pip install "heraldlink[fast]", or take engine numpy'
        )
    return "numpy" if name == "numpy" or not available() else "compiled"


def pair_engine(name: str = "auto") -> PairEngine:
    """The engine for pairs of clicks. Raises as `engine_name`."""
    if engine_name(name) == "numpy":
        return engine_numpy
    from heraldlink.tags import engine_compiled

    return engine_compiled
