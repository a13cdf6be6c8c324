# SPDX-License-Identifier: Apache-2.0
"""V11 to V25: data of all kinds, long and broken messages, several clients."""

import random
import re
import tracemalloc

from checklist_rows_errors import definite, filled, payload
from checklist_subject import HISLIP, Subject, needed, row

NR1 = re.compile(r"[+-]?\d+")
NR2_OR_NR3 = re.compile(r"[+-]?\d+(\.\d+)?(E[+-]?\d+)?")
INPUT_LIMIT = 3 << 20


@row("V11", "IEEE 488.2-1992, 7.7.5", "strings: doubled quotes, separators, both kinds of quotes", "text")
def strings(subject: Subject) -> None:
    needed(pair := subject.parts.text)
    for written, read in (
        ('"a;b,c"', '"a;b,c"'),
        ("'a;b,c'", '"a;b,c"'),
        ('"it\'s ""so"""', '"it\'s ""so"""'),
        ("'it''s \"so\"'", '"it\'s ""so"""'),
        ('"*RST;#15"', '"*RST;#15"'),
        ('""', '""'),
    ):
        subject.accepts(pair.set.replace("{}", written))
        assert subject.ask(pair.ask) == read, written
    assert subject.ask(pair.set.replace("{}", '"a;b"') + ";*OPC?") == "1"
    if subject.way == HISLIP:
        subject.accepts(pair.set.replace("{}", '"two\nlines"'))
        assert subject.ask(pair.ask) == '"two\nlines"'
    subject.refuses(pair.set.replace("{}", '"open'), -151, -150)


@row("V12", "SCPI-1999 volume 1, 8.3.2", "channel lists, (@1,3:5)", "channels")
def channel_lists(subject: Subject) -> None:
    needed(pair := subject.parts.channels)
    for written, read in (
        ("(@1,3:5)", "(@1,3,4,5)"),
        ("(@ 4 : 2, 6 )", "(@4,3,2,6)"),
        ("(@2:5)", "(@2,3,4,5)"),
    ):
        subject.accepts(pair.set.replace("{}", written))
        answer = subject.ask(pair.ask)
        found, wanted = answer.split("),(")[0].strip("(@)").split(","), read.strip("(@)").split(",")
        assert sorted(found) == sorted(wanted), (written, answer)
    subject.refuses(pair.set.replace("{}", "(@1,2,3,999)"), -222, -224)
    subject.refuses(pair.set.replace("{}", "(@1,"), -171, -170)
    subject.refuses(pair.set.replace("{}", "(@x)"), -171, -170)


@row("V13", "SCPI-1999 volume 2, 21.8.9; -114", "a numeric suffix out of range", "suffix")
def suffix_out_of_range(subject: Subject) -> None:
    inside, outside = subject.parts.suffix or ("", "")
    subject.ask(inside)
    subject.refuses(outside, -114)
    subject.refuses(outside.replace("?", " 0"), -114)


@row("V14", "IEEE 488.2-1992, 7.6.1.4.1; -112", "a mnemonic of more than twelve characters")
def long_mnemonic(subject: Subject) -> None:
    subject.refuses("ABCDEFGHIJKLM 1", -112)
    subject.refuses("SYSTEM:ABCDEFGHIJKLMNOP?", -112)
    subject.refuses("ABCDEFGHIJKL 1", -113)


@row("V15", "IEEE 488.2-1992, 7.7.2.4.1; -123, -124", "too large an exponent, too many digits")
def long_numbers(subject: Subject) -> None:
    subject.accepts("*ESE 17")
    subject.refuses("*ESE 1E32001", -123)
    subject.refuses("*ESE 1E-33000", -123)
    subject.refuses("*ESE " + "1" * 256, -124)
    subject.accepts("*ESE " + "0" * 300 + "19")
    assert subject.whole("*ESE?") == 19


@row("V16", "SCPI-1999 volume 2, 21.8.9; -101", "an invalid character")
def invalid_character(subject: Subject) -> None:
    for message in (b"SETUP& 1", b"*ID\x01N?", b"SYST:ERR\x80?", b"!*OPC?", b"*ESE @"):
        subject.refuses(message, -101)


@row("V17", "SCPI-1999 volume 2, 21.8.11; -363", "a message too long for the input buffer")
def input_overrun(subject: Subject) -> None:
    subject.send("*CLS")
    subject.send("*ESE 5;" + "A" * INPUT_LIMIT)
    assert subject.ask("*ESE?") == "0"
    assert subject.codes() == [-363]
    subject.in_step()


@row(
    "V18",
    "SCPI-1999 volume 1, 7.2.1.4 and 7.2.1.5",
    "INFinity and NAN are words; 9.9E37 and 9.91E37",
    "numeric",
)
def not_a_number(subject: Subject) -> None:
    needed(numeric := subject.parts.numeric)
    subject.accepts(f"{numeric.header} {numeric.value}")
    for word in ("NAN", "INF", "INFINITY", "NINF", "ninfinity", "9.91E37", "-9.9E37"):
        subject.refuses(f"{numeric.header} {word}", -222, -224, -148)
        subject.same(f"{numeric.header}?", numeric.value)
    if "REFERENCE" in subject.ask("*IDN?"):
        assert (subject.number("MEAS:LEV?"), subject.number("MEAS:PEAK?")) == (9.91e37, 9.9e37)


@row(
    "V19",
    "IEEE 488.2-1992, 8.7; SCPI-1999 volume 1, 7",
    "answers: NR1, NR2, NR3, 1 and 0, short words, quotes",
)
def formats(subject: Subject) -> None:
    parts = subject.parts
    assert all(NR1.fullmatch(subject.ask(query)) for query in ("*ESE?", "*ESR?", "*STB?", "*OPC?"))
    if parts.numeric is not None:
        assert NR2_OR_NR3.fullmatch(subject.ask(f"{parts.numeric.header}?"))
    if parts.boolean is not None:
        assert subject.ask(f"{parts.boolean}?") in ("0", "1")
    if (words := parts.words) is not None:
        for word in (words.long, words.short, words.long.upper()):
            subject.accepts(f"{words.header} {words.other}")
            subject.accepts(f"{words.header} {word}")
            assert subject.ask(f"{words.header}?") == words.short
        subject.refuses(f"{words.header} {words.long[:-1]}", -224, -141)
    if parts.text is not None:
        answer = subject.ask(parts.text.ask)
        assert answer[0] == answer[-1] == '"'


@row(
    "V20", "IEEE 488.2-1992, 6.1.10; SCPI-1999 volume 2, 21.8", "two clients: answers apart, errors together"
)
def two_clients(subject: Subject) -> None:
    second = subject.another()
    subject.send("*CLS")
    subject.in_step()
    subject.send("*IDN?")
    assert second.ask("*ESE 9;*ESE?") == "9"
    assert subject.client.receive().count(b",") == 3
    second.send("NOSUCH")
    assert second.ask("*OPC?") == "1"
    assert subject.codes() == [-113]
    assert second.ask("SYST:ERR?").startswith(("0,", "+0,"))


@row("V21", "IEEE 488.2-1992, 6.1.5; IVI-6.1, overlapped mode", "answers in the order of pipelined queries")
def pipelined(subject: Subject) -> None:
    messages = [f"*ESE {n};*ESE?" for n in range(200)]
    if subject.way == HISLIP:
        wire = subject.hislip
        wire.clear(overlapped=True)
        wire.sync.sendall(b"".join(wire.frame(message + "\n") for message in messages))
    else:
        end = subject.raw.terminator
        subject.raw.send_bytes(b"".join(message.encode() + end for message in messages))
    assert [int(subject.client.receive()) for _ in messages] == list(range(200))


@row("V22", "IEEE 488.2-1992, 6.5.7.5 and 8.7.11; -440", "nothing can follow the answer to *IDN?")
def identity_last(subject: Subject) -> None:
    subject.send("*CLS")
    identity = subject.ask("*IDN?")
    assert subject.ask("*OPC?;*IDN?") == f"1;{identity}"
    assert subject.codes() == []
    assert subject.ask("*IDN?;*OPC?") == identity
    assert subject.codes() == [-440]


@row("V23", "IEEE 488.2-1992, 6.1.7", "random bytes: no crash, in step")
def random_bytes(subject: Subject) -> None:
    drawn = random.Random(subject.way)
    alphabet = b"*:;,?#\"'()@ \t0123456789EeIDNSYTERVOPC.+-\x00\x80\xff"
    end = subject.parts.terminator
    for _ in range(150):
        junk = bytes(drawn.choices(alphabet, k=drawn.randrange(40)))
        if subject.way != HISLIP:  # there a block may hold what was meant as the end
            junk = junk.replace(b"#", b"")
        for byte in end:
            junk = junk.replace(bytes([byte]), b"")
        if subject.way == HISLIP:
            subject.hislip.send(junk)
            subject.hislip.clear()
        else:
            subject.send(junk.replace(b"?", b""))
    subject.send("*CLS")
    assert subject.ask("*IDN?").count(",") == 3


@row("V24", "IEEE 488.2-1992, 7.3.2", "a message of 1,000 units")
def thousand_units(subject: Subject) -> None:
    assert subject.ask(";".join(["*ESE?"] * 1000)) == ";".join(["0"] * 1000)
    subject.accepts(";".join(f"*ESE {n % 256}" for n in range(1000)))
    assert subject.whole("*ESE?") == 999 % 256


@row("V25", "IEEE 488.2-1992, 7.7.6 and 8.7.9", "64 MB in one block, in bounded memory", "block")
def large_block(subject: Subject) -> None:
    needed(pair := subject.parts.block)
    size = subject.parts.largest_block
    message = filled(pair, definite(bytes(size)))
    tracemalloc.start()
    try:
        subject.send(message)
        subject.in_step()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4.5 * size + (1 << 22), f"{peak / size:.1f} times the block"
    assert subject.codes() == []
    subject.send(pair.ask)
    assert len(payload(subject.client.receive())) == size
