# SPDX-License-Identifier: Apache-2.0
"""A node's calibration file: one JSON object a line, one line a run, the newest last.

The file is replaced as a whole, so that a reader finds the old one or the new one. Sixteen runs of each
calibration are kept.
"""

import json
import os
import tempfile
from collections.abc import Iterable
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import cast

from heraldlink.calibration.measured import Measured
from heraldlink.calibration.result import Result
from heraldlink.errors import DataError
from heraldlink.messages.origin import ORIGINS

KEPT = 16
FIELDS = {
    "calibration": str,
    "node": str,
    "outcome": str,
    "slot": int,
    "moved_slot": int,
    "at": str,
    "origin": str,
    "digest": str,
    "values": dict,
    "reason": str,
}


def calibration_file(data_directory: Path, node: str) -> Path:
    """Where a node's values are kept."""
    return data_directory / f"calibration-{node}.jsonl"


def read_results(path: Path) -> list[Result]:
    """All runs in a file, oldest first; none if there is no file. Raises DataError naming file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error
    if text and not text.endswith("\n"):
        raise DataError(f"{path}:{text.count(chr(10)) + 1}: the line is cut off; {REMEDY}")
    return [_result(line, f"{path}:{number}") for number, line in enumerate(text.split("\n")[:-1], 1)]


REMEDY = "remove it (or the file) and run heraldlink calibrate"


def latest(results: Iterable[Result]) -> dict[str, Result]:
    """The newest run of each calibration."""
    return {result.calibration: result for result in results}


def add_result(path: Path, result: Result) -> None:
    """Append a run, whole or not at all. Raises DataError if the file is broken or cannot be written."""
    results = _trimmed([*read_results(path), result])
    text = "".join(json.dumps(_plain(item), ensure_ascii=False, allow_nan=False) + "\n" for item in results)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror})") from error


def _trimmed(results: list[Result]) -> list[Result]:
    kept: dict[str, int] = {}
    newest: list[Result] = []
    for result in reversed(results):
        kept[result.calibration] = kept.get(result.calibration, 0) + 1
        if kept[result.calibration] <= KEPT:
            newest.append(result)
    return newest[::-1]


def _plain(result: Result) -> dict[str, object]:
    plain: dict[str, object] = {key: getattr(result, key) for key in FIELDS}
    plain["values"] = {
        name: {"value": item.value, "sigma": item.sigma, "unit": item.unit}
        for name, item in result.values.items()
    }
    plain["declared"] = dict(result.declared)
    return plain


def _result(line: str, where: str) -> Result:
    try:
        content = cast(object, json.loads(line))
    except ValueError as error:
        raise DataError(f"{where}: is not JSON ({error}); {REMEDY}") from error
    if not isinstance(content, dict):
        raise DataError(f"{where}: must hold one object; {REMEDY}")
    found = cast("dict[str, object]", content)
    for key, kind in FIELDS.items():
        if not isinstance(found.get(key), kind) or isinstance(found.get(key), bool):
            raise DataError(f"{where}: {key} is missing or not a {kind.__name__}; {REMEDY}")
    if found["outcome"] not in ("measured", "failed") or found["origin"] not in ORIGINS:
        raise DataError(f"{where}: outcome or origin is not one that exists; {REMEDY}")
    _time_of_day(cast(str, found["at"]), where)
    declared = found.get("declared", {})  # files of earlier versions have none
    if not (isinstance(declared, dict) and all(isinstance(item, str) for item in declared.values())):  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        raise DataError(f"{where}: declared must hold digests by section; {REMEDY}")
    values = cast("dict[str, object]", found["values"])
    measured = {name: _measured(value, f"{where}: values.{name}") for name, value in values.items()}
    return Result(**{**found, "values": measured, "declared": declared})  # type: ignore[arg-type]  # each field was checked above


def _time_of_day(at: str, where: str) -> None:
    try:
        datetime.fromisoformat(at or "1970-01-01")
    except ValueError as error:
        raise DataError(f"{where}: at is no time of day ({at!r}); {REMEDY}") from error


def _measured(value: object, where: str) -> Measured:
    content = cast("dict[str, object]", value if isinstance(value, dict) else {})
    number, sigma, unit = (content.get(key) for key in ("value", "sigma", "unit"))
    if not (_is_number(number) and _is_number(sigma) and isinstance(unit, str)):
        raise DataError(f"{where}: must hold value, sigma and unit; {REMEDY}")
    try:
        return Measured(float(cast(float, number)), float(cast(float, sigma)), unit)
    except ValueError as error:
        raise DataError(f"{where}: {error}; {REMEDY}") from error


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
