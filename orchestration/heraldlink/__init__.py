# SPDX-License-Identifier: Apache-2.0
"""heraldlink: heralded entanglement between quantum-network nodes.

``heraldlink.connect`` is the way in for scripts; it is imported when first used, so that node processes and
the command line start quickly.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heraldlink.client import connect

__all__ = ["__version__", "connect"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name == "connect":
        from heraldlink.client import connect

        return connect
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
