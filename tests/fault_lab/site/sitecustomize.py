# SPDX-License-Identifier: Apache-2.0
"""Loaded at the start of a process whose protection is switched off, and of its children."""

import os
import traceback
from pathlib import Path


def switch_off() -> None:
    """What the environment asks for; first what has to come before any module of the product."""
    if folder := os.environ.get("FAULT_LAB_SWITCHES"):
        import live

        live.install(Path(folder))
    if names := os.environ.get("FAULT_LAB_WITHOUT"):
        from fault_lab import without

        without.apply(names)


if {"FAULT_LAB_SWITCHES", "FAULT_LAB_WITHOUT"} & set(os.environ):
    try:
        switch_off()
    except BaseException:
        traceback.print_exc()
        os._exit(70)  # Python goes on after an error here: the protection would still be there
