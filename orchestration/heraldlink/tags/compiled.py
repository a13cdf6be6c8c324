# SPDX-License-Identifier: Apache-2.0
"""Functions compiled when they are first called, if numba is there (the extra ``[fast]``).

The machine code is kept beside the source, or in the user's cache folder, and loaded by the next process. A
kernel may only call kernels of its own file: numba looks for changes in no other.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

FunctionT = TypeVar("FunctionT", bound=Callable[..., object])
ScalarT = TypeVar("ScalarT", bound=np.generic)


def available() -> bool:
    """Whether numba is installed; it is not loaded."""
    return find_spec("numba") is not None


def compiled(function: FunctionT) -> FunctionT:
    """Decorator. Raises ImportError without numba."""
    import numba

    jit = cast("Callable[..., Callable[[FunctionT], FunctionT]]", numba.njit)
    try:
        return jit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder to keep the machine code in
        return jit(nogil=True)(function)


def frozen(values: NDArray[ScalarT]) -> NDArray[ScalarT]:
    """The array as kernels take it, contiguous and not to be written to: one kind, compiled once."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view
