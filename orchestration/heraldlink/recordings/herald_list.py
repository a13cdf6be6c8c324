# SPDX-License-Identifier: Apache-2.0
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
"""Every herald of a recording in a table: Parquet, or CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError, RequestError
from heraldlink.record.folder import sync
from heraldlink.recordings.gated import HeraldsFound

SUFFIXES = (".parquet", ".csv")
Columns = dict[str, NDArray[Any]]


def check_output(path: str | Path) -> Path:
    """The path, if a list can be written there. Raises RequestError."""
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise RequestError(f"{path}: a list of heralds is one of {', '.join(SUFFIXES)}")
    if path.exists():
        raise RequestError(f"{path}: exists already; it is not overwritten")
    return path


def write_heralds(path: Path, found: HeraldsFound) -> None:
    """Write attempt, outcome (its name), pattern (bits), after_ps and, where known, time_ps of each herald.

    The file appears whole or not at all. Raises DataError if it cannot be written.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        (_parquet if path.suffix == ".parquet" else _csv)(partial, _columns(found))
        sync(partial)
        partial.rename(path)
        sync(path.parent)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        partial.unlink(missing_ok=True)


def _columns(found: HeraldsFound) -> Columns:
    heralds, table = found.heralds, found.choice.table
    names = np.full(256, "", dtype="U64")
    for code in sorted(set(heralds.outcome.tolist())):
        names[code] = table.outcome_name(code)
    columns: Columns = {
        "attempt": heralds.attempt,
        "outcome": names[heralds.outcome],
        "pattern": heralds.pattern,
        "after_ps": heralds.after_ps,
    }
    return columns if heralds.time_ps is None else columns | {"time_ps": heralds.time_ps}


def _parquet(path: Path, columns: Columns) -> None:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    pq.write_table(pa.table(columns), path, compression="zstd")


def _csv(path: Path, columns: Columns) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(",".join(columns) + "\n")
        for row in zip(*(values.tolist() for values in columns.values()), strict=True):
            stream.write(",".join(map(str, row)) + "\n")
