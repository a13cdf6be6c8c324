# SPDX-License-Identifier: Apache-2.0
"""Published experiments beside the model: one row each, with a table, plots and the deviations explained."""
