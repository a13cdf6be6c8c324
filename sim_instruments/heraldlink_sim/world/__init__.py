# SPDX-License-Identifier: Apache-2.0
"""The physics of the simulated laboratory: settings of the rack and a seed in, tags out."""
