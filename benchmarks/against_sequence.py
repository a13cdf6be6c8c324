# SPDX-License-Identifier: Apache-2.0
"""Barrett-Kok with unequal arms, and attempts per second, against the network simulator SeQUeNCe 0.8.5.

SeQUeNCe is no dependency; install it beside this package in an environment of its own::

    python -m venv seq
    seq/bin/pip install . sequence==0.8.5
    seq/bin/python benchmarks/against_sequence.py

Rates: SeQUeNCe draws the arm of each round's photon anew, which gives ((eta_A + eta_B)/2)²/2; one photon must
come from either arm, which is eta_A eta_B / 2. Speed: links that herald equally often, in processor time.
SeQUeNCe plays Barrett-Kok with equal arms; the world plays single-click heralds of two pair sources, whole,
from the bytes of the waveforms to every tagger's events, with the readout of both qubits after each herald.
"""

import argparse
import sys
from importlib.util import find_spec
from math import sqrt
from time import process_time

from fast_link import SEQUENCE, rack_state
from measure import Row, arguments, at_least, demand, interleaved, medians, ratio, report, run
from sampling import BENCH
from sampling import Link as WorldLink

from heraldlink_physics.general_schemes import StateBook, barrett_kok_numbers
from heraldlink_physics.model import Emitter, Midpoint
from heraldlink_physics.two_rounds import barrett_kok
from heraldlink_sim.bench_config import load_bench
from heraldlink_sim.world.play import World

ARMS = ((0.6876, 0.0859), (0.9, 0.1), (0.5, 0.05), (0.3, 0.3))
TARGET_RATIO = 1000.0


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


def speed(options: argparse.Namespace) -> list[Row]:
    """Attempts per second of processor time of both, measured in turns on links that herald equally often."""
    from sequence_link import Link

    ours = world_link()
    p = ours.model()
    theirs = Link((sqrt(2 * p), sqrt(2 * p)), options.seed)

    def sequence() -> float:
        begun_s = process_time()
        theirs.heralds(options.turn)
        return options.turn / (process_time() - begun_s)

    samples = interleaved({"SeQUeNCe": sequence, "the world": ours.attempts_per_s}, options.rounds)
    demand(ours.agrees(), True)
    rows = [Row(f"{name}, {p:.3g} heralds per attempt", x, "1/s") for name, x in medians(samples).items()]
    return [*rows, at_least("ratio", ratio(samples, "the world", "SeQUeNCe"), "x", TARGET_RATIO)]


def world_link() -> WorldLink:
    """The link of `sampling`: one herald in a thousand attempts."""
    config, devices = load_bench(BENCH)
    world = World(devices, config.wiring.world_wiring(round(1e12 / SEQUENCE.tick_rate_Hz)), config.seed)
    return WorldLink(world, rack_state(world.wiring), 1.0)


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
