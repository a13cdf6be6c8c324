# SPDX-License-Identifier: Apache-2.0
"""Loaded at the start of a process whose protection is switched off, and of its children."""

import os
import traceback

if name := os.environ.get("FAULT_LAB_WITHOUT"):
    from fault_lab import without

    try:
        without.apply(name)
    except BaseException:
        traceback.print_exc()
        os._exit(70)  # Python goes on after an error here: the protection would still be there
