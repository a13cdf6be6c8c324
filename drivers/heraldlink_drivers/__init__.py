# SPDX-License-Identifier: Apache-2.0
"""QCoDeS drivers and the roles they play in a quantum-network node."""
