# SPDX-License-Identifier: Apache-2.0
"""V01 to V10: power-on, message exchange, operations, service requests, device clear, locks, HiSLIP."""

import socket
import time

from checklist_clients import DEADLINE_S, HislipClient
from checklist_subject import HISLIP, IN_PROCESS, Subject, row

ERROR, MESSAGE, EVENTS, MASTER = 4, 16, 32, 64
_UNLOCKED, _LOCKED, _WAS_EXCLUSIVE, _WAS_SHARED = 0, 1, 1, 2


@row("V01", "IEEE 488.2-1992, 11.5.1.1.1", "bit 7 of *ESR? after power-up only")
def power_on(subject: Subject) -> None:
    assert subject.whole("*ESR?") & 128
    assert not subject.whole("*ESR?") & 128
    subject.send("*RST")
    subject.send("*CLS")
    assert subject.ask("*ESR?") == "0"
    subject.another()
    assert subject.ask("*ESR?") == "0"


@row("V02", "IEEE 488.2-1992, 6.3.2.3; -410", "Query INTERRUPTED", ways=(HISLIP, IN_PROCESS))
def interrupted(subject: Subject) -> None:
    subject.send("*CLS")
    subject.send("*IDN?")
    if subject.way == HISLIP:
        await_answer(subject.hislip)
        subject.send("*OPC?")
        assert after_interruption(subject.hislip) == b"1"
    else:
        assert subject.ask("*OPC?") == "1"
    assert subject.whole("*ESR?") & 4
    assert subject.codes() == [-410]


def await_answer(client: HislipClient) -> None:
    """Wait until an answer lies in the receive buffer, without taking it."""
    client.sync.settimeout(DEADLINE_S)
    assert client.sync.recv(1, socket.MSG_PEEK)


def after_interruption(client: HislipClient) -> bytes:
    """The first answer to a message with the present id; old ones and Interrupted are thrown away."""
    while True:
        kind, _, number, payload = client.read(client.sync)
        if kind == client.DATA_END and number == client.last_id:
            client._delivered = 1
            return payload.removesuffix(b"\n")


@row("V03", "IEEE 488.2-1992, 6.3.2.2; -420", "Query UNTERMINATED", ways=(IN_PROCESS,))
def unterminated(subject: Subject) -> None:
    subject.send("*CLS")
    assert subject.client.receive() == b""
    assert subject.whole("*ESR?") & 4
    assert subject.codes() == [-420]
    subject.in_process.send("*IDN", end=False)
    assert subject.client.receive() == b""
    assert subject.codes() == [-420]
    subject.in_step()


@row("V04", "IEEE 488.2-1992, 6.3.1.7; -430", "Query DEADLOCKED", ways=(IN_PROCESS,))
def deadlocked(subject: Subject) -> None:
    subject.send("*CLS")
    subject.send(";".join(["SYST:ERR?", *["ERR?"] * 150_000, "*ESE 5"]))
    assert subject.codes() == [-430]
    assert subject.ask("*ESE?") == "5"


@row("V05", "IEEE 488.2-1992, 12.5", "*OPC tells the end of an operation; *OPC? and *WAI wait", "overlapped")
def overlapped(subject: Subject) -> None:
    operation = subject.parts.overlapped
    subject.send("*CLS")
    subject.send(f"{operation};*OPC")
    assert not subject.whole("*ESR?") & 1
    assert subject.ask("*OPC?") == "1"
    assert subject.ask("*ESR?") == "1"
    subject.send("*RST")
    assert subject.ask("*OPC?") == "1"
    subject.send("*CLS")
    assert subject.ask(f"{operation};*OPC;*WAI;*ESR?") == "1"
    assert subject.codes() == []


@row("V06", "IEEE 488.2-1992, 10.32 and 12.5.3", "*RST aborts what is pending, and the *OPC", "overlapped")
def reset_aborts(subject: Subject) -> None:
    subject.send("*CLS")
    subject.send(f"{subject.parts.overlapped};*OPC")
    subject.send("*RST")
    assert subject.ask("*OPC?") == "1"
    assert subject.ask("*ESR?") == "0"
    assert subject.codes() == []


@row(
    "V07",
    "IEEE 488.2-1992, 11.3; IVI-6.1, service request",
    "a service request when MSS rises",
    ways=(HISLIP,),
)
def service_request(subject: Subject) -> None:
    wire = subject.hislip
    subject.send("*CLS;*ESE 32;*SRE 32")
    subject.send("NOSUCH")
    status = wire.async_until(wire.SERVICE_REQUEST)[1]
    assert status & MASTER
    assert status & EVENTS
    assert wire.status() & (MASTER | EVENTS | ERROR) == MASTER | EVENTS | ERROR
    assert subject.ask("*ESR?") == "32"
    assert not wire.status() & MASTER
    subject.send("NOSUCH")
    assert wire.async_until(wire.SERVICE_REQUEST)[1] & MASTER


@row(
    "V08",
    "IEEE 488.2-1992, 5.8; 6.1.4.2.3",
    "device clear: queues empty, settings kept",
    ways=(HISLIP, IN_PROCESS),
)
def device_clear(subject: Subject) -> None:
    assert subject.ask("*ESE 17;*OPC?") == "1"
    subject.send("NOSUCH")
    subject.in_step()
    subject.send("*IDN?")
    if subject.way == HISLIP:
        await_answer(subject.hislip)
        subject.hislip.clear()
        subject.hislip.sync.sendall(subject.hislip.frame("*ESE 3;*ID", kind=HislipClient.DATA))
        subject.hislip.clear()
    else:
        subject.in_process.clear()
        subject.in_process.send("*ESE 3;*ID", end=False)
        subject.in_process.clear()
    assert subject.ask("*ESE?") == "17"
    assert subject.codes() == [-113]  # the error queue belongs to the status, which a device clear keeps


@row(
    "V09",
    "IVI-6.1, lock transaction",
    "locks: exclusive, shared, timeout, gone with the session",
    ways=(HISLIP,),
)
def locks(subject: Subject) -> None:
    first, second = subject.hislip, subject.another()
    assert isinstance(second, HislipClient)
    assert first.lock() == _LOCKED
    assert second.lock(timeout_ms=20) == _UNLOCKED
    second.send("*ESE?")
    assert first.ask("*ESE 5;*ESE?") == "5"
    assert first.unlock() == _WAS_EXCLUSIVE
    assert second.receive() == b"5"
    assert (first.lock(b"ours"), second.lock(b"theirs"), second.lock(b"ours")) == (1, 0, 1)
    assert (second.unlock(), first.unlock()) == (_WAS_SHARED, _WAS_SHARED)
    assert first.unlock() == 3
    assert first.lock() == _LOCKED
    first.close()
    assert second.lock(timeout_ms=10_000) == _LOCKED


@row("V10", "IVI-6.1, chapters 2, 3 and 6", "ids, RMT delivered, largest message, FatalError", ways=(HISLIP,))
def hislip(subject: Subject) -> None:
    wire = subject.hislip
    wire.write(wire.asynchronous, wire.MAX_SIZE, payload=(200).to_bytes(8))
    assert len(wire.async_until(wire.MAX_SIZE_RESPONSE)[3]) == 8
    wire.send(";".join(["*ESE?"] * 300))
    pieces: list[bytes] = []
    while not pieces or not pieces[-1].endswith(b"\n"):
        _, _, number, payload = wire.read(wire.sync)
        assert number == wire.last_id
        assert len(payload) <= 200
        pieces.append(payload)
    assert b"".join(pieces) == b";".join([b"0"] * 300) + b"\n"
    wire._delivered = 1
    assert wire.ask("*OPC?") == "1"
    assert not wire.status() & MESSAGE
    wire.send("*IDN?")
    await_answer(wire)
    assert wire.status() & MESSAGE
    wire.receive()
    assert not wire.status() & MESSAGE
    assert subject.codes() == []
    _refuses_bad_prologue(subject)


def _refuses_bad_prologue(subject: Subject) -> None:
    other = subject.another()
    assert isinstance(other, HislipClient)
    other.sync.sendall(b"XX" + bytes(14))
    kind, code, _, _ = other.read(other.sync)
    assert (kind, code) == (other.FATAL, 1)
    deadline = time.monotonic() + DEADLINE_S
    while other.sync.recv(64):
        assert time.monotonic() < deadline
    subject.in_step()
