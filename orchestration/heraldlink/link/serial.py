# SPDX-License-Identifier: Apache-2.0
"""Numbers that wrap around, compared as in RFC 1982: by the shorter way round, never by ``<``."""

BITS = 32
"""Width of a channel's message numbers."""


def advanced(number: int, steps: int = 1, bits: int = BITS) -> int:
    """``number`` after some steps."""
    return (number + steps) % (1 << bits)


def ahead(number: int, other: int, bits: int = BITS) -> int:
    """How far ``number`` is ahead of ``other``: -2**(bits-1) .. 2**(bits-1) - 1, negative if behind."""
    half = 1 << (bits - 1)
    return (number - other + half) % (1 << bits) - half
