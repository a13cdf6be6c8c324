# SPDX-License-Identifier: Apache-2.0
"""Finer points of IEEE 488.2 syntax that an outside checker looks for."""

import pytest

from heraldlink_sim.faces.keysight_n7764a import KeysightN7764A
from heraldlink_sim.faces.tektronix_awg70002a import TektronixAWG70002A
from heraldlink_sim.scpi.framing import split


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (b":*IDN?", -113),
        (b"*ESE #H", -121),
        (b"*ESE #HG", -121),
        (b"*ESE ,5", -103),
        (b"CLOCk:SOURce ABCDEFGHIJKLM", -144),
        (b"CLOCk:SOURce ABCDEFGHIJKL", -224),
        (b"SYSTem:SID:IP (1)", -178),
    ],
)
def test_errors_have_the_number_of_the_standard(message: bytes, error: int) -> None:
    face = TektronixAWG70002A()
    assert face.execute_now(message) == b""
    assert face.execute_now(b"SYST:ERR?").startswith(b"%d," % error)
    assert face.execute_now(b"SYST:ERR?").startswith(b"0,")


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        (b"*ESE 5\n*ESE?\n", [b"*ESE 5", b"*ESE?"]),
        (b'A "x\ny"\r\nB', [b'A "x\ny"\r', b"B"]),
        (b"A #13\n\n\n;B\nC\n", [b"A #13\n\n\n;B", b"C"]),
        (b"A #0x\ny\n", [b"A #0x\ny\n"]),
        (b"A #2x\nB\n", [b"A #2x", b"B"]),
        (b"A 'open\nB", [b"A 'open\nB"]),
        (b"\n \n", []),
    ],
)
def test_a_line_feed_ends_a_message_but_in_strings_and_blocks(message: bytes, parts: list[bytes]) -> None:
    assert split(message) == parts


@pytest.mark.parametrize("value", [b"INF", b"NINF", b"NAN", b"9.9E37", b"9.91E37"])
def test_infinity_is_no_other_word_for_the_maximum(value: bytes) -> None:
    face = KeysightN7764A()
    before = face.execute_now(b"INP1:ATT?")
    face.execute_now(b"INP1:ATT " + value)
    assert face.execute_now(b"SYST:ERR?").startswith(b"-222,")
    assert face.execute_now(b"INP1:ATT?") == before
