# SPDX-License-Identifier: Apache-2.0
"""Memory that stays with the process.

By default glibc gives large arrays back to the system as soon as they are freed, and each new one then costs
a page fault per 4 KB: 90 of them for each block of 8,192 tags, longer than finding its heralds.
"""

from __future__ import annotations

import ctypes
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
KEPT: Final = 1 << 27
LARGEST: Final = 1 << 25


def keep_memory() -> None:
    """Let freed memory of up to 128 MB, and arrays of up to 32 MB, stay with the process.

    Only with glibc (``man mallopt``); anywhere else it does nothing. It may be called again and again.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, KEPT)
        mallopt(_MMAP_THRESHOLD, LARGEST)
