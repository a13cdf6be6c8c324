# SPDX-License-Identifier: Apache-2.0
"""Time of setting a parameter and reading it back with our drivers, on a raw socket and over HiSLIP.

What a user writes: ``voa.ch1.attenuation(3.0); voa.ch1.attenuation()``. The driver also asks for the error
of the setting. For comparison: two round trips of a bare blocking socket to an asyncio.Protocol that
echoes, and the same pair through pyvisa-py as it comes (``write`` and ``query``), which shows the stall of
Nagle's algorithm against delayed acknowledgements wherever the server does not acknowledge at once.
"""

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

import pyvisa
from measure import Row, arguments, below, demand, interleaved, medians, report, run
from pyvisa.resources import MessageBasedResource
from servers import served

from heraldlink_drivers import KeysightN7764A

COUNT = 200


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    with ExitStack() as stack:
        ports = stack.enter_context(served("voa"))
        echo = stack.enter_context(served("protocol"))
        addresses = {
            "raw socket": f"TCPIP::127.0.0.1::{ports['raw']}::SOCKET",
            "HiSLIP": f"TCPIP::127.0.0.1::hislip0,{ports['hislip']}::INSTR",
        }
        subjects = {"two round trips of a bare socket": _bare(echo["raw"])}
        for number, (name, address) in enumerate(addresses.items()):
            driver = KeysightN7764A(f"voa{number}", address, visalib="@py")
            stack.callback(driver.close)
            subjects[f"driver, {name}"] = _driver(driver)
            subjects[f"pyvisa-py alone, {name}"] = _pyvisa(address)
        for measure in subjects.values():
            measure()
        samples = interleaved(subjects, options.rounds)
    rows = [
        below(name, figure, "us", 150) if name == "driver, raw socket" else Row(name, figure, "us")
        for name, figure in medians(samples).items()
    ]
    report(rows, options.json)


def _driver(voa: KeysightN7764A) -> Callable[[], float]:
    attenuation = voa.channels[0].attenuation

    def pair(value: float) -> None:
        attenuation(value)
        demand(attenuation(), value)

    return lambda: _mean_us(pair)


def _pyvisa(address: str) -> Callable[[], float]:
    resource = pyvisa.ResourceManager("@py").open_resource(
        address, read_termination="\n", write_termination="\n"
    )
    assert isinstance(resource, MessageBasedResource)

    def pair(value: float) -> None:
        resource.write(f":INP1:ATT {value:.3f}")
        demand(float(resource.query(":INP1:ATT?")), value)

    return lambda: _mean_us(pair)


def _bare(port: int) -> Callable[[], float]:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def pair(_: float) -> None:
        for _ in range(2):
            connection.sendall(b":INP1:ATT?\n")
            demand(connection.recv(100), b":INP1:ATT?\n")

    return lambda: _mean_us(pair)


def _mean_us(pair: Callable[[float], None]) -> float:
    begun = time.perf_counter()
    for turn in range(COUNT):
        pair(float(turn % 40))
    return (time.perf_counter() - begun) / COUNT * 1e6


if __name__ == "__main__":
    run(main)
