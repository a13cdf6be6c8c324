# SPDX-License-Identifier: Apache-2.0
"""Tags that are still coming, from an instrument or a growing file, and heralds told at once."""
