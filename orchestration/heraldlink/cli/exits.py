# SPDX-License-Identifier: Apache-2.0
"""Exit codes, and the one sentence with which every failure ends."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from enum import IntEnum

import typer

from heraldlink.errors import (
    ConfigurationError,
    DataError,
    HeraldlinkError,
    InstrumentLost,
    InUse,
    NodeLost,
    RequestError,
)


class ExitCode(IntEnum):
    """What the exit code of every command means."""

    DONE = 0
    RUN_FAILED = 1
    BAD_INPUT = 2
    LOST = 3
    IN_USE = 4
    INTERRUPTED = 130


BAD_INPUT = (ConfigurationError, RequestError, DataError)
LOST = (NodeLost, InstrumentLost)


def exit_code(error: Exception) -> ExitCode:
    """The exit code for an error; a ValueError of our packages is bad input."""
    if isinstance(error, LOST):
        return ExitCode.LOST
    if isinstance(error, InUse):
        return ExitCode.IN_USE
    if isinstance(error, BAD_INPUT) or (isinstance(error, ValueError) and is_ours(error)):
        return ExitCode.BAD_INPUT
    return ExitCode.RUN_FAILED


def is_ours(error: BaseException) -> bool:
    """Whether one of the project's packages raised this on purpose, so that its text is meant for people."""
    return isinstance(error, HeraldlinkError) or any(
        base.__module__.startswith("heraldlink") for base in type(error).__mro__
    )


def complain(error: BaseException) -> None:
    """Print an error on stderr: one sentence for each mistake, prefixed for scripts that grep."""
    sentences = error.sentences if isinstance(error, ConfigurationError) else (" ".join(str(error).split()),)
    for sentence in sentences:
        sys.stderr.write(f"heraldlink: {sentence}\n")


@contextmanager
def told_at_once() -> Generator[None]:
    """Say what went wrong before cleaning up, which takes a moment; keep the exit code."""
    try:
        yield
    except HeraldlinkError as error:
        complain(error)
        raise typer.Exit(exit_code(error)) from error
