# SPDX-License-Identifier: Apache-2.0
"""What a check has found, and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from heraldlink.config import EndNodeConfig, MidpointConfig

Level = Literal["ok", "warning", "error"]
NodeFile = EndNodeConfig | MidpointConfig


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: where (file, address, instrument), what, and the ``remedy`` unless all is well."""

    place: str
    level: Level
    what: str
    remedy: str = ""


Check = Callable[[NodeFile], Iterator[Finding]]


def good(place: str, what: str) -> Finding:
    """Nothing to do."""
    return Finding(place, "ok", what)


def doubt(place: str, what: str, remedy: str) -> Finding:
    """The node works, for now."""
    return Finding(place, "warning", what, remedy)


def fault(place: str, what: str, remedy: str) -> Finding:
    """The node will not start, or not do what it is asked."""
    return Finding(place, "error", what, remedy)
