# SPDX-License-Identifier: Apache-2.0
"""Coroutines that run at once as far as they can, and are awaited only if they have to wait."""

from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


def run_or_wait(coroutine: Coroutine[Any, Any, T]) -> T | Awaitable[T]:
    """Result of a coroutine that waits for nothing; else the coroutine, begun, to be awaited."""
    try:
        waits_for: object = coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    return _Begun(coroutine, waits_for)


class _Begun(Awaitable[T]):
    """A coroutine that has begun; awaiting it hands on what it waits for, and then goes on with it."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], waits_for: object) -> None:
        self._coroutine, self._waits_for = coroutine, waits_for

    def __await__(self) -> Generator[Any, Any, T]:
        waits_for = self._waits_for
        try:
            while True:
                try:
                    received: object = yield waits_for
                except GeneratorExit:
                    raise
                except BaseException as error:  # cancellation belongs to what is being executed
                    waits_for = self._coroutine.throw(error)
                else:
                    waits_for = self._coroutine.send(received)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            self._coroutine.close()
