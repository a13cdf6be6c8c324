# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: interleaved rounds, medians, a plain table, ``--json FILE``, and an exit code.

A benchmark exits with 1 when an answer was wrong, never because it was slow: on a shared machine a figure
tells about the machine too, the ratio to a peer measured in the same rounds much less so.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median


class WrongAnswer(Exception):
    """A simulated instrument answered something else than it should."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``target`` and ``met`` are empty where nothing is demanded."""

    what: str
    figure: float
    unit: str
    target: str = ""
    met: bool | None = None


def arguments(description: str, rounds: int = 15) -> argparse.ArgumentParser:
    """Parser with what all benchmarks take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file")
    parser.add_argument("--rounds", type=int, default=rounds, help="interleaved rounds (default %(default)s)")
    return parser


Samples = dict[str, list[float]]


def interleaved(subjects: Mapping[str, Callable[[], float]], rounds: int) -> Samples:
    """Figures of each subject, all of them measured once in every round, to and fro."""
    samples: Samples = {name: [] for name in subjects}
    for turn in range(rounds):
        names = list(subjects)
        for name in names if turn % 2 == 0 else reversed(names):
            samples[name].append(subjects[name]())
    return samples


def medians(samples: Samples) -> dict[str, float]:
    """Median of each subject."""
    return {name: median(values) for name, values in samples.items()}


def ratio(samples: Samples, name: str, other: str) -> float:
    """Median over the rounds of one subject's figure by another's in the same round."""
    return median(one / two for one, two in zip(samples[name], samples[other], strict=True))


def at_least(what: str, figure: float, unit: str, target: float) -> Row:
    """Row of a figure that should not be below its target."""
    return Row(what, figure, unit, f">= {target:g}", figure >= target)


def below(what: str, figure: float, unit: str, target: float) -> Row:
    """Row of a figure that should be below its target."""
    return Row(what, figure, unit, f"< {target:g}", figure < target)


def demand(answer: object, expected: object) -> None:
    """Raise WrongAnswer unless an answer is the expected one."""
    if answer != expected:
        raise WrongAnswer(f"{str(answer)[:120]} instead of {str(expected)[:120]}")


def report(rows: list[Row], file: Path | None) -> None:
    """Print the table, and write it with the machine's description to ``file``."""
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}")
    width = max(len(row.what) for row in rows)
    for row in rows:
        verdict = "" if row.met is None else f"   target {row.target:>8}  {'met' if row.met else 'MISSED'}"
        print(f"{row.what:<{width}}  {row.figure:>12.5g} {row.unit:<9}{verdict}")
    if file is not None:
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
        file.write_text(json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=1))


def run(benchmark: Callable[[], None]) -> None:
    """Run a benchmark as a script: 1 for a wrong answer."""
    try:
        benchmark()
    except WrongAnswer as wrong:
        print(f"wrong answer: {wrong}", file=sys.stderr)
        sys.exit(1)
