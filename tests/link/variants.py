# SPDX-License-Identifier: Apache-2.0
"""What a broken variant of the link layer is: one protection taken out, and what has to notice it."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

import pytest

Break = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Variant:
    """What is broken, where, which property finds it, and by which invariant, from which seed on."""

    name: str
    what: str
    found_by: Literal["storm", "slips", "channel", "restart", "wrap", "ahead"]
    caught: str
    break_: Break
    first: int = 0


def everywhere(patch: pytest.MonkeyPatch, name: str, value: object, *modules: ModuleType) -> None:
    """Replace a function in each module that imported it."""
    for module in modules:
        patch.setattr(module, name, value)
