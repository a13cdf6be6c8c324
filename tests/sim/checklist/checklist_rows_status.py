# SPDX-License-Identifier: Apache-2.0
"""I: status byte, registers, common commands."""

from checklist_subject import Subject, row

ERROR, QUESTIONABLE, MESSAGE, EVENTS, MASTER, OPERATION = 4, 8, 16, 32, 64, 128


@row("I01", "IEEE 488.2-1992, 10.12", "*ESR? clears what it answers")
def esr_clears(subject: Subject) -> None:
    subject.send("*CLS")
    subject.send("NOSUCH")
    assert subject.ask("*ESR?") == "32"
    assert subject.ask("*ESR?") == "0"


@row("I02", "IEEE 488.2-1992, 10.3; SCPI-1999 volume 1, 4.1.3.2", "*CLS clears events and error queue")
def cls_clears(subject: Subject) -> None:
    subject.send("NOSUCH")
    subject.send("*OPC")
    subject.send("*CLS")
    assert subject.ask("*ESR?") == "0"
    assert subject.codes() == []
    assert subject.ask("*STB?") == "0"


@row("I03", "IEEE 488.2-1992, 10.3", "the masks survive *CLS")
def masks_survive(subject: Subject) -> None:
    subject.send("*ESE 36;*SRE 40")
    subject.send("*CLS")
    assert subject.ask("*ESE?;*SRE?") == "36;40"


@row("I04", "IEEE 488.2-1992, 10.34 and 11.3.2", "*SRE ignores bit 6")
def sre_bit_6(subject: Subject) -> None:
    subject.accepts("*SRE 255")
    assert subject.ask("*SRE?") == "191"
    subject.accepts("*SRE 64")
    assert subject.ask("*SRE?") == "0"


@row("I05", "IEEE 488.2-1992, 11.2.1.2", "the event summary bit; *STB? does not clear it")
def event_summary(subject: Subject) -> None:
    subject.send("*CLS;*ESE 32")
    assert not subject.whole("*STB?") & EVENTS
    subject.send("NOSUCH")
    assert subject.whole("*STB?") & EVENTS
    assert subject.whole("*STB?") & EVENTS
    subject.ask("*ESR?")
    assert not subject.whole("*STB?") & EVENTS


@row("I06", "SCPI-1999 volume 1, 9; volume 2, 21.8", "bit 2 is set while the error queue is not empty")
def error_available(subject: Subject) -> None:
    subject.send("*CLS")
    assert not subject.whole("*STB?") & ERROR
    subject.send("NOSUCH")
    assert subject.whole("*STB?") & ERROR
    assert subject.whole("*STB?") & ERROR
    subject.code()
    assert not subject.whole("*STB?") & ERROR


@row("I07", "IEEE 488.2-1992, 11.2.2.1", "the master summary bit follows the enabled bits")
def master_summary(subject: Subject) -> None:
    subject.send("*CLS;*ESE 32;*SRE 0")
    subject.send("NOSUCH")
    assert not subject.whole("*STB?") & MASTER
    subject.send("*SRE 32")
    assert subject.whole("*STB?") & MASTER
    subject.send("*ESE 0")
    assert not subject.whole("*STB?") & MASTER


@row("I08", "IEEE 488.2-1992, 10.18", "*OPC sets bit 0 of the event register")
def operation_complete(subject: Subject) -> None:
    subject.send("*CLS")
    subject.send("*OPC")
    assert subject.ask("*ESR?") == "1"


@row("I09", "IEEE 488.2-1992, 10.19 and 10.39", "*OPC? answers 1; *WAI lets the next unit wait")
def wait(subject: Subject) -> None:
    assert subject.ask("*OPC?") == "1"
    assert subject.ask("*WAI;*OPC?") == "1"
    subject.accepts("*WAI")


@row("I10", "IEEE 488.2-1992, 10.38", "*TST? answers 0 when all is well")
def self_test(subject: Subject) -> None:
    assert subject.whole("*TST?") == 0
    assert subject.codes() == []


@row("I11", "IEEE 488.2-1992, 10.32", "*RST keeps masks, events and error queue")
def reset_keeps(subject: Subject) -> None:
    subject.send("*CLS;*ESE 36;*SRE 40")
    subject.send("NOSUCH")
    subject.send("*RST")
    assert subject.ask("*ESE?;*SRE?") == "36;40"
    assert subject.whole("*ESR?") & 32
    assert subject.codes() == [-113]


@row("I12", "IEEE 488.2-1992, 10.10; -222", "*ESE 4096 is out of range")
def mask_out_of_range(subject: Subject) -> None:
    subject.accepts("*ESE 17;*SRE 17")
    subject.refuses("*ESE 4096", -222)
    subject.refuses("*SRE 256", -222)
    assert subject.ask("*ESE?;*SRE?") == "17;17"


@row("I13", "IEEE 488.2-1992, 11.2.1.1", "message available behind another answer, and not without one")
def message_available(subject: Subject) -> None:
    answer, status = subject.ask("*OPC?;*STB?").split(";")
    assert answer == "1"
    assert int(status) & MESSAGE
    assert not subject.whole("*STB?") & MESSAGE


@row("I14", "SCPI-1999 volume 1, 9; volume 2, 20", "OPERation and QUEStionable status, PRESet")
def scpi_registers(subject: Subject) -> None:
    for register in ("OPER", "QUES"):
        for query in ("COND?", "EVEN?", "ENAB?"):
            assert subject.whole(f"STAT:{register}:{query}") >= 0
        assert subject.whole(f"STAT:{register}?") == 0
        subject.accepts(f"STAT:{register}:ENAB 1040")
        assert subject.whole(f"STAT:{register}:ENAB?") == 1040
        assert (
            subject.whole(f"STATUS:{'OPERATION' if register == 'OPER' else 'QUESTIONABLE'}:ENABLE?") == 1040
        )
    subject.accepts("*CLS")
    assert subject.whole("STAT:OPER:ENAB?") == 1040
    subject.accepts("STAT:PRES")
    assert subject.whole("STAT:OPER:ENAB?") == subject.whole("STAT:QUES:ENAB?") == 0


@row("I15", "SCPI-1999 volume 2, 21.21", "SYSTem:VERSion? answers year and revision")
def version(subject: Subject) -> None:
    year, _, revision = subject.ask("SYST:VERS?").partition(".")
    assert 1990 <= int(year) <= 1999
    assert revision.isdigit()
