# SPDX-License-Identifier: Apache-2.0
"""Write a run: tags, dataset, figures and record in one folder that appears whole."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from heraldlink.heralding.description import sequence_of
from heraldlink.messages.values import Origin
from heraldlink.pairs import NodeTags, Result
from heraldlink.record.arrivals import arrivals
from heraldlink.record.folder import digest, whole_folder
from heraldlink.record.pair_table import PairTable
from heraldlink.record.results import RunResults, bench_time_s, compute
from heraldlink.record.run_record import make_record, origin_of, write_record

RECORD: Final = "run.json"
DATASET: Final = "run.db"
CORRELATORS: Final = "correlators.png"
ARRIVALS: Final = "arrivals.png"


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was written."""

    folder: Path
    results: RunResults
    origin: Origin


def tags_file(node: str) -> str:
    """Name of the file with a node's tags."""
    return f"tags-{node}.parquet"


def results_of(result: Result, tick_rate_Hz: float) -> RunResults:
    """Results from a request's CONFIRMED pairs; ``tick_rate_Hz``: slots per second of bench time."""
    bench_s = bench_time_s([slot.slot for slot in result.slots], tick_rate_Hz)
    counted = (result.herald_count, result.attempts, bench_s)
    return compute(PairTable.of(result.pairs), result.confusions, result.prediction, counted)


def write_run(
    directory: Path,
    result: Result,
    tags: Mapping[str, NodeTags],
    ends: tuple[str, str] = ("alice", "bob"),
    midpoint: str = "midpoint",
    request: Mapping[str, object] | None = None,
) -> Run:
    """Write a new folder below ``directory``: raw tags, QCoDeS database, two figures and the record.

    ``ends``: (local, remote) as in the pairs' outcomes. ``request``: what was asked, JSON-ready. Nothing
    is left if anything fails. Raises DataError if the midpoint's tags lack their description.
    """
    from heraldlink.record.dataset import write_dataset
    from heraldlink.record.parquet import write_tags
    from heraldlink.record.plots import plot_arrivals, plot_correlators

    hub = tags[midpoint]
    results = results_of(result, sequence_of(hub.describe).tick_rate_Hz)
    run_id = new_run_id()
    origin = origin_of(tags)
    with whole_folder(directory / run_id) as folder:
        for name, node in tags.items():
            write_tags(folder / tags_file(name), node)
        about = {"run_id": run_id, "origin": origin, "ends": list(ends), "results": results.as_dict()}
        write_dataset(folder / DATASET, result.heralds, results, about)
        plot_correlators(folder / CORRELATORS, results, origin)
        measuring = [slot.slot for slot in result.slots if not slot.estimate]
        plot_arrivals(folder / ARRIVALS, arrivals(hub, measuring), origin)
        files = {item.name: digest(item) for item in sorted(folder.iterdir())}
        record = make_record(run_id, result, results, tags, (ends, midpoint), request or {}, files)
        write_record(folder / RECORD, record)
    return Run(directory / run_id, results, origin)


def new_run_id() -> str:
    """Sortable and unique: time of writing (UTC) and a few random digits."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
