# SPDX-License-Identifier: Apache-2.0
"""Ending together with the process that started this one, however that one ends."""

import os
import signal
import sys
import threading


def exit_with_parent() -> None:
    """Ask this process to end, as by SIGTERM, when its standard input closes.

    The parent keeps the other end of the pipe; the operating system closes it when the parent dies, also by
    ``kill -9``.
    """
    threading.Thread(target=_wait_for_end, name="parent-watch", daemon=True).start()


def _wait_for_end() -> None:
    while os.read(sys.stdin.fileno(), 4096):  # not sys.stdin.read: its lock would still be held at exit
        pass
    os.kill(os.getpid(), signal.SIGTERM)
