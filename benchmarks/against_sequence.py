# SPDX-License-Identifier: Apache-2.0
"""Barrett-Kok with unequal arms, and attempts per second, against the network simulator SeQUeNCe 0.8.5.

SeQUeNCe is no dependency; install it beside this package in an environment of its own::

    python -m venv seq
    seq/bin/pip install . sequence==0.8.5
    seq/bin/python benchmarks/against_sequence.py

Rates: SeQUeNCe draws the arm of each round's photon anew, which gives ((eta_A + eta_B)/2)²/2; one photon must
come from either arm, which is eta_A eta_B / 2. Speed: both simulators run links that herald equally often;
SeQUeNCe plays Barrett-Kok with equal arms, the world single-click heralds of two pair sources, with the
cause, the time and the two-qubit state of every herald.
"""

import argparse
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from math import sqrt
from pathlib import Path

import numpy as np
from measure import Row, arguments, at_least, demand, interleaved, medians, ratio, report, run
from ruamel.yaml import YAML

from heraldlink_physics.device_file import from_mapping
from heraldlink_physics.general_schemes import StateBook, barrett_kok_numbers
from heraldlink_physics.model import Emitter, Midpoint
from heraldlink_physics.settings import DetectorSettings, GateSettings
from heraldlink_physics.two_rounds import barrett_kok
from heraldlink_sim.world.draws import Draws
from heraldlink_sim.world.node import Pulse
from heraldlink_sim.world.optics import Optics
from heraldlink_sim.world.rack import Waveform
from heraldlink_sim.world.tables import CAUSES, AttemptTable, Meeting, TableBook

ARMS = ((0.6876, 0.0859), (0.9, 0.1), (0.5, 0.05), (0.3, 0.3))
EQUAL = 0.2
HERALDS_AT_ONCE = 20_000
TARGET_RATIO = 1000.0
DEVICES = Path(__file__).parents[1] / "configs" / "devices" / "improved.yaml"


def physics(efficiencies: tuple[float, float]) -> float:
    """Probability of the closed form, which the general model must confirm."""
    closed = barrett_kok(*efficiencies, Midpoint()).probability
    a, b = (Emitter(0.5, eta) for eta in efficiencies)
    general = barrett_kok_numbers(StateBook().barrett_kok(a, b, Midpoint())).probability
    demand(abs(general - closed) < 1e-12, True)
    return closed


def rates(attempts: int, seed: int) -> None:
    """Print one line for each pair of arms."""
    from sequence_link import Link

    print(f"Barrett-Kok, heralds per attempt, {attempts} attempts of SeQUeNCe for each line")
    print("eta_A   eta_B   physics (eta_A eta_B/2)  SeQUeNCe            ((eta_A+eta_B)/2)²/2  off physics by")
    for row, arms in enumerate(ARMS):
        p, count = physics(arms), Link(arms, seed + 10 * row).heralds(attempts)
        found = count / attempts
        error = sqrt(max(found * (1 - found), 1 / attempts) / attempts)
        mean = (sum(arms) / 2) ** 2 / 2
        print(
            f"{arms[0]:<7g} {arms[1]:<7g} {p:<24.5f} {found:.5f} ± {error:.5f}   {mean:<21.5f} "
            f"{(found - p) / error:+.1f} sigma"
        )


def table_with(probability: float) -> AttemptTable:
    """The world's table of an attempt that heralds this often: the pump's attenuation is searched."""
    rate_Hz, samples = 12.5e9, 12_500
    shape = np.exp(-((np.arange(samples) / rate_Hz - 400e-9) ** 2) / (2 * 48e-9**2)).astype(np.float32)
    pulse = Pulse(Waveform(0.8 * shape, np.zeros(samples, np.uint8)), 0.5, rate_Hz, 5_000_000, 200_000)
    book = TableBook(from_mapping(YAML(typ="safe").load(DEVICES)))
    bias = DetectorSettings(18e-6)

    def table(attenuation_dB: float) -> AttemptTable:
        both = (attenuation_dB, attenuation_dB)
        optics = Optics(192.025e12, 0.02, both, (bias, bias), GateSettings(0, 400_000), True)
        return book.attempt(optics, Meeting(pulse, pulse))

    low, high = 0.0, 60.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if heralding(table(middle)) > probability else (low, middle)
    found = table(high)
    demand(abs(heralding(found) / probability - 1) < 1e-3, True)
    return found


def heralding(table: AttemptTable) -> float:
    """Probability that exactly one detector clicks."""
    return table.link.model.probability


def world_attempts(table: AttemptTable, rng: np.random.Generator, heralds: int) -> int:
    """Attempts that it takes to see so many heralds, each with its cause, click time and state."""
    draws, attempts, seen = Draws(rng), 0, 0
    while seen < heralds:
        attempts += draws.gap(table)
        cause = draws.cause(table)
        clicked = [port for port, why in enumerate(CAUSES[cause]) if why != "none"]
        for port in clicked:
            draws.click_ps(table, port, CAUSES[cause][port])
        seen += len(clicked) == 1 and table.states[cause].shape == (4, 4)
    return attempts


def speed(options: argparse.Namespace) -> list[Row]:
    """Attempts per second of both, measured in turns."""
    from sequence_link import Link

    p = EQUAL * EQUAL / 2
    link, table, rng = Link((EQUAL, EQUAL), options.seed), table_with(p), np.random.default_rng(options.seed)

    def sequence() -> float:
        return timed(lambda: link.heralds(options.turn) * 0 + options.turn)

    def world() -> float:
        return timed(lambda: world_attempts(table, rng, HERALDS_AT_ONCE))

    attempts = world_attempts(table, rng, HERALDS_AT_ONCE)
    demand(abs(HERALDS_AT_ONCE / attempts / p - 1) < 6 / sqrt(HERALDS_AT_ONCE), True)
    samples = interleaved({"SeQUeNCe": sequence, "the world": world}, options.rounds)
    rows = [Row(f"{name}, {p:g} heralds per attempt", x, "1/s") for name, x in medians(samples).items()]
    return [*rows, at_least("ratio", ratio(samples, "the world", "SeQUeNCe"), "x", TARGET_RATIO)]


def timed(attempts: Callable[[], int]) -> float:
    """Attempts per second."""
    begun = time.perf_counter()
    done = attempts()
    return done / (time.perf_counter() - begun)


def benchmark() -> None:
    """Compare, or say what is missing."""
    parser = arguments(__doc__.splitlines()[0], rounds=7)
    parser.add_argument("--attempts", type=int, default=20_000, help="of SeQUeNCe per line (default 20000)")
    parser.add_argument("--turn", type=int, default=500, help="of SeQUeNCe per round (default 500)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if find_spec("sequence") is None:
        print("skipped: SeQUeNCe is not installed; see this script's first lines", file=sys.stderr)
        return
    rates(options.attempts, options.seed)
    report(speed(options), options.json)


if __name__ == "__main__":
    run(benchmark)
