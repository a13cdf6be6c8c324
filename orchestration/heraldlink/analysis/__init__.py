# SPDX-License-Identifier: Apache-2.0
"""What recorded tags say of photons and pairs: correlations, dips, fidelities; pure functions with errors."""
