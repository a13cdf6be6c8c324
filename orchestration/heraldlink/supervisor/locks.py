# SPDX-License-Identifier: Apache-2.0
"""One supervisor a node: a locked file that says which process it is."""

import fcntl
import os
from pathlib import Path

from heraldlink.errors import InUse


def hold(path: Path) -> int:
    """Take the lock, which is freed when this process ends, however that happens. Raises InUse."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 100, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise InUse(
            f"{path} is held by process {holder}: this node is supervised already; end that process first"
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}".encode(), 0)
    return descriptor
