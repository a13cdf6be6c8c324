# SPDX-License-Identifier: Apache-2.0
"""The checklist as a table: one line for each behaviour, one column for each model."""

from collections.abc import Iterator, Mapping

import checklist_rows_errors  # noqa: F401  # each enters its rows
import checklist_rows_exchange  # noqa: F401
import checklist_rows_framing  # noqa: F401
import checklist_rows_headers  # noqa: F401
import checklist_rows_more  # noqa: F401
import checklist_rows_parameters  # noqa: F401
import checklist_rows_status  # noqa: F401
from checklist_subject import ROWS

Results = Mapping[tuple[str, str, str], str]

LEGEND = (
    "+ as the standard has it; ref: the model has no such command, the reference instrument shows the row; "
    "quirk: this model differs, see its quirks; - not over this way. Raw socket / HiSLIP / in process."
)
_ORDER = "TSPIEBV"
_WAYS = ("raw", "hislip", "in process")


def ordered_rows() -> list[str]:
    return sorted(ROWS, key=lambda identifier: (_ORDER.index(identifier[0]), identifier))


def table(results: Results) -> Iterator[str]:
    models = sorted({model for model, _, _ in results})
    width = max(len(model) for model in models)
    for number, model in enumerate(models):
        yield f"{number:2d} {model:<{width}} {_total(results, model)}"
    yield LEGEND
    yield "row  " + " ".join(f"{number:^9d}" for number in range(len(models))) + "  behaviour (clause)"
    for identifier in ordered_rows():
        cells = " ".join(f"{_cell(results, model, identifier):^9}" for model in models)
        yield f"{identifier}  {cells}  {ROWS[identifier].what} ({ROWS[identifier].clause})"


def _cell(results: Results, model: str, identifier: str) -> str:
    ways = [way for way in _WAYS if way in ROWS[identifier].ways]
    found = [results.get((model, identifier, way), "?") for way in ways]
    if len(set(found)) == 1 and found[0] in ("ref", "quirk", "?"):
        return found[0]
    return "/".join(
        results.get((model, identifier, way), "?") if way in ways else "-"
        for way in _WAYS
        if way in ways or way != "in process"
    )


def _total(results: Results, model: str) -> str:
    found = [outcome for (owner, _, _), outcome in results.items() if owner == model]
    counts = {kind: found.count(kind) for kind in ("+", "ref", "quirk", "FAIL")}
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
