# SPDX-License-Identifier: Apache-2.0
"""What one published experiment looks like beside the model, before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Style = Literal["solid", "dashed", "dotted"]


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are printed; the first row heads the columns."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f"table {self.title!r}: {len(row)} cells under {len(self.header)} headings")


@dataclass(frozen=True, slots=True)
class Curve:
    """What the model gives, as a line."""

    label: str
    x: Numbers
    y: Numbers
    style: Style = "solid"

    def __post_init__(self) -> None:
        if self.x.shape != self.y.shape or self.x.ndim != 1:
            raise ValueError(f"curve {self.label!r}: x {self.x.shape} and y {self.y.shape} do not match")


@dataclass(frozen=True, slots=True)
class Points:
    """What was published, with one standard error where one was stated."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    sigma: tuple[float, ...] = ()
    """Of y, as many as y, or none."""


@dataclass(frozen=True, slots=True)
class Level:
    """A published value (or a bound) that belongs to no single x: a horizontal line, with its error."""

    label: str
    y: float
    sigma: float = 0.0


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes."""

    title: str
    x_label: str
    y_label: str
    """Both with units."""
    curves: tuple[Curve, ...]
    points: tuple[Points, ...] = ()
    levels: tuple[Level, ...] = ()
    x_log: bool = False
    y_log: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One experiment."""

    name: str
    """As in file names: humphreys_2018."""
    title: str
    source: str
    statement: tuple[str, ...]
    """The model in words, one paragraph each, formulas and what was assumed included."""
    tables: tuple[Table, ...]
    panels: tuple[Panel, ...]
    deviations: tuple[str, ...]
    """Why model and publication differ, one paragraph each, with numbers that the model gave."""


def curve(
    label: str, x: Sequence[float] | Numbers, y: Sequence[float] | Numbers, style: Style = "solid"
) -> Curve:
    """A `Curve` from any sequences of equal length."""
    return Curve(label, np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), style)
