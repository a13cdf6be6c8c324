# SPDX-License-Identifier: Apache-2.0
"""Pages and plots of the rows, written into a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from heraldlink.errors import ConfigurationError
from heraldlink.published import markdown, plots
from heraldlink.published.catalogue import ROWS, row_of


def write(folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """Write page and plot of each named row (all, and the index, if none is named); returns the files.

    Raises ConfigurationError if the folder cannot be written.
    """
    wanted = [row_of(name) for name in names or ROWS]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written: list[Path] = []
        for row in wanted:
            page, plot = folder / f"{row.name}.md", folder / f"{row.name}.svg"
            page.write_text(markdown.page(row), encoding="utf-8")
            plots.save(row, plot)
            written += [page, plot]
        if not names:
            (folder / "README.md").write_text(markdown.index(wanted), encoding="utf-8")
            written.append(folder / "README.md")
    except OSError as error:
        raise ConfigurationError(f"--output: {folder} cannot be written ({error.strerror})") from error
    return written
