# SPDX-License-Identifier: Apache-2.0
"""Time that the general model takes for the conditional states of a setting it has not seen.

Every setting differs from all before it, so nothing is remembered; the time-bin figure holds both bins.
"""

import time
from collections.abc import Callable
from itertools import count

from measure import arguments, below, demand, interleaved, medians, report, run

from heraldlink_physics.general_schemes import StateBook, barrett_kok_numbers, time_bin_numbers
from heraldlink_physics.model import Arm, Emitter, Midpoint
from heraldlink_physics.pair_source import pair_source

TARGET_MS = 20.0
PUMPED = {"weak": 1e-4, "Meesala": 1e-3, "strong": 0.05}


def midpoint(turn: int) -> Midpoint:
    """A midpoint that no turn has seen before."""
    return Midpoint(0.9, 0.2 + 1e-6 * turn, (1e-6, 2e-6), (0.9, 0.8))


def subjects(book: StateBook) -> dict[str, Callable[[], float]]:
    """Milliseconds of one new setting of each scheme."""
    turns = count()

    def timed(make: Callable[[Midpoint], object]) -> float:
        where = midpoint(next(turns))
        begun = time.perf_counter()
        make(where)
        return 1e3 * (time.perf_counter() - begun)

    emitter = Emitter(0.1, 0.02, double_excitation=0.04)
    other = Emitter(0.15, 0.01, double_excitation=0.03)
    chosen: dict[str, Callable[[], float]] = {
        "single-click, double excitation": lambda: timed(lambda at: book.single_click(emitter, other, at)),
        "Barrett-Kok, double excitation": lambda: timed(
            lambda at: barrett_kok_numbers(book.barrett_kok(emitter, other, at))
        ),
    }
    for name, n_bar in PUMPED.items():
        a, b = Arm(n_bar, 0.05, 0.15, 0.1, 0.6), Arm(n_bar / 2, 0.03, 0.1, 0.1, 0.6)
        chosen[f"pair source, {name} pump"] = lambda a=a, b=b: timed(lambda at: book.pair_source(a, b, at))
        chosen[f"time-bin, {name} pump"] = lambda a=a, b=b: timed(
            lambda at: time_bin_numbers(book.time_bin(a, b, at))
        )
    return chosen


def benchmark() -> None:
    """Measure and report."""
    options = arguments(__doc__.splitlines()[0], rounds=51).parse_args()
    book = StateBook()
    arm = Arm(1e-3, 0.05, 0.15, 0.1, 0.6)
    general, closed = book.pair_source(arm, arm, midpoint(0)), pair_source(arm, arm, midpoint(0))
    demand(abs(general.probability - closed.probability) < 1e-10, True)
    figures = medians(interleaved(subjects(book), options.rounds))
    report([below(name, figure, "ms", TARGET_MS) for name, figure in figures.items()], options.json)


if __name__ == "__main__":
    run(benchmark)
