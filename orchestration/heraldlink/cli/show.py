# SPDX-License-Identifier: Apache-2.0
"""What commands print: one JSON object, or a small table."""

import json
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table


def print_json(result: Mapping[str, object]) -> None:
    """Print one JSON object on stdout; refuses NaN and infinities, which JSON cannot say."""
    sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def table(title: str, rows: Mapping[str, object]) -> None:
    """Print names and values under a title."""
    Console().print(title, style="italic", highlight=False, soft_wrap=True)
    grid = Table(show_header=False, box=None, pad_edge=False)
    for name, value in rows.items():
        grid.add_row(name, str(value))
    Console().print(grid)
