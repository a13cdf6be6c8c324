# SPDX-License-Identifier: Apache-2.0
"""A row as a Markdown page."""

from __future__ import annotations

from collections.abc import Iterable

from heraldlink.published.row import Row, Table

MADE_BY = "<!-- Made by `heraldlink published`: change the model or configs/published, not this page. -->"


def page(row: Row) -> str:
    """The page of one row; its plot lies beside it as ``<name>.svg``."""
    parts = [MADE_BY, f"# {row.title}", f"Source: {row.source}.", f"![{row.title}]({row.name}.svg)"]
    parts += ["## Model", *row.statement]
    parts += ["## Published and computed", *(_table(table) for table in row.tables)]
    parts += ["## Deviations", *(f"- {text}" for text in row.deviations)]
    return "\n\n".join(parts) + "\n"


def index(rows: Iterable[Row]) -> str:
    """The page that lists all rows."""
    parts = [
        MADE_BY,
        "# Published experiments beside the model",
        "Each row states its model, sets what was published beside what the model gives, and explains the "
        "difference with numbers. All pages and plots come from one command, byte for byte:",
        "```sh\nheraldlink published --output docs/published\n```",
        "Evidence: V, read in the named source; C, computed for this project; M, general knowledge, for "
        "orientation only; assumed, stated by no source.",
    ]
    listed = tuple((f"[{row.title}]({row.name}.md)", row.source) for row in rows)
    return "\n\n".join([*parts, _table(Table("", ("row", "source"), listed))]) + "\n"


def _table(table: Table) -> str:
    lines = [_cells(table.header), _cells(tuple("---" for _ in table.header))]
    lines += [_cells(row) for row in table.rows]
    grid = "\n".join(lines)
    return f"**{table.title}**\n\n{grid}" if table.title else grid


def _cells(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
