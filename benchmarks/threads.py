# SPDX-License-Identifier: Apache-2.0
"""100 threads read 1,000 times each through one VISA session: how many replies go to the wrong thread.

Every thread reads one of the four channels, which are set to different values; half of them read through
QCoDeS parameters, half with ``ask``, and each thread sets its channel now and then to the value it has. Our
driver on a raw socket and over HiSLIP; for comparison fewer reads through a bare pyvisa-py resource, which
has no lock (it may time out as well: then the reads stop).
"""

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from threading import Barrier, Thread

import pyvisa
from measure import Row, arguments, demand, report, run
from pyvisa.errors import Error as VisaError
from pyvisa.resources import MessageBasedResource
from servers import served

from heraldlink_drivers import KeysightN7764A

VALUES = {1: 3.0, 2: 11.0, 3: 22.5, 4: 40.0}


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--threads", type=int, default=100)
    parser.add_argument("--reads", type=int, default=1000, help="of each thread")
    options = parser.parse_args()
    rows: list[Row] = []
    with ExitStack() as stack:
        ports = stack.enter_context(served("voa"))
        raw = f"TCPIP::127.0.0.1::{ports['raw']}::SOCKET"
        hislip = f"TCPIP::127.0.0.1::hislip0,{ports['hislip']}::INSTR"
        for name, address in {"raw socket": raw, "HiSLIP": hislip}.items():
            voa = KeysightN7764A(f"voa{len(rows)}", address, visalib="@py")
            stack.callback(voa.close)
            for channel, value in VALUES.items():
                voa.set_attenuation_dB(channel, value)
            wrong, rate = _swapped(_reader(voa), options.threads, options.reads)
            demand(f"{wrong} swapped replies", "0 swapped replies")
            rows.append(Row(f"driver, {name}: swapped replies", wrong, "", "0", wrong == 0))
            rows.append(Row(f"driver, {name}: reads per second", rate, "1/s"))
        wrong, _ = _swapped(_bare(raw), 4, 500)
        rows.append(Row("pyvisa-py without a lock, 4 threads x 500: wrong or missing", wrong, ""))
    report(rows, options.json)


def _reader(voa: KeysightN7764A) -> Callable[[int, int], float]:
    def read(channel: int, turn: int) -> float:
        if turn % 100 == 50:
            voa.set_attenuation_dB(channel, VALUES[channel])
        if turn % 2:
            return voa.channels[channel - 1].attenuation()
        return float(voa.ask(f":INP{channel}:ATT?"))

    return read


def _bare(address: str) -> Callable[[int, int], float]:
    resource = pyvisa.ResourceManager("@py").open_resource(
        address, read_termination="\n", write_termination="\n", timeout=500
    )
    assert isinstance(resource, MessageBasedResource)

    def read(channel: int, _: int) -> float:
        with suppress(VisaError, ValueError):
            return float(resource.query(f":INP{channel}:ATT?"))
        return float("nan")

    return read


def _swapped(read: Callable[[int, int], float], threads: int, reads: int) -> tuple[int, float]:
    """How many reads of all threads gave another value than they should, and reads per second."""
    wrong: list[float] = []
    start = Barrier(threads + 1)

    def work(channel: int) -> None:
        start.wait()
        for turn in range(reads):
            if (value := read(channel, turn)) != VALUES[channel]:
                wrong.append(value)

    workers = [Thread(target=work, args=(number % 4 + 1,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    start.wait()
    begun = time.perf_counter()
    for worker in workers:
        worker.join()
    return len(wrong), threads * reads / (time.perf_counter() - begun)


if __name__ == "__main__":
    run(main)
