# SPDX-License-Identifier: Apache-2.0
"""A moment of the monotonic clock until which something must be done."""

import time


class Deadline:
    """``seconds`` from now; scaled by no bench and moved by no wall clock."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left_s(self) -> float:
        """Seconds that are left. Raises TimeoutError if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left
