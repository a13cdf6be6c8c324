# SPDX-License-Identifier: Apache-2.0
"""E and B: the error queue, and blocks of arbitrary bytes."""

from checklist_parts import Pair
from checklist_subject import Subject, needed, row

MANY = 300
ODD_BYTES = b"\n\r;,#\"' \x00\xff#15*IDN?\n" + bytes(range(256))


@row("E01", "SCPI-1999 volume 2, 21.8.8", 'an empty queue answers 0,"No error"')
def no_error(subject: Subject) -> None:
    subject.send("*CLS")
    number, text = subject.ask("SYST:ERR?").split(",")
    assert int(number) == 0
    assert text == '"No error"'


@row("E02", "SCPI-1999 volume 2, 21.8.1", "first in, first out")
def first_in_first_out(subject: Subject) -> None:
    subject.send("*CLS")
    for message in ("NOSUCH", "*ESE 9999", "*ESE", "*CLS 1"):
        subject.send(message)
    assert subject.codes() == [-113, -222, -109, -108]


@row("E03", "SCPI-1999 volume 2, 21.8.1; -350", "a full queue keeps the old ones; the last becomes -350")
def overflow(subject: Subject) -> None:
    subject.send("*CLS")
    subject.send("*ESE 9999")
    for _ in range(MANY):
        subject.send("NOSUCH")
    codes = subject.codes()
    assert 2 < len(codes) < MANY
    assert codes[0] == -222
    assert codes[-1] == -350
    assert set(codes[1:-1]) == {-113}
    subject.in_step()


@row("E04", "SCPI-1999 volume 2, 21.8.2", "SYSTem:ERRor:COUNt?")
def count(subject: Subject) -> None:
    subject.send("*CLS")
    assert subject.whole("SYST:ERR:COUN?") == 0
    subject.send("NOSUCH")
    subject.send("*ESE 9999")
    assert subject.whole("SYST:ERR:COUN?") == 2
    subject.codes()
    assert subject.whole("SYST:ERR:COUN?") == 0


@row("E05", "IEEE 488.2-1992, 6.1.7", "units before a bad one are executed")
def units_before(subject: Subject) -> None:
    subject.send("*CLS")
    assert subject.ask("*ESE 17;*ESE?;NOSUCH") == "17"
    assert subject.codes() == [-113]
    subject.in_step()


def definite(payload: bytes) -> bytes:
    length = str(len(payload)).encode()
    return b"#" + str(len(length)).encode() + length + payload


def filled(pair: Pair, block: bytes) -> bytes:
    before, after = pair.set.encode().split(b"{}")
    return before + block + after


def payload(answer: bytes) -> bytes:
    digits = int(answer[1:2])
    assert answer[:1] == b"#"
    assert int(answer[2 : 2 + digits]) == len(answer) - 2 - digits
    return answer[2 + digits :]


def kept(subject: Subject, pair: Pair, data: bytes) -> None:
    subject.send(pair.ask)
    assert payload(subject.client.receive()) == data


@row("B01", "IEEE 488.2-1992, 7.7.6 and 8.7.9", "a definite block with any byte, and back", "block")
def any_byte(subject: Subject) -> None:
    needed(pair := subject.parts.block)
    subject.accepts(filled(pair, definite(ODD_BYTES)))
    kept(subject, pair, ODD_BYTES)
    assert subject.codes() == []


@row("B02", "IEEE 488.2-1992, 7.7.6", "an empty block, #10", "block")
def empty_block(subject: Subject) -> None:
    needed(pair := subject.parts.block)
    subject.accepts(filled(pair, definite(b"abc")))
    subject.accepts(filled(pair, b"#10"))
    kept(subject, pair, b"")


@row("B03", "IEEE 488.2-1992, 7.7.6", "300 kB in a block", "block")
def long_block(subject: Subject) -> None:
    needed(pair := subject.parts.block)
    data = ODD_BYTES * (300_000 // len(ODD_BYTES))
    subject.accepts(filled(pair, definite(data)))
    kept(subject, pair, data)


@row("B04", "IEEE 488.2-1992, 7.4.1", "a unit behind a block in the same message", "block")
def unit_behind_block(subject: Subject) -> None:
    needed(pair := subject.parts.block)
    assert subject.ask(filled(pair, definite(b"a\nb")) + b";*OPC?") == "1"
    kept(subject, pair, b"a\nb")


@row("B05", "IEEE 488.2-1992, 7.7.6", "an indefinite block, #0, ends with the message", "block")
def indefinite_block(subject: Subject) -> None:
    needed(pair := subject.parts.block)
    subject.accepts(filled(pair, b"#0until;the, end"))
    kept(subject, pair, b"until;the, end")


@row("B06", "SCPI-1999 volume 2, 21.8.9; -161", "a malformed block is -16x, and nothing gets out of step")
def malformed_block(subject: Subject) -> None:
    bad = ("#", "#A", "#3x12", "#:5abc") if subject.way == "raw" else ("#", "#A", "#3x12", "#15abc", "#9")
    for block in bad:
        subject.refuses(f"*ESE {block}", *range(-169, -159), -104)
        subject.in_step()
    if (pair := subject.parts.block) is not None:
        subject.accepts(filled(pair, definite(b"kept")))
        for block in bad:
            subject.refuses(filled(pair, block.encode()), *range(-169, -159))
        kept(subject, pair, b"kept")
