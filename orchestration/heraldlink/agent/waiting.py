# SPDX-License-Identifier: Apache-2.0
"""Wait for an instrument by asking it, with a deadline."""

import time
from collections.abc import Callable

from heraldlink.errors import InstrumentLost

FIRST_PAUSE_S = 0.0005
LONGEST_PAUSE_S = 0.005
LOOK_S = 0.05
"""How long a worker waits at a time for what may take a slot: meanwhile it hears nothing else."""


def wait_until(condition: Callable[[], bool], limit_s: float, otherwise: str) -> None:
    """Ask until ``condition()``; raise InstrumentLost with ``otherwise`` after ``limit_s``."""
    if not came_true(condition, limit_s):
        raise InstrumentLost(f"{otherwise} (waited {limit_s:g} s)")


def came_true(condition: Callable[[], bool], limit_s: float) -> bool:
    """Ask until ``condition()``, at most for ``limit_s``; whether it came true."""
    end = time.monotonic() + limit_s
    pause_s = FIRST_PAUSE_S
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
    return True
