# SPDX-License-Identifier: Apache-2.0
"""The way into a safe state, which neither a refusal nor a broken connection cuts short."""

from collections.abc import Callable

from heraldlink_drivers.errors import ConnectionLost, DriverError, Timeout


def take_all(*steps: Callable[[], object]) -> None:
    """Take every step, and raise the first error only then.

    A step whose connection broke, or whose reply did not come, is taken again, once, on a new connection. An
    instrument that is silent then too ends it (Timeout, ConnectionLost): further steps would wait as long.
    """
    refusals: list[DriverError | ValueError] = []
    for step in steps:
        try:
            _take(step)
        except (Timeout, ConnectionLost):
            raise
        except (DriverError, ValueError) as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]


def _take(step: Callable[[], object]) -> None:
    try:
        step()
    except (ConnectionLost, Timeout):
        step()
