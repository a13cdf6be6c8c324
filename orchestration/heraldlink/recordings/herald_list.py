# SPDX-License-Identifier: Apache-2.0
"""Every herald of a recording in a table: Parquet, or CSV."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from heraldlink.errors import DataError, RequestError
from heraldlink.recordings.gated import HeraldsFound

SUFFIXES = (".parquet", ".csv")


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
        partial.rename(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        partial.unlink(missing_ok=True)


def _columns(found: HeraldsFound) -> dict[str, np.ndarray]:
    heralds, table = found.heralds, found.choice.table
    names = np.array([table.outcome_name(code) if code in known else "" for code in range(256)]
                     if (known := set(heralds.outcome.tolist())) else [""])  # fmt: skip
    columns: dict[str, np.ndarray] = {
        "attempt": heralds.attempt,
        "outcome": names[heralds.outcome],
        "pattern": heralds.pattern,
        "after_ps": heralds.after_ps,
    }
    return columns if heralds.time_ps is None else columns | {"time_ps": heralds.time_ps}


def _parquet(path: Path, columns: dict[str, np.ndarray]) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(columns), path, compression="zstd")


def _csv(path: Path, columns: dict[str, np.ndarray]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(",".join(columns) + "\n")
        for row in zip(*(values.tolist() for values in columns.values()), strict=True):
            stream.write(",".join(map(str, row)) + "\n")
