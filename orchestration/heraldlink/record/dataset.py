# SPDX-License-Identifier: Apache-2.0
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
"""The run as QCoDeS datasets in an SQLite file of its own: pairs, and the results they give."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from qcodes.dataset import load_or_create_experiment, new_data_set
from qcodes.dataset.descriptions.dependencies import InterDependencies_
from qcodes.dataset.sqlite.database import connect
from qcodes.parameters import ParamSpecBase

from heraldlink.pairs import Pair
from heraldlink.record.results import RunResults

Row = dict[str, int | float | str]


def write_dataset(
    path: Path, pairs: Sequence[Pair], results: RunResults, metadata: Mapping[str, object]
) -> None:
    """Create the database with two datasets, ``pairs`` and ``correlators``; ``metadata`` goes with both."""
    connection = connect(path)
    try:
        experiment = load_or_create_experiment("heraldlink", str(metadata["run_id"]), conn=connection)
        for name, unit, rows in (
            ("pairs", "pair", _pairs(pairs)),
            ("correlators", "setting", _results(results)),
        ):
            data = new_data_set(name, exp_id=experiment.exp_id, conn=connection)
            data.set_interdependencies(_dependencies(unit, rows))
            data.mark_started()
            data.add_metadata("heraldlink", json.dumps(metadata, sort_keys=True))
            if rows:
                data.add_results(rows)
            data.mark_completed()
    finally:
        connection.close()


def _dependencies(setpoint: str, rows: Sequence[Row]) -> InterDependencies_:
    """All columns depend on the row's number; an empty dataset has that alone."""
    axis = ParamSpecBase(setpoint, "numeric")
    columns = [
        ParamSpecBase(name, "text" if isinstance(value, str) else "numeric")
        for name, value in (rows[0] if rows else {}).items()
        if name != setpoint
    ]
    if not columns:
        return InterDependencies_(standalones=(axis,))
    return InterDependencies_(dependencies={column: (axis,) for column in columns})


def _pairs(pairs: Sequence[Pair]) -> list[Row]:
    return [
        {
            "pair": place,
            "sequence_number": pair.sequence_number,
            "mhp_seq": pair.mhp_seq,
            "slot": pair.slot,
            "attempt": pair.attempt,
            "bell_state": pair.bell_state,
            "basis": pair.basis,
            "outcome_local": pair.outcomes[0],
            "outcome_remote": pair.outcomes[1],
            "goodness": pair.goodness,
            "goodness_sigma": pair.goodness_sigma,
            "status": pair.status,
        }
        for place, pair in enumerate(pairs)
    ]


def _results(results: RunResults) -> list[Row]:
    rows: list[Row] = []
    for (bell, basis), item in results.correlators.items():
        corrected = item.corrected
        rows.append(
            {
                "setting": len(rows),
                "bell_state": bell,
                "basis": basis,
                "pairs": item.pairs,
                "raw": item.raw.value,
                "raw_sigma": item.raw.sigma,
                "corrected": corrected.value if corrected else float("nan"),
                "corrected_sigma": corrected.sigma if corrected else float("nan"),
                "predicted": item.predicted if item.predicted is not None else float("nan"),
            }
        )
    return rows
