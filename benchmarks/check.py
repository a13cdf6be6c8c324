# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks and prints every floor beside its measured value; 1 if one is missed or not measured.

    benchmarks/check                       # all of them, about ten minutes
    benchmarks/check --only D              # those of the tags
    benchmarks/check --sequence PYTHON     # an interpreter that has SeQUeNCe, for its comparison

Issues: B instruments, C physics, D tags, E nodes. A benchmark that fails, lacks what it needs or gives fewer
floors than it should is a miss, as a figure below its floor is.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measure import Row

HERE = Path(__file__).parent
GIVE_UP_s = 3600
ISSUES = ("B", "C", "D", "E")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A script, its options, and how many floors it measures."""

    issue: str
    script: str
    floors: int
    options: tuple[str, ...] = ()
    in_sequence: bool = False


BENCHMARKS = (
    Benchmark("B", "queries.py", 9),
    Benchmark("B", "transfer.py", 3),
    Benchmark("B", "set_then_get.py", 1),
    Benchmark("B", "construct.py", 1),
    Benchmark("B", "threads.py", 2),
    Benchmark("B", "fuzz_scpi.py", 1),
    Benchmark("C", "sampling.py", 1),
    Benchmark("C", "against_sequence.py", 1, in_sequence=True),
    Benchmark("C", "real_time.py", 4),
    Benchmark("C", "states.py", 8),
    Benchmark("D", "tags.py", 10, ("--memory", "1000000000")),
    Benchmark("D", "tag_storage.py", 1),
    Benchmark("D", "live.py", 1),
    Benchmark("E", "agent.py", 9),
    Benchmark("E", "shared_reads.py", 1),
    Benchmark("E", "fuzz_nodes.py", 3),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rows with a floor, and in ``trouble`` why some are missing."""

    benchmark: Benchmark
    rows: tuple[Row, ...]
    trouble: str = ""


def main() -> int:
    options = _options()
    chosen = [item for item in BENCHMARKS if item.issue in options.only]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        for benchmark in chosen:
            print(f"-- {benchmark.script}", file=sys.stderr, flush=True)
            python = options.sequence if benchmark.in_sequence else sys.executable
            outcomes.append(_run(benchmark, python, options.rounds, Path(folder) / "figures.json"))
    lines = [line for outcome in outcomes for line in _lines(outcome)]
    width = max(len(what) for _, what, _, _ in lines)
    for where, what, figure, verdict in lines:
        print(f"{where:<22} {what:<{width}} {figure:>22}  {verdict}")
    missed = [line for line in lines if line[3] != "met"]
    print(f"{len(lines) - len(missed)} of {len(lines)} floors met")
    if options.json:
        options.json.write_text(json.dumps([list(line) for line in lines], indent=1))
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=ISSUES, choices=ISSUES)
    parser.add_argument("--rounds", type=int, help="of each benchmark (default: its own)")
    parser.add_argument("--sequence", metavar="PYTHON", default=sys.executable)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table to a file")
    return parser.parse_args()


def _run(benchmark: Benchmark, python: str, rounds: int | None, figures: Path) -> Outcome:
    figures.unlink(missing_ok=True)
    command = [python, str(HERE / benchmark.script), "--json", str(figures), *benchmark.options]
    command += ["--rounds", str(rounds)] if rounds else []
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=GIVE_UP_s)
    except subprocess.TimeoutExpired:
        return Outcome(benchmark, (), f"did not end within {GIVE_UP_s} s")
    said = ended.stderr.strip().splitlines()
    if ended.returncode or not figures.exists():
        return Outcome(benchmark, (), said[-1] if said else f"ended with {ended.returncode}")
    rows = [Row(**fields) for fields in json.loads(figures.read_text())["rows"]]
    floors = tuple(row for row in rows if row.met is not None)
    lacking = benchmark.floors - len(floors)
    return Outcome(benchmark, floors, f"{lacking} not measured. {' '.join(said)}" if lacking > 0 else "")


def _lines(outcome: Outcome) -> list[tuple[str, str, str, str]]:
    """Where, what, figure, and the verdict with the floor where it is missed."""
    where = f"{outcome.benchmark.issue} {outcome.benchmark.script}"
    lines = [
        (where, row.what, f"{row.figure:.4g} {row.unit} {row.target}", "met" if row.met else "MISSED")
        for row in outcome.rows
    ]
    return [*lines, (where, outcome.trouble, "", "NOT MEASURED")] if outcome.trouble else lines


if __name__ == "__main__":
    sys.exit(main())
