# SPDX-License-Identifier: Apache-2.0
"""The parent of a node's processes: starts them, watches them, and makes the rack safe without them."""
