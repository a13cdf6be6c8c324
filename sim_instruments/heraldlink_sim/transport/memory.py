# SPDX-License-Identifier: Apache-2.0
"""Memory for long messages, kept for the next one."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT = 1 << 28
_LARGEST = 1 << 25  # what glibc allows at most


def keep_freed_memory() -> None:
    """Let the process keep up to 256 MB that it has freed, instead of giving them back to the system.

    The samples of a waveform pass through a few buffers of 10 MB. If each is new from the system, its pages
    are filled with zeros on first touch: 4 ms for 10 MB on a virtual machine, where the copy takes 0.4 ms.
    Only with glibc (``man mallopt``); anywhere else it does nothing. It may be called again and again.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_MMAP_THRESHOLD, _LARGEST)
