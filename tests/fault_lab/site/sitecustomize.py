# SPDX-License-Identifier: Apache-2.0
"""Loaded at the start of a process whose protection is switched off, and of its children."""

import os

if name := os.environ.get("FAULT_LAB_WITHOUT"):
    from fault_lab import without

    without.apply(name)
