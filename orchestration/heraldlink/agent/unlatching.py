# SPDX-License-Identifier: Apache-2.0
"""Detectors that stay resistive ("latched") give no more counts until their bias was off for a moment.

They look latched when one of them saw nothing of the bright pulses of a slot in which every instrument was
as declared. Then the next `prepare` takes the bias down and, in steps, up again; more than `MOST_CYCLES`
times an hour it does not: something shines on them or warms them, and somebody has to look.
Source: A. J. Annunziata et al., J. Appl. Phys. 108, 084507 (2010): the latched state is stable under bias.
"""

import time
from collections.abc import Set as AbstractSet

from heraldlink.agent.blame import InstrumentFault, blaming
from heraldlink_drivers.roles import DetectorBias

MOST_CYCLES = 3
WINDOW_S = 3600.0
STEPS = 5
DWELL_S = 0.02
"""Between two steps of the bias; the wire cools within nanoseconds, the bias lines settle in milliseconds."""
SYMPTOMS = frozenset({"herald rate"})
"""Deviations that follow from dark detectors, beside those of the detectors themselves."""


class Unlatching:
    """Remembers whether ``device`` looks latched, and when it was cycled."""

    def __init__(self, device: str, detectors: DetectorBias) -> None:
        self._device, self._detectors = device, detectors
        self._latched = False
        self._cycled: list[float] = []

    def seen(self, clicks: tuple[int, int], wrong: AbstractSet[str]) -> None:
        """A slot's clicks of bright pulses by detector, and with what something was wrong in it."""
        self._latched = 0 in clicks and wrong <= {self._device} | SYMPTOMS

    def before_prepare(self, bias_A: tuple[float, ...], now: float) -> None:
        """Cycle detectors that look latched to ``bias_A``; ``now`` is the monotonic clock, seconds.

        Raises InstrumentFault if that was done too often lately.
        """
        if not self._latched:
            return
        self._cycled = [moment for moment in self._cycled if now - moment < WINDOW_S]
        if len(self._cycled) >= MOST_CYCLES:
            raise InstrumentFault(
                self._device,
                f"its detectors latched again, {MOST_CYCLES} times within an hour they were"
                " cycled: look for light or heat that reaches them, then start the node again",
            )
        self._cycled.append(now)
        with blaming(self._device):
            self._cycle(bias_A)
        self._latched = False

    def _cycle(self, bias_A: tuple[float, ...]) -> None:
        """Off, and up in steps: a step of the whole bias can latch a wire again."""
        self._detectors.set_enabled(False)
        self._detectors.set_bias_A([0.0] * len(bias_A))
        self._detectors.set_enabled(True)
        for step in range(1, STEPS + 1):
            time.sleep(DWELL_S)
            self._detectors.set_bias_A([bias * step / STEPS for bias in bias_A])
