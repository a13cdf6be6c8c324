# SPDX-License-Identifier: Apache-2.0
"""Faults: what goes wrong for a while between an instrument and its clients, or in the instrument.

A fault is injected and healed (a bench file, ``heraldlink sim fault``, a test); a permanent departure of a
model is a quirk. See docs/reference/faults.md for what each kind does on the wire.
"""

from heraldlink_sim.faults.faults import Faults
from heraldlink_sim.faults.kinds import KINDS, FaultConfig
from heraldlink_sim.faults.line import Line, line_of

__all__ = ["KINDS", "FaultConfig", "Faults", "Line", "line_of"]
