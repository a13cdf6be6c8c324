# SPDX-License-Identifier: Apache-2.0
"""What a checker of a history says when an invariant does not hold."""


class HistoryBroken(AssertionError):
    """An invariant does not hold; its text begins with the invariant."""


def demand(holds: bool, sentence: str) -> None:
    """Raise HistoryBroken unless it holds."""
    if not holds:
        raise HistoryBroken(sentence)
