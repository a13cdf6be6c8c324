# SPDX-License-Identifier: Apache-2.0
"""Every header of the simulated generators, with whatever arguments: answered or reported, never a crash."""

import asyncio
import re
from itertools import islice, product

import pytest

from heraldlink_sim.faces.keysight_33512b import Keysight33512B
from heraldlink_sim.faces.tektronix_awg5014 import TektronixAWG5014
from heraldlink_sim.faces.tektronix_awg5208 import TektronixAWG5208
from heraldlink_sim.faces.tektronix_awg70002a import TektronixAWG70002A
from heraldlink_sim.scpi.declare import Setting, actions_of

FIRST = """0 3 -1 1e999 -1e999 NAN INF MIN MAX ON ALL "w" "s" "i" "x" "" "*DC" "a.wfmx" #15hello #10 1E300 w
    FSC SEQ FGEN DC EXT TRIG 100DBM (@1)""".split()  # noqa: SIM905
SECOND = ["", *""" 2 -5 1e999 NEXT END "w" "a.wfmx" #18\0\0\0\0\0\0\x80\x3f WFM I FSC OFF""".split(" ")[1:]]  # noqa: SIM905
FURNITURE = (
    'WLIS:WAV:NEW "w",2400', 'WLIS:WAV:NEW "w",100,INT', 'WLIS:WAV:NEW "i",2400,IQ', 'SLIS:SEQ:NEW "s",3,2',
    "SEQ:LENG 3", 'MMEM:DATA "a.wfmx",#13abc', "DATA:ARB w,0,1,0,1,0,1,0,1",
)  # fmt: skip


def headers(cls):
    """All headers, with their queries, every suffix at its least."""
    found = set()
    for base in cls.__mro__:
        for member in vars(base).values():
            patterns = (
                [member.pattern] if isinstance(member, Setting) else [a.pattern for a in actions_of(member)]
            )
            for pattern in patterns:
                plain = re.sub(r"<(\d+)\.\.\d+>", r"\1", cls.spelled(pattern))
                found.add(plain.replace("[", "").replace("]", "").lstrip(":"))
    return sorted(found)


@pytest.mark.parametrize("cls", [TektronixAWG70002A, TektronixAWG5208, TektronixAWG5014, Keysight33512B])
def test_every_header_survives_every_argument(cls):
    async def talk():
        face = cls()
        for number, header in enumerate(headers(cls)):
            for message in FURNITURE:
                await face.execute(message.encode())
            pairs = list(product(FIRST, SECOND))
            for first, second in islice(pairs, number % 7, None, 7):
                arguments = f"{first},{second}" if second else first
                for mark in ("", "?"):
                    await face.execute(f"{header}{mark} {arguments}".encode("latin-1"))
            assert hasattr(face, "state") is not isinstance(face, Keysight33512B)
            if not isinstance(face, Keysight33512B):
                face.state()
            face.errors.clear()
            assert b"SIM-" in await face.execute(b"*IDN?"), header

    asyncio.run(talk())
