# SPDX-License-Identifier: Apache-2.0
"""Which basis a slot is measured in, drawn from the request's seed."""

import random
from collections.abc import Sequence

from heraldlink.messages.values import Basis


def basis_of(seed: int, turn: int, bases: Sequence[Basis]) -> Basis:
    """Basis of the ``turn``-th measuring slot (from 0) of a request.

    Slots come in rounds of ``len(bases)``; each round is a fresh random order, so that every basis is
    measured equally often and none is known before its round.
    """
    turns, place = divmod(turn, len(bases))
    order = list(bases)
    random.Random(f"{seed}/{turns}").shuffle(order)
    return order[place]
