# SPDX-License-Identifier: Apache-2.0
"""heraldlink: heralded entanglement between quantum-network nodes.

``heraldlink.connect`` opens a network; it is loaded when first used, so that importing the package is cheap.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heraldlink.client import Network, connect

__version__ = "0.1.0"
__all__ = ["Network", "__version__", "connect"]


def __getattr__(name: str) -> object:
    if name in ("connect", "Network"):
        from heraldlink import client

        return getattr(client, name)
    raise AttributeError(f"module 'heraldlink' has no attribute {name!r}")
