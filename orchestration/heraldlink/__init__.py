# SPDX-License-Identifier: Apache-2.0
"""heraldlink: heralded entanglement between quantum-network nodes."""

__version__ = "0.1.0"
