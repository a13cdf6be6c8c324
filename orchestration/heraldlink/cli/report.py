# SPDX-License-Identifier: Apache-2.0
"""A run's results on the screen: measured beside predicted, with the standard deviations between."""

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from heraldlink.cli.measurement import Wish
from heraldlink.cli.show import print_json
from heraldlink.client import Network
from heraldlink.errors import ConfigurationError, DataError, RunFailed
from heraldlink.journal.reconcile import Difference
from heraldlink.pairs import Result
from heraldlink.record.results import Compared, Rate, RunResults
from heraldlink.record.run import Run, write_run
from heraldlink.requests import Request
from heraldlink_physics.analysis import Estimate

NAMES = {"psi+": "Ψ+", "psi-": "Ψ−", "both": "Ψ±"}


def check_writable(runs: Path) -> None:
    """Raise ConfigurationError if no run could be kept below ``runs``; better before measuring than after."""
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".trial-", dir=runs):
            pass
    except OSError as error:
        raise ConfigurationError(f"--runs: no run can be kept in {runs} ({error.strerror})") from error


def keep(request: Request, result: Result, wish: Wish, runs: Path, found: Sequence[Difference] | None) -> Run:
    """Fetch the tags of all nodes and write the run folder below ``runs``, with how the journals compare."""
    asked = {
        "remote": wish.remote,
        "number": wish.number,
        "minimum_fidelity": wish.minimum_fidelity,
        "max_time_s": wish.max_time_s,
        "seed": request.seed,
        "differences": None if found is None else [asdict(item) for item in found],
    }
    try:
        return write_run(runs, result, request.tags(), ends=(wish.local, wish.remote), request=asked)
    except OSError as error:
        raise DataError(f"the run cannot be kept in {runs}: {error.strerror or error}") from error


def compared(network: Network, request: Request) -> list[Difference] | None:
    """How the nodes' journals differ about a request; None where not all of them can be read."""
    if not all(f"{node.name}.record" in network.addresses for node in network):
        return None
    return network.compare(request)


def agreement(found: Sequence[Difference] | None) -> str:
    """How the journals compare, in a sentence."""
    if found is None:
        return "the journals were not compared: not all record channels are in the network file"
    if not found:
        return "the journals of all nodes agree on every pair"
    first = found[0]
    return f"{len(found)} differences between the journals; the first: {first.kind} at {first.node}"


def demand_agreement(found: Sequence[Difference] | None) -> None:
    """Raise RunFailed if the journals differ."""
    if found:
        raise RunFailed(f"{agreement(found)}; look with heraldlink journal reconcile")


def show(run: Run, result: Result, found: Sequence[Difference] | None, json: bool, console: Console) -> None:
    """Print the results: one JSON object on stdout, or a table."""
    if json:
        print_json(as_dict(run, result) | {"journals": agreement(found)})
        return
    console.print(results_table(run.results))
    counts = f"{len(result.pairs)} pairs delivered, {len(result.withheld)} withheld"
    console.print(f"{counts}; herald rate {rate(run.results)}", highlight=False)
    for sentence in deviations(result):
        console.print(sentence, highlight=False)
    console.print(agreement(found), highlight=False)
    console.print(f"kept in {run.folder}; origin of the instruments: {run.origin}", highlight=False)


def deviations(result: Result) -> list[str]:
    """The last deviation of each device, and how many others it had."""
    by_place: dict[str, list[str]] = {}
    for item in result.deviations:
        by_place.setdefault(f"{item.node}, {item.device}", []).append(item.reason)
    return [
        f"{place}: {reasons[-1]}" + (f" (and {len(reasons) - 1} before)" if len(reasons) > 1 else "")
        for place, reasons in by_place.items()
    ]


def as_dict(run: Run, result: Result) -> dict[str, object]:
    """The whole outcome, ready for JSON."""
    return {
        "state": result.state,
        "pairs": len(result.pairs),
        "withheld": len(result.withheld),
        "slots": len(result.slots),
        "deviations": deviations(result),
        "run": str(run.folder),
        "origin": run.origin,
        **run.results.as_dict(),
    }


def results_table(results: RunResults) -> Table:
    """Correlators and fidelities: raw, readout-corrected, predicted, and how far apart."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("", no_wrap=True)
    for heading in ("pairs", "raw", "corrected", "predicted", "σ apart"):
        table.add_column(heading, justify="right", no_wrap=True)
    for (bell, basis), item in results.correlators.items():
        table.add_row(f"⟨{basis}⟩ of {NAMES[bell]}", *cells(item))
    table.add_section()
    for name, item in results.fidelity.items():
        table.add_row(f"F({NAMES[name]})", *cells(item), style="bold" if name == "both" else None)
    table.add_section()
    table.add_row("heralds/attempt", *herald_cells(results.rate))
    return table


def cells(item: Compared) -> tuple[str, str, str, str, str]:
    """One row of numbers."""
    predicted = "" if item.predicted is None else f"{item.predicted:.3f}"
    corrected = "" if item.corrected is None else number(item.corrected, 3)
    return str(item.pairs), number(item.raw, 3), corrected, predicted, signed(item.standard_deviations)


def herald_cells(rate: Rate) -> tuple[str, str, str, str, str]:
    """The herald probability's row, in percent."""
    percent = Estimate(100 * rate.measured.value, 100 * rate.measured.sigma)
    predicted = f"{100 * rate.predicted:.3f} %"
    return str(rate.heralds), f"{number(percent, 3)} %", "", predicted, signed(rate.standard_deviations)


def number(estimate: Estimate, digits: int) -> str:
    """Value and standard error; a dash where nothing was measured."""
    if not isfinite(estimate.value):
        return "–"
    return f"{estimate.value:.{digits}f} ± {estimate.sigma:.{digits}f}"


def signed(deviations: float | None) -> str:
    """Standard deviations with their sign."""
    return "" if deviations is None else f"{deviations:+.1f}"


def rate(results: RunResults) -> str:
    """Heralds per second of bench time."""
    seconds = results.rate.bench_s
    return f"{results.rate.heralds / seconds:.1f} /s of bench time" if seconds > 0 else "unknown"
