# SPDX-License-Identifier: Apache-2.0
"""A million broken messages: no crash, always in step, bounded memory.

Messages are made from each instrument's own headers, parameters of all kinds and bytes that are none, then
mutated; seeded, so that a run can be repeated. Half of them come as a message, half as a byte stream in
pieces. After each, ``*IDN?`` must be answered by itself and by nothing else. Exit code 1 with the input that
was not survived.

    python benchmarks/fuzz_scpi.py --inputs 1000000 --seed 7
"""

import asyncio
import random
import resource
import time
from collections.abc import Awaitable, Iterator
from itertools import cycle
from pathlib import Path

from fuzz_messages import Maker
from measure import Row, WrongAnswer, arguments, below, report, run

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.model import Place, find_model, model_names
from heraldlink_sim.scpi import ScpiDevice, Session
from heraldlink_sim.transport import Dropped

MODELS = [name for name in model_names() if find_model(name).scpi]
TURN = 1000
"""Inputs to one instrument before it is the next one's turn; its state, caches and queues stay."""
_PAGE = resource.getpagesize()


class Patient:
    """One instrument, with one connection to it and a maker of messages for it."""

    def __init__(self, name: str, seed: int, loop: asyncio.AbstractEventLoop) -> None:
        model = find_model(name)
        face = model.make(Place("SIM-1", SteppedClock()), model.config(model=name))
        assert isinstance(face, ScpiDevice)
        self.name, self.device, self._loop = name, face, loop
        self._random = random.Random(f"{seed} {name}")
        self._maker = Maker(type(face), self._random)
        self._session = Session()
        self._identity = self._answer(b"*IDN?")
        self.longest = 0

    def survive(self) -> None:
        """Take one input; raises WrongAnswer with it."""
        message = self._maker.message()
        self.longest = max(self.longest, len(message))
        try:
            if self._random.random() < 0.5:
                self._answer(message)
            else:
                self._stream(message)
            answer = self._answer(b"*IDN?")
        except Dropped:  # it was told to restart
            self.device.power_cycle()
            self._session, answer = Session(), self._answer(b"*IDN?")
        except Exception as error:
            raise WrongAnswer(f"{self.name}: {message!r} ended in {error!r}") from error
        if answer != self._identity:
            raise WrongAnswer(f"{self.name}: after {message!r} *IDN? was answered {answer[:80]!r}")

    def _answer(self, message: bytes) -> bytes:
        answer: bytes | Awaitable[bytes] = self.device.respond(message)
        return answer if isinstance(answer, bytes) else self._loop.run_until_complete(_wait(answer))

    def _stream(self, message: bytes) -> None:
        """Send it in pieces; a client whose line feed went into a block connects anew, others are in step."""
        cut = self._random.randrange(len(message) + 1)
        received = [*self._session.feed(message[:cut]), *self._session.feed(message[cut:] + b"\n")]
        for complete in received:
            if complete is not None:
                self._answer(complete)
        if self._session.pending and b"#" in message:  # the line feed was taken for a block's byte
            self._session = Session()
        elif (following := list(self._session.feed(b"*IDN?\n"))) != [b"*IDN?"]:
            raise AssertionError(f"*IDN? arrived as {following!r}")


async def _wait(answer: Awaitable[bytes]) -> bytes:
    return await asyncio.wait_for(answer, 60)


def _resident_MB() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6


def _turns(patients: list[Patient], inputs: int) -> Iterator[tuple[Patient, int]]:
    for patient in cycle(patients):
        count = min(TURN, inputs)
        if not count:
            return
        inputs -= count
        yield patient, count


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--models", nargs="+", default=MODELS, metavar="MODEL")
    options = parser.parse_args()
    loop = asyncio.new_event_loop()
    patients = [Patient(name, options.seed, loop) for name in options.models]
    done, warm_MB, begun = 0, 0.0, time.perf_counter()
    for patient, count in _turns(patients, options.inputs):
        for _ in range(count):
            patient.survive()
        done += count
        if not warm_MB and done >= options.inputs // 10:
            warm_MB = _resident_MB()
    duration_s = time.perf_counter() - begun
    loop.close()
    rows = [
        Row("inputs survived, each with an *IDN? behind it", done, ""),
        Row("longest input", max(patient.longest for patient in patients), "bytes"),
        Row("time for each, with its *IDN?", duration_s / done * 1e6, "us"),
        Row("memory after a tenth of them", warm_MB, "MB"),
        below("growth from there to the end", _resident_MB() - warm_MB, "MB", 50),
    ]
    report(rows, options.json)


if __name__ == "__main__":
    run(main)
