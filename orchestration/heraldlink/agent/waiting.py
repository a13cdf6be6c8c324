# SPDX-License-Identifier: Apache-2.0
"""Wait for an instrument by asking it, with a deadline."""

import time
from collections.abc import Callable

from heraldlink.errors import InstrumentLost

FIRST_PAUSE_S = 0.0005
LONGEST_PAUSE_S = 0.005


def wait_until(condition: Callable[[], bool], limit_s: float, otherwise: str) -> None:
    """Ask until ``condition()``; raise InstrumentLost with ``otherwise`` after ``limit_s``."""
    end = time.monotonic() + limit_s
    pause_s = FIRST_PAUSE_S
    while not condition():
        if time.monotonic() > end:
            raise InstrumentLost(f"{otherwise} (waited {limit_s:g} s)")
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
