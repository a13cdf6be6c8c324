# SPDX-License-Identifier: Apache-2.0
"""P: numbers, units, words and switches."""

from checklist_subject import Subject, needed, row


@row("P01", "IEEE 488.2-1992, 7.7.2", "all ways to write a decimal number")
def flexible_numbers(subject: Subject) -> None:
    texts = ("40", ".4e2", "+3.5E+1", "5 E1", "5 E 1", "1200e-2", "12.4", "12.6", "007")
    for text, value in zip(texts, (40, 40, 35, 50, 50, 12, 12, 13, 7), strict=True):
        subject.accepts(f"*ESE {text}")
        assert subject.whole("*ESE?") == value, text


@row("P02", "IEEE 488.2-1992, 7.7.3", "suffix multipliers, in any case", "numeric.scaled")
def multipliers(subject: Subject) -> None:
    needed(numeric := subject.parts.numeric)
    for text in (numeric.scaled, numeric.scaled.lower(), numeric.scaled.upper()):
        subject.accepts(f"{numeric.header} {numeric.other}")
        subject.accepts(f"{numeric.header} {text}")
        subject.same(f"{numeric.header}?", numeric.value)


@row("P03", "IEEE 488.2-1992, 7.7.3.4", "M is milli, but mega before HZ and OHM", "numeric.milli_or_mega")
def milli_or_mega(subject: Subject) -> None:
    needed(numeric := subject.parts.numeric)
    subject.accepts(f"{numeric.header} {numeric.other}")
    subject.accepts(f"{numeric.header} {numeric.milli_or_mega}")
    subject.same(f"{numeric.header}?", numeric.value)


@row("P04", "SCPI-1999 volume 2, 21.8.9; -131", "a suffix of another quantity", "numeric")
def wrong_suffix(subject: Subject) -> None:
    needed(numeric := subject.parts.numeric)
    subject.accepts(f"{numeric.header} {numeric.value}")
    subject.refuses(f"{numeric.header} {numeric.wrong_unit}", -131)
    subject.refuses(f"{numeric.header} 1 XYZ", -131)
    subject.same(f"{numeric.header}?", numeric.value)


@row("P05", "SCPI-1999 volume 1, 7.2.1.2", "MINimum, MAXimum and DEFault as values", "numeric")
def limits_as_values(subject: Subject) -> None:
    needed(numeric := subject.parts.numeric)
    found: list[float] = []
    for words in (("MIN", "MINIMUM"), ("MAX", "maximum")):
        for word in words:
            subject.accepts(f"{numeric.header} {word}")
            found.append(subject.number(f"{numeric.header}?"))
    assert found[0] == found[1] < found[2] == found[3]
    subject.accepts(f"{numeric.header} DEF")
    assert found[0] <= subject.number(f"{numeric.header}?") <= found[2]


@row("P06", "SCPI-1999 volume 1, 7.2.1.2", "the limits can be asked for", "numeric")
def limits_asked(subject: Subject) -> None:
    needed(numeric := subject.parts.numeric)
    lowest, highest = subject.number(f"{numeric.header}? MIN"), subject.number(f"{numeric.header}? MAXIMUM")
    assert lowest < highest
    subject.accepts(f"{numeric.header} {highest!r}")
    subject.same(f"{numeric.header}?", highest)
    assert lowest <= numeric.value <= highest


@row("P07", "SCPI-1999 volume 2, 21.8.10; -222", "out of range: -222, bit 4, the value is kept")
def out_of_range(subject: Subject) -> None:
    subject.accepts("*ESE 17")
    subject.refuses("*ESE 256", -222)
    subject.refuses("*ESE -1", -222)
    assert subject.whole("*ESE?") == 17
    if (numeric := subject.parts.numeric) is not None:
        subject.accepts(f"{numeric.header} {numeric.value}")
        subject.refuses(f"{numeric.header} {numeric.beyond}", -222)
        subject.same(f"{numeric.header}?", numeric.value)
    subject.send("*ESE 999")
    assert subject.whole("*ESR?") & 16


@row("P08", "SCPI-1999 volume 2, 21.8.9; -109", "a missing parameter")
def missing(subject: Subject) -> None:
    subject.refuses("*ESE", -109)
    subject.refuses("*SRE ", -109)
    if subject.parts.numeric is not None:
        subject.refuses(subject.parts.numeric.header, -109)


@row("P09", "SCPI-1999 volume 2, 21.8.9; -108", "a parameter too many, and nothing is executed")
def too_many(subject: Subject) -> None:
    subject.accepts("*ESE 17")
    subject.refuses("*ESE 1,2", -108)
    subject.refuses("*CLS 1", -108)
    assert subject.whole("*ESE?") == 17
    if (numeric := subject.parts.numeric) is not None:
        subject.accepts(f"{numeric.header} {numeric.value}")
        subject.refuses(f"{numeric.header} {numeric.other},1", -108)
        subject.same(f"{numeric.header}?", numeric.value)


@row("P10", "SCPI-1999 volume 2, 21.8.9; -104", "a string where a number belongs")
def string_for_number(subject: Subject) -> None:
    subject.accepts("*ESE 17")
    subject.refuses('*ESE "32"', -104)
    subject.refuses("*ESE '32'", -104)
    assert subject.whole("*ESE?") == 17
    if subject.parts.numeric is not None:
        subject.refuses(f'{subject.parts.numeric.header} "1"', -104)


@row("P11", "SCPI-1999 volume 1, 7.3", "ON, OFF, 1 and 0, answered as 1 and 0", "boolean")
def booleans(subject: Subject) -> None:
    header = subject.parts.boolean
    for text, answer in (("ON", "1"), ("off", "0"), ("1", "1"), ("0", "0")):
        subject.accepts(f"{header} {text}")
        assert subject.ask(f"{header}?") == answer, text


@row("P12", "SCPI-1999 volume 1, 7.3; -104, -224", "a bad boolean changes nothing", "boolean")
def bad_booleans(subject: Subject) -> None:
    header = subject.parts.boolean
    subject.accepts(f"{header} 1")
    subject.refuses(f"{header} MAYBE", -104, -224)
    subject.refuses(f'{header} "OFF"', -104)
    assert subject.ask(f"{header}?") == "1"


@row("P13", "IEEE 488.2-1992, 7.7.4", "#H, #Q and #B numbers, in any case")
def nondecimal(subject: Subject) -> None:
    for text, value in (("#H1F", 31), ("#h1f", 31), ("#Q17", 15), ("#B101", 5), ("#b11", 3)):
        subject.accepts(f"*ESE {text}")
        assert subject.whole("*ESE?") == value, text


@row("P14", "SCPI-1999 volume 1, 6.2.1", "an instrument's own command in its long form", "spellings")
def long_form(subject: Subject) -> None:
    short, *_, long = subject.parts.spellings or ("", "")
    assert subject.ask(long) == subject.ask(short)
    assert subject.ask(long.lower()) == subject.ask(short.lower())
