# SPDX-License-Identifier: Apache-2.0
"""T: how messages begin and end on the wire."""

from checklist_clients import HislipClient
from checklist_subject import Subject, row


@row("T01", "IEEE 488.2-1992, 7.5; IVI-6.1, data transfer", "a message in pieces of one byte")
def single_bytes(subject: Subject) -> None:
    if subject.way == "raw":
        for byte in b"*ESE 36;*ESE?" + subject.raw.terminator:
            subject.raw.send_bytes(bytes([byte]))
    else:
        wire = subject.hislip
        for byte in wire.frame(b"*ESE 36", kind=wire.DATA):
            wire.sync.sendall(bytes([byte]))
        for byte in b";*ESE":
            wire.sync.sendall(wire.frame(bytes([byte]), kind=wire.DATA))
        wire.sync.sendall(wire.frame(b"?\n"))
    assert subject.client.receive() == b"36"


@row("T02", "IEEE 488.2-1992, 7.5; 6.1.5", "two messages in one segment, two answers")
def two_in_one_segment(subject: Subject) -> None:
    if subject.way == "raw":
        end = subject.raw.terminator
        subject.raw.send_bytes(b"*ESE 5" + end + b"*ESE?" + end + b"*OPC?" + end)
    else:
        wire = subject.hislip
        wire.clear(overlapped=True)
        wire.sync.sendall(wire.frame("*ESE 5\n") + wire.frame("*ESE?\n") + wire.frame("*OPC?\n"))
    assert [subject.client.receive() for _ in range(2)] == [b"5", b"1"]


@row("T03", "IEEE 488.2-1992, 7.4.1.2 and 7.5.2", "a carriage return before the terminator is white space")
def carriage_return(subject: Subject) -> None:
    if subject.way == "raw":
        end = subject.raw.terminator
        subject.raw.send_bytes(b"*ESE 9" + (b"\r\n" if end == b"\n" else b" " + end))
    else:
        subject.hislip.send(b"*ESE 9\r")
    assert subject.ask("*ESE?") == "9"
    assert subject.codes() == []


@row("T04", "IEEE 488.2-1992, 7.3.2", "empty messages and empty units are ignored")
def empty_messages(subject: Subject) -> None:
    for message in ("", "   ", ";", " ; ;", "*ESE 3;;*ESE 4;"):
        subject.send(message)
    subject.in_step()
    assert subject.ask("*ESE?") == "4"
    assert subject.codes() == []


@row("T05", "IEEE 488.2-1992, 7.4.1 to 7.4.3", "blanks around headers, semicolons and parameters")
def blanks(subject: Subject) -> None:
    assert subject.ask("  *ESE \t 12 ;  *ESE?  ; *OPC?  ") == "12;1"
    assert subject.codes() == []


@row("T06", "IEEE 488.2-1992, 6.1.4", "half a message and a lost connection leave nothing behind")
def half_a_message(subject: Subject) -> None:
    leaving = subject.another()
    if isinstance(leaving, HislipClient):
        leaving.sync.sendall(leaving.frame("*ESE 7;NOSU", kind=leaving.DATA))
    else:
        leaving.socket.sendall(b"*ESE 7;NOSU")  # type: ignore[attr-defined]
    leaving.close()
    third = subject.another()
    assert third.ask("*ESE?") == "0"
    assert third.ask("*IDN?").count(",") == 3
    assert subject.codes() == []
