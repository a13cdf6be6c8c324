# SPDX-License-Identifier: Apache-2.0
"""Firmware of 2019 to 2022: its spellings, its acknowledgements, and the form of its ``STATE?``.

Evidence: MSLNZ/pr-single-photons (``time_controller.py``, an ID900) and two public ID900 scripts of 2019-20.
Ports were named ``INPOrt:...:LINK``, generators ``TSGE1`` to ``TSGE8``, of which the eighth gated the
acquisition and was started by ``ENABle ON``; the others ran freely, or made a pulse after each event of their
port. Statistics blocks ``TSST1`` to ``TSST4`` held histogram and time stamps. MODE and TRIG:MODE of a
generator are taken without effect, as the link says the same; an input's MODE sets the resolution [?].
"""

from __future__ import annotations

from collections.abc import Callable

from heraldlink_sim.faces.id900_commands import Command
from heraldlink_sim.faces.id900_names import matches, split_number
from heraldlink_sim.quirks import Quirk

OLDER_FIRMWARE = Quirk(
    "id900-older-firmware",
    "Answers older spellings (INPO:LINK, TSGE8, TSST1), acknowledges RESEt, FLUSh, CLEAr and ENABle with a"
    " sentence, and separates the replies of one message by semicolons.",
    "MSLNZ/pr-single-photons, time_controller.py; public ID900 scripts of 2019-20",
)

ACQUISITION = 8
"""Number of the generator that gates acquisitions."""


def today(header: str) -> str | None:
    """Return a header in today's spelling, None for one that has no effect today."""
    query = "?" if header.endswith("?") else ""
    first, *rest = header.removesuffix("?").split(":")
    rest = _without_ports(rest)
    letters, number = split_number(first)
    if matches("TSGEnerator", letters):
        if rest and matches("MODE", rest[-1]):
            return None
        first, rest = _generator(number, rest)
    elif matches("TSSTatistics", letters):
        first, rest = _statistics(number, rest)
    elif matches("TSCOmbiner", letters) and rest and matches("BEGIn", rest[0]) | matches("END", rest[0]):
        rest = ["WIND", *rest]
    elif matches("INPUt", letters) and len(rest) == 1:
        first, rest = _input(first, number, rest)
    elif matches("STARt", letters) and len(rest) == 1 and matches("DELAy", rest[0]):
        first, rest = "DELA5", ["VALU"]
    return ":".join((first, *rest)) + query


def _without_ports(nodes: list[str]) -> list[str]:
    return [node for node in nodes if not matches("INPOrt", node)]


def _input(first: str, number: int, rest: list[str]) -> tuple[str, list[str]]:
    if matches("DELAy", rest[0]):
        return f"DELA{number}", ["VALU"]
    return ("DEVI", ["RES"]) if matches("MODE", rest[0]) else (first, rest)


def _generator(number: int, rest: list[str]) -> tuple[str, list[str]]:
    first = "REC" if number == ACQUISITION else f"GEN{number}"
    if (
        len(rest) == 2
        and rest[1][:3].upper() == "PWI"
        and matches("ONEShot", rest[0]) | matches("SPULse", rest[0])
    ):
        return first, rest[1:]
    if len(rest) == 3 and matches("TRIGger", rest[0]) and matches("INTERnal", rest[1]):
        return first, ["PPER"]
    return first, rest


def _statistics(number: int, rest: list[str]) -> tuple[str, list[str]]:
    rest = rest[1:] if rest and matches("DATA", rest[0]) else rest
    if rest and matches("RAW", rest[0]):
        return f"RAW{number}", rest[1:]
    if rest and matches("HISTogram", rest[0]):
        return f"HIST{number}", rest[1:] or ["DATA"]
    return f"HIST{number}", rest


def source(text: str) -> str:
    """Return a link's source in today's spelling."""
    letters, number = split_number(text)
    if not matches("TSGEnerator", letters):
        return text
    return "REC" if number == ACQUISITION else f"GEN{number}"


def source_then(name: str) -> str:
    """Return a link's source as the older firmware spells it."""
    letters, number = split_number(name)
    return f"TSGE{number or ACQUISITION}" if letters in ("GEN", "REC") else name


_ACKNOWLEDGED = {
    "COUN:RESE": "Counter value set to 0 ",
    "HIRE:ERRO:CLEA": "Cleared Highres errors",
    "FLUS": "Flushed Histogram!",
}


def acknowledgement(command: Command, written: str) -> str:
    """Return what the older firmware says to a command that it has carried out; ``written``: its value."""
    if command.key == "ENAB":
        return f"{source_then(command.name)}:ENABLE {written}"
    return _ACKNOWLEDGED.get(command.key, "")


def state(block: str, write: Callable[[str], str]) -> str:
    """Return a block's state; ``write`` gives the value of a row."""
    letters, _ = split_number(block)
    if letters in ("STAR", "INPU"):
        extra = "DELA 0TB" if letters == "STAR" else f"RESY {write('RESY')}"
        rows = ";".join(f"{row} {write(row)}" for row in ("ENAB", "COUP", "EDGE", "THRE", "SELE"))
        counter = f":{block}:COUNTER:INTEGRATIONTIME {write('COUN:INTE')};MODE {write('COUN:MODE')}"
        return f"{block}:{rows};{extra};{counter}"
    if letters == "DELA":
        return f"{block}:VALUE {write('VALU')};INPO:LINK {write('LINK')};"
    if letters == "HIST":
        ports = ((node, write(f"{node[:4]}:LINK")) for node in ("STOP", "REF", "ENAB"))
        links = ";:".join(f"{block}:INPORT:{node}:LINK {source_then(name)}" for node, name in ports)
        sizes = f"MIN {write('MIN')};BWID {write('BWID')};BCOUNT {write('BCOU')};"
        return f"{links};:{block}:{sizes}"
    if letters == "DEVI":
        return f"DEVICE:SYNC {write('SYNC')};RES {write('RES')}"
    return ""
