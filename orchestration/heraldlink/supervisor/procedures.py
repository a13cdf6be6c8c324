# SPDX-License-Identifier: Apache-2.0
"""How each driver's model is made safe over a raw connection, and how one knows that it is.

Table of data: what to send, and what must read back. The commands are those of the drivers'
``safe_state()`` (tests compare the two). Detector bias is held: a step of the bias can latch a nanowire, and
a detector in the dark harms nobody. Cryostats and meters are left alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from heraldlink.supervisor.wires import Kind

Stage = Literal["light", "rest"]
"""What can let light out comes first, all at the same time; the rest follows."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command, and the query whose answer must be one of ``wanted`` (numbers compare as numbers)."""

    send: str
    ask: str
    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Procedure:
    """What one model needs; without steps it is held as it is. ``end`` terminates lines on a raw socket."""

    stage: Stage
    steps: tuple[Step, ...]
    kind: Kind = "scpi"
    end: str = "\n"
    default_port: int = 0


def off(command: str, state: str = "0") -> Step:
    """Set and read back the same header."""
    return Step(f"{command} {state}", f"{command}?", (state,))


def outputs(pattern: str, count: int, state: str = "0") -> tuple[Step, ...]:
    """The same for outputs that count from 1."""
    return tuple(off(pattern.format(number), state) for number in range(1, count + 1))


def awg(channels: int) -> Procedure:
    """Tektronix AWG70000 and AWG5200: all outputs off, then stopped."""
    stop = Step("AWGC:STOP", "AWGC:RST?", ("0",))
    return Procedure("rest", (*outputs("OUTP{}:STAT", channels), stop))


def id900() -> Procedure:
    """ID Quantique time controllers: outputs off, record stopped."""
    stop = Step("REC:STOP", "REC:STAG?", ("STOPPED", "IDLE"))
    return Procedure("rest", (*outputs("OUTP{}:ENAB", 4, "OFF"), stop), "zmq", default_port=5555)


def parameter(name: str) -> Step:
    """A switch of a TOPTICA controller, off."""
    return Step(f"(param-set! '{name} #f)", f"(param-ref '{name})", ("#f",))


SANTEC = Procedure(
    "light", (off(":POW:SHUT", "1"), off(":POW:STAT"), Step(":WAV:SWE 0", ":WAV:SWE?", ("0",))), end="\r"
)
DLC_PRO = Procedure(
    "light",
    (
        parameter("laser1:dl:cc:enabled"),
        parameter("laser1:enabled"),
        parameter("emission-button-enabled"),
        Step("(param-ref 'laser1:emission)", "(param-ref 'laser1:emission)", ("#f",)),
    ),
    "decop",
    default_port=1998,
)
POLATIS = Procedure("light", (Step(":OXC:SWIT:DISC:ALL", ":OXC:SWIT:CONN:STAT?", ("(@),(@)",)),), end="\r\n")
HELD = Procedure("rest", ())

PROCEDURES: Mapping[str, Procedure] = {
    "BlueforsController": HELD,
    "HeraldTektronixAWG5208": awg(8),
    "HeraldTektronixAWG70002A": awg(2),
    "IDQuantiqueID1000": id900(),
    "IDQuantiqueID900": id900(),
    "KeysightN7761A": Procedure("light", outputs(":OUTP{}", 1)),
    "KeysightN7764A": Procedure("light", outputs(":OUTP{}", 4)),
    "LakeShore372": HELD,
    "PolatisOST": POLATIS,
    "RohdeSchwarzSGS100A": Procedure("rest", (off(":OUTP:STAT"),)),
    "SantecTSL570": SANTEC,
    "SingleQuantumEOS": HELD,
    "SingleQuantumRetina": HELD,
    "StanfordDG645": Procedure("rest", (Step("TSRC 5", "TSRC?", ("5",)),), end="\r\n"),
    "ThorlabsPM103E": HELD,
    "TopticaDLCpro": DLC_PRO,
}
"""By the last part of a Station file's ``type``."""


def agrees(answer: str, wanted: tuple[str, ...]) -> bool:
    """Whether an answer is one of those that mean safe."""
    return any(plain(answer) == plain(one) for one in wanted)


def plain(answer: str) -> str | float:
    """An answer without case, spaces and quotes; as a number if it is one."""
    text = "".join(answer.strip().strip('"').upper().split())
    try:
        return float(text)
    except ValueError:
        return text
