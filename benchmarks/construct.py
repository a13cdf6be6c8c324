# SPDX-License-Identifier: Apache-2.0
"""Time to construct eight instruments: three on raw sockets, three over HiSLIP, and two of other protocols.

Each round connects all eight to a bench that runs in a process of its own, one after the other as a Station
does, asks for their identities, and closes them again. Imports are not counted. For comparison: QCoDeS'
SGS100A as it comes, which spends 0.1 s on a device clear.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from io import StringIO

from measure import Row, arguments, below, demand, interleaved, medians, report, run
from qcodes.instrument import Instrument
from qcodes.instrument_drivers.rohde_schwarz import RohdeSchwarzSGS100A
from servers import Ports, served

from heraldlink_drivers import (
    HeraldTektronixAWG70002A,
    IDQuantiqueID900,
    KeysightN7764A,
    SantecTSL570,
    SingleQuantumEOS,
    StanfordDG645,
)

SERVED = ("santec", "dg645", "voa", "awg", "sgs100a", "tagger", "eos")


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    with ExitStack() as stack:
        ports = {name: stack.enter_context(served(name)) for name in SERVED}
        makers = _makers(ports)
        subjects = {name: _construct({name: maker}) for name, maker in makers.items()}
        subjects["all eight"] = _construct(makers)
        subjects["QCoDeS SGS100A with its device clear"] = _construct(
            {"sgs": lambda name: RohdeSchwarzSGS100A(name, _hislip(ports["sgs100a"]), visalib="@py")}
        )
        subjects["all eight"]()
        samples = interleaved(subjects, options.rounds)
    rows = [
        below(name, figure, "ms", 300) if name == "all eight" else Row(name, figure, "ms")
        for name, figure in medians(samples).items()
    ]
    report(rows, options.json)


def _makers(ports: dict[str, Ports]) -> dict[str, Callable[[str], Instrument]]:
    return {
        "Santec TSL-570, raw": lambda name: SantecTSL570(name, _raw(ports["santec"]), visalib="@py"),
        "SRS DG645, raw": lambda name: StanfordDG645(name, _raw(ports["dg645"]), visalib="@py"),
        "Keysight N7764A, raw": lambda name: KeysightN7764A(name, _raw(ports["voa"]), visalib="@py"),
        "Keysight N7764A, HiSLIP": lambda name: KeysightN7764A(name, _hislip(ports["voa"]), visalib="@py"),
        "Tektronix AWG70002A, HiSLIP": lambda name: HeraldTektronixAWG70002A(
            name, _hislip(ports["awg"]), visalib="@py"
        ),
        "R&S SGS100A, HiSLIP": lambda name: RohdeSchwarzSGS100A(
            name, _hislip(ports["sgs100a"]), visalib="@py", device_clear=False
        ),
        "ID Quantique ID900, ZeroMQ": lambda name: IDQuantiqueID900(
            name, _tcp(ports["tagger"]["raw"]), datalink=_tcp(ports["tagger"]["second"]), stream_port=0
        ),
        "Single Quantum EOS, JSON": lambda name: SingleQuantumEOS(
            name, _tcp(ports["eos"]["raw"]), counts=_tcp(ports["eos"]["second"])
        ),
    }


def _construct(makers: dict[str, Callable[[str], Instrument]]) -> Callable[[], float]:
    def measure() -> float:
        made: list[Instrument] = []
        begun = time.perf_counter()
        with redirect_stdout(StringIO()):
            for number, maker in enumerate(makers.values()):
                made.append(maker(f"instrument{number}"))
        spent = time.perf_counter() - begun
        for instrument in made:
            demand("SIM-" in str(instrument.IDN()["serial"]), True)
            instrument.close()
        return spent * 1e3

    return measure


def _raw(ports: Ports) -> str:
    return f"TCPIP::127.0.0.1::{ports['raw']}::SOCKET"


def _hislip(ports: Ports) -> str:
    return f"TCPIP::127.0.0.1::hislip0,{ports['hislip']}::INSTR"


def _tcp(port: int) -> str:
    return f"tcp://127.0.0.1:{port}"


if __name__ == "__main__":
    run(main)
