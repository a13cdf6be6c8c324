# SPDX-License-Identifier: Apache-2.0
"""Servers in processes of their own: ``with served("awg") as ports`` or ``python benchmarks/servers.py awg``.

Each prints its ports as JSON and runs until its standard input ends. Those of ``echo.py`` are served too.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import echo

from heraldlink_sim.faces.eos_server import serve_eos
from heraldlink_sim.faces.id900_server import serve_id900
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900
from heraldlink_sim.faces.keysight_n7764a import KeysightN7764A
from heraldlink_sim.faces.rohde_schwarz_sgs100a import RohdeSchwarzSGS100A
from heraldlink_sim.faces.santec_tsl570 import SantecTSL570
from heraldlink_sim.faces.single_quantum_eos import SingleQuantumEOS
from heraldlink_sim.faces.srs_dg645 import StanfordDG645
from heraldlink_sim.faces.tektronix_awg70002a import TektronixAWG70002A
from heraldlink_sim.scpi import Number, ScpiDevice, Setting
from heraldlink_sim.transport import Device, serve_hislip, serve_raw

Ports = dict[str, int]

ECHOES = ("streams", "streams-warm", "protocol")
_TERMINATORS = {"santec": b"\r", "dg645": b"\r\n"}


class Reference(ScpiDevice):
    """As small as an instrument can be."""

    identity = "ACME,REFERENCE,SIM-1,1.0"
    level = Setting("SOURce:LEVel", Number(0, 10, default=1.5))


def tree(nodes: int) -> ScpiDevice:
    """An instrument with so many settings, four to a branch."""
    settings = {
        f"setting_{i}": Setting(
            f"SUBSystem{_letters(i // 4)}:NODE{_letters(i % 4)}", Number(default=float(i))
        )
        for i in range(nodes)
    }
    return type("Tree", (ScpiDevice,), {"identity": f"ACME,TREE{nodes},SIM-1,1.0", **settings})()


def _letters(number: int) -> str:
    letters = ""
    while True:
        number, rest = divmod(number, 26)
        letters += chr(ord("A") + rest)
        if not number:
            return letters


def last_of_tree(nodes: int) -> bytes:
    """Header of the last setting of :func:`tree`."""
    return f"SUBS{_letters((nodes - 1) // 4)}:NODE{_letters((nodes - 1) % 4)}".encode()


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


def _device(name: str) -> Device:
    if name.startswith("tree"):
        return tree(int(name.removeprefix("tree")))
    kinds: dict[str, Callable[[], Device]] = {
        "awg": TektronixAWG70002A,
        "santec": SantecTSL570,
        "voa": KeysightN7764A,
        "dg645": StanfordDG645,
        "sgs100a": RohdeSchwarzSGS100A,
        "reference": Reference,
    }
    return kinds[name]()


@asynccontextmanager
async def _serve(name: str) -> AsyncIterator[Ports]:
    if name == "tagger":
        tagger = await serve_id900(IDQuantiqueID900("SIM-1"))
        yield {"raw": tagger.port, "second": tagger.datalink_port}
    elif name == "eos":
        box = await serve_eos(SingleQuantumEOS("SIM-1"))
        yield {"raw": _port(box.address), "second": _port(box.counts_address)}
    else:
        device = _device(name)
        end = _TERMINATORS.get(name, b"\n")
        raw, hislip = await serve_raw(device, terminator=end), await serve_hislip(device)
        yield {"raw": raw.port, "hislip": hislip.port}


async def _main(names: list[str]) -> None:
    for name in names:
        async with _serve(name) as ports:
            print(json.dumps(ports), flush=True)
            await asyncio.to_thread(sys.stdin.read)


@contextmanager
def served(name: str) -> Iterator[Ports]:
    """Run a server in a process of its own; its ports."""
    script = echo.__file__ if name in ECHOES else __file__
    command = [sys.executable, script, name]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:2]))
