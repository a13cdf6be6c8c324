# SPDX-License-Identifier: Apache-2.0
"""Configuration files of nodes, sequences and networks: strict, all mistakes reported at once.

Each name is imported when it is first used: who only looks for a file needs none of the models.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heraldlink.config.experiment import load_experiment
    from heraldlink.config.find import config_roots, find_config
    from heraldlink.config.load import load_network, load_node, load_sequence
    from heraldlink.config.network import NetworkConfig
    from heraldlink.config.node import EndNodeConfig, MidpointConfig, NodeConfig
    from heraldlink.config.operating_point import EndOperatingPoint, MidpointOperatingPoint
    from heraldlink.config.sequence import SequenceConfig

__all__ = [
    "EndNodeConfig",
    "EndOperatingPoint",
    "MidpointConfig",
    "MidpointOperatingPoint",
    "NetworkConfig",
    "NodeConfig",
    "SequenceConfig",
    "config_roots",
    "find_config",
    "load_experiment",
    "load_network",
    "load_node",
    "load_sequence",
]

_MODULES = {
    "EndNodeConfig": "node",
    "EndOperatingPoint": "operating_point",
    "MidpointConfig": "node",
    "MidpointOperatingPoint": "operating_point",
    "NetworkConfig": "network",
    "NodeConfig": "node",
    "SequenceConfig": "sequence",
    "config_roots": "find",
    "find_config": "find",
    "load_experiment": "experiment",
    "load_network": "load",
    "load_node": "load",
    "load_sequence": "load",
}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
