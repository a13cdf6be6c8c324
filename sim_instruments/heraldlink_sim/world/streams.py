# SPDX-License-Identifier: Apache-2.0
"""Random streams keyed by what they are for, never by the order in which anything is asked."""

from __future__ import annotations

from zlib import crc32

import numpy as np


def stream(seed: int, slot: int, name: str) -> np.random.Generator:
    """Return the stream of one purpose in one slot; equal arguments give equal draws on every pace."""
    key = np.random.SeedSequence([seed, slot, crc32(name.encode())])
    return np.random.Generator(np.random.Philox(key))
