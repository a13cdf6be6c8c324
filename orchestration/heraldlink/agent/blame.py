# SPDX-License-Identifier: Apache-2.0
"""Whose fault an exception in the worker is: the instrument that was spoken to, in one sentence."""

from collections.abc import Generator
from contextlib import contextmanager

from heraldlink.errors import ConfigurationError, HeraldlinkError


class InstrumentFault(HeraldlinkError):
    """An instrument failed; ``device`` is its Station name."""

    def __init__(self, device: str, reason: str) -> None:
        super().__init__(reason)
        self.device = device


@contextmanager
def blaming(device: str) -> Generator[None]:
    """Whatever is raised inside is the instrument's fault, but for what a file asks beyond its limits."""
    try:
        yield
    except (InstrumentFault, ConfigurationError):
        raise
    except Exception as error:
        raise InstrumentFault(device, sentence(device, error)) from error


def sentence(device: str, error: Exception) -> str:
    """One line for an exception, beginning with the instrument's name."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if device in text else f"{device}: {text}"
