# SPDX-License-Identifier: Apache-2.0
"""Joint verdict over many exact p-values."""

from collections.abc import Mapping

LEVEL = 1e-3


def holm(p_by_name: Mapping[str, float], level: float = LEVEL) -> dict[str, float]:
    """Names rejected at ``level`` with Holm's correction, with their p-values."""
    rejected: dict[str, float] = {}
    for rank, (name, p) in enumerate(sorted(p_by_name.items(), key=lambda item: item[1])):
        if p > level / (len(p_by_name) - rank):
            break
        rejected[name] = p
    return rejected
