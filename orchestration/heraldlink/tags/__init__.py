# SPDX-License-Identifier: Apache-2.0
"""Time tags: stored recordings, what they hold, and how clicks pair up."""

from heraldlink.tags.ptu import read_ptu
from heraldlink.tags.recording import Recording
from heraldlink.tags.summary import g2, info

__all__ = ["Recording", "g2", "info", "read_ptu"]
