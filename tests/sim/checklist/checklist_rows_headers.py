# SPDX-License-Identifier: Apache-2.0
"""S: headers, paths, and what is not one."""

from checklist_subject import Subject, row


@row("S01", "IEEE 488.2-1992, 10.14", "*IDN? has four fields")
def identity(subject: Subject) -> None:
    fields = subject.ask("*IDN?").split(",")
    assert len(fields) == 4
    assert all(fields)


@row("S02", "IEEE 488.2-1992, 7.6.1.4.2", "upper and lower case mean the same")
def any_case(subject: Subject) -> None:
    assert subject.ask("*idn?") == subject.ask("*IdN?") == subject.ask("*IDN?")
    assert subject.ask("syst:err?") == subject.ask("Syst:eRR?") == subject.ask("SYST:ERR?")


@row("S03", "SCPI-1999 volume 1, 6.2.1", "short and long forms, mixed")
def short_and_long(subject: Subject) -> None:
    spellings = ("SYST:ERR?", "SYSTEM:ERROR?", "SYST:ERROR?", "SYSTEM:ERR?")
    assert len({subject.ask(spelling) for spelling in spellings}) == 1


@row("S04", "SCPI-1999 volume 1, 6.2.1; -113", "forms in between are undefined headers")
def in_between(subject: Subject) -> None:
    subject.refuses("SYSTE:ERR?", -113)
    subject.refuses("SYST:ERRO?", -113)


@row("S05", "SCPI-1999 volume 1, 5.1", "optional nodes may be left out", "spellings")
def optional_nodes(subject: Subject) -> None:
    assert subject.ask("SYST:ERR:NEXT?") == subject.ask("SYST:ERR?")
    assert len({subject.ask(spelling) for spelling in subject.parts.spellings or ()}) == 1
    assert subject.codes() == []


@row("S06", "IEEE 488.2-1992, 8.3.2", "answers of one message are joined by semicolons")
def joined(subject: Subject) -> None:
    assert subject.ask("*ESE 5;*ESE?;*SRE?;*OPC?") == "5;0;1"


@row("S07", "SCPI-1999 volume 1, 6.2.4", "a unit continues the path of the one before it")
def path(subject: Subject) -> None:
    version, error = subject.ask("SYST:VERS?;ERR?").split(";")
    assert version == subject.ask("SYST:VERS?")
    assert error == subject.ask("SYST:ERR?")


@row("S08", "SCPI-1999 volume 1, 6.2.4", "a common command keeps the path")
def common_command_keeps_path(subject: Subject) -> None:
    answers = subject.ask("SYST:VERS?;*OPC?;VERS?").split(";")
    assert answers == [answers[0], "1", answers[0]]
    assert subject.codes() == []


@row("S09", "SCPI-1999 volume 1, 6.2.4", "a leading colon begins at the root")
def leading_colon(subject: Subject) -> None:
    assert subject.ask(":SYST:ERR?") == subject.ask("SYST:ERR?")
    assert subject.ask("SYST:VERS?;:SYST:VERS?").split(";") == [subject.ask("SYST:VERS?")] * 2


@row("S10", "SCPI-1999 volume 1, 6.2.4; -113", "a full path behind a semicolon is an undefined header")
def full_path_without_colon(subject: Subject) -> None:
    subject.send("*CLS")
    version = subject.ask("SYST:VERS?;SYST:ERR?")
    assert version == subject.ask("SYST:VERS?")
    assert subject.codes() == [-113]


@row("S11", "SCPI-1999 volume 1, 6.2.4", "the path ends with the message")
def path_ends(subject: Subject) -> None:
    subject.ask("SYST:VERS?")
    subject.refuses("VERS?", -113)


@row("S12", "SCPI-1999 volume 2, 21.8.9; -113", "an undefined header: -113, bit 5, no answer, nothing done")
def undefined_header(subject: Subject) -> None:
    subject.refuses("NOSUCH:THING 1", -113)
    subject.refuses("NOSUCH:THING?", -113)
    subject.send("*CLS")
    subject.send("NOSUCH")
    assert subject.whole("*ESR?") & 32


@row("S13", "IEEE 488.2-1992, 7.6.2; -113", "no query form, or command form, unless there is one")
def other_form(subject: Subject) -> None:
    subject.refuses("*CLS?", -113)
    subject.refuses("*RST?", -113)
    subject.refuses("*IDN", -113)
    subject.refuses("SYST:VERS", -113)


@row("S14", "IEEE 488.2-1992, 6.1.7", "in step after a query that failed")
def in_step_afterwards(subject: Subject) -> None:
    for message in ("NOSUCH?", "*IDN? 1", "SYST:NOSUCH?;*IDN?", "*ESE?;NOSUCH?"):
        subject.send(message)
        if message.startswith("*ESE?"):
            assert subject.client.receive() == b"0"
        subject.in_step()
