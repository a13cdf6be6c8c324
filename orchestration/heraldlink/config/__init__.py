# SPDX-License-Identifier: Apache-2.0
"""Configuration files of nodes, sequences and networks: strict, all mistakes reported at once."""

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
