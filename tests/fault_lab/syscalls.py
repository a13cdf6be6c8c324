# SPDX-License-Identifier: Apache-2.0
"""System calls of one process that the kernel answers with an error: a seccomp filter, without a compiler.

The filter cannot be taken off again; it is for processes that a test owns (Linux on x86-64 and aarch64).
"""

import ctypes
import errno
import os
import platform
import struct

SYNCS = {"x86_64": (74, 75), "aarch64": (82, 83)}
"""Numbers of fsync and fdatasync."""
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def fail_syncs(error: int = errno.EIO) -> None:
    """From now on every sync of the calling thread fails with ``error``, and nothing reaches the disk."""
    first, second = SYNCS[platform.machine()]
    instruction = struct.Struct("HBBI")
    code = b"".join(
        instruction.pack(*parts)
        for parts in (
            (_LOAD, 0, 0, 0),  # the number of the system call
            (_EQUAL, 1, 0, first),
            (_EQUAL, 0, 1, second),
            (_RETURN, 0, 0, _ERRNO | error),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
    held = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // instruction.size, ctypes.addressof(held))
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if library.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
