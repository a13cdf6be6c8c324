# SPDX-License-Identifier: Apache-2.0
"""An event loop in a thread of its own, for synchronous clients: tests, notebooks, examples.

::

    with EventLoopThread() as loop:
        server = loop.run(serve_raw(device))
        ...                                  # any VISA client at server.address
        loop.run(server.close())
"""

import asyncio
from collections.abc import Coroutine
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


class EventLoopThread:
    """Runs coroutines in a background thread; leaving the context stops it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="simulated instruments", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(_cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, T], timeout_s: float = 30.0) -> T:
        """Result of a coroutine run in the loop; raises what it raises, TimeoutError after ``timeout_s``."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout_s)


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {task for task in [asyncio.current_task()] if task}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
