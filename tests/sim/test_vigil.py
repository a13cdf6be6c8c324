# SPDX-License-Identifier: Apache-2.0
"""A vigil keeps the event loop from sleeping for a moment after each message, and then lets it sleep."""

import asyncio

from heraldlink_sim.transport.vigil import Vigil


class _Looks:
    """Counts how often the loop is asked to go round once more."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.count = 0
        self._call_soon = loop.call_soon
        loop.call_soon = self._counted  # type: ignore[method-assign, assignment]

    def _counted(self, *arguments: object, **options: object) -> asyncio.Handle:
        self.count += 1
        return self._call_soon(*arguments, **options)  # type: ignore[arg-type]


async def _looks_after(begins: int) -> int:
    vigil, looks = Vigil(), _Looks(asyncio.get_running_loop())
    for _ in range(begins):
        vigil.begin()
    began = looks.count
    await asyncio.sleep(0.05)
    seen = looks.count
    await asyncio.sleep(0.05)
    assert looks.count - seen < 5, "the loop never sleeps"
    assert seen > began, "it does not look at all"
    return began


def test_a_vigil_looks_for_a_while_and_ends() -> None:
    assert asyncio.run(_looks_after(1)) == 1


def test_messages_that_come_together_share_one_vigil() -> None:
    assert asyncio.run(_looks_after(10)) == 1


def test_a_vigil_can_begin_anew() -> None:
    async def twice() -> None:
        await _looks_after(1)
        await _looks_after(1)

    asyncio.run(twice())
