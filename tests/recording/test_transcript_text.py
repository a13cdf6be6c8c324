# SPDX-License-Identifier: Apache-2.0
"""Any message comes back from its line, blocks are held apart, and framing does not depend on the pieces."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink_sim.errors import TranscriptError
from heraldlink_sim.recording.framers import Hislip, JsonObjects, Separated, Terminated, framer
from heraldlink_sim.recording.http import HttpFramer
from heraldlink_sim.recording.marks import Scrubber, marked
from heraldlink_sim.recording.tape import Tape
from heraldlink_sim.recording.text import Blocks, read, written
from heraldlink_sim.recording.transcript import MAIN, Service, blocks_of, load_transcript

blocks = st.binary(max_size=300).map(lambda data: b"#%d%d" % (len(str(len(data))), len(data)) + data)
texts = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=30).map(
    lambda t: t.encode("latin-1")
)
messages = st.lists(st.one_of(texts, blocks), max_size=4).map(b" ".join)


@given(message=messages)
def test_a_message_comes_back(message: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    apart = Blocks(tmp_path_factory.getbasetemp() / "apart.blocks")
    line = written(message, apart)
    assert line.isascii()
    assert "\n" not in line
    assert read(line, apart) == message


@given(message=st.binary(max_size=300))
def test_any_bytes_come_back(message: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    apart = Blocks(tmp_path_factory.getbasetemp() / "apart.blocks")
    assert read(written(message, apart), apart) == message


def test_a_waveform_is_held_apart_by_hash_and_length(tmp_path: Path) -> None:
    samples = bytes(range(256)) * 40
    path = tmp_path / "awg"
    tape = Tape(path, "awg", "Tektronix AWG70002A", {MAIN: Service("hislip")})
    tape.note(MAIN, ">", b'WLIS:WAV:DATA "w",#510240' + samples)
    tape.note(MAIN, "<", b"say #5{0123456789abcdef 7} and \\")
    tape.close()
    body = path.read_text().partition("---\n")[2].splitlines()
    (block,) = blocks_of(path).folder.iterdir()
    assert body[0] == f'+0.00 - > WLIS:WAV:DATA "w",#5{{{block.stem} 10240}}'
    assert block.read_bytes() == samples
    first, second = load_transcript(path).entries
    assert first.message == b'WLIS:WAV:DATA "w",#510240' + samples
    assert second.message == b"say #5{0123456789abcdef 7} and \\"
    block.write_bytes(samples[:-1])
    with pytest.raises(TranscriptError, match="is not the block that was recorded"):
        load_transcript(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no transcript"),
        ("heraldlink transcript 1\nname: x\n", "is no transcript"),
        ("heraldlink transcript 1\nservice: -\n---\n", ":2: cannot be read"),
        ("heraldlink transcript 1\n---\n+0.00 - ? x\n", ":3: is no message"),
        ("heraldlink transcript 1\n---\nlater - > x\n", ":3: is no message"),
    ],
)
def test_a_broken_transcript_names_its_line(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "t").write_text(text)
    with pytest.raises(TranscriptError, match=words):
        load_transcript(tmp_path / "t")


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize(
    ("make", "stream", "found"),
    [
        (lambda: Terminated(b"\r\n"), b"A 1\r\nB?\n\nC\r", [b"A 1", b"B?", b"C"]),
        (lambda: Terminated(b"\n"), b"D #15\n\n\n\n\n,2\nE\n", [b"D #15\n\n\n\n\n,2", b"E"]),
        (lambda: Terminated(b"\n"), b"#13a\nb\nX #H1F\nY\n", [b"#13a\nb", b"X #H1F", b"Y"]),
        (lambda: Separated(b"\x17"), b'{"a":1}\x17{"b":2}\x17', [b'{"a":1}', b'{"b":2}']),
        (JsonObjects, b'{"a":"}{\\""}{"b":{"c":[]}} {}', [b'{"a":"}{\\""}', b'{"b":{"c":[]}}', b"{}"]),
        (lambda: framer(Service("decop"), "<"), b"hello\r\n> 1\n> ", [b"hello\r", b"1"]),
        (
            lambda: HttpFramer(">"),
            b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nok",
            [b"GET /a", b"POST /b ok"],
        ),
        (
            lambda: HttpFramer("<"),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            [b"200 abc"],
        ),
        (
            Hislip,
            b"HS\x06\x00\x00\x00\x00\x02\0\0\0\0\0\0\0\x02AB"
            b"HS\x07\x00\x00\x00\x00\x02\0\0\0\0\0\0\0\x02C\n"
            b"HS\x15\x00\x00\x00\x00\x02\0\0\0\0\0\0\0\x00",
            [b"ABC"],
        ),
    ],
)
def test_framing_does_not_depend_on_the_pieces(make, stream: bytes, found: list[bytes], size: int) -> None:
    cut = make()
    assert [message for piece in pieces(stream, size) for message in cut.feed(piece)] == found


@pytest.mark.parametrize(
    ("request_", "answer", "marked_"),
    [
        (b"*IDN?", b"SANTEC,TSL-570,21020001,26.11", b"SANTEC,TSL-570,REPLAY-21020001,26.11"),
        (b"*idn?", b"R&S,SGS100A,1416.0505k02/112233,3", b"R&S,SGS100A,1416.0505k02/REPLAY-112233,3"),
        (b"*IDN?", b"SRS,DG645,s/n001111,ver1", b"SRS,DG645,s/nREPLAY-001111,ver1"),
        (b"*IDN?", b"A,B,REPLAY-1,2", b"A,B,REPLAY-1,2"),
        (b"POW?;*IDN?", b"1.5;A,B,SIM-1,2", b"1.5;A,B,REPLAY-SIM-1,2"),
        (b"POW?", b"1,2,3,4", b"1,2,3,4"),
        (b'{"request":"labelProps"}', b'{"label": "SerialNumber", "value": {"value": "SIM-1"}}',
         b'{"label": "SerialNumber", "value": {"value": "REPLAY-SIM-1"}}'),
        (b"(param-disp 'serial-number)", b'"DLC PRO_012345"', b'"REPLAY-DLC PRO_012345"'),
        (b"GET /system", b'200 {"serial_number": "BF-7", "name": "x"}',
         b'200 {"serial_number": "REPLAY-BF-7", "name": "x"}'),
    ],
)  # fmt: skip
def test_a_replay_says_so_in_the_serial_number(request_: bytes, answer: bytes, marked_: bytes) -> None:
    assert marked(request_, answer) == marked_


def test_scrubbing_takes_serial_numbers_and_addresses_out() -> None:
    scrub = Scrubber().scrubbed
    assert scrub(">", b"*IDN?") == b"*IDN?"
    assert scrub("<", b"ACME,L,SN12345,1") == b"ACME,L,XXXXXXX,1"
    assert scrub("<", b"made by SN12345 at 10.1.2.33 for 127.0.0.1") == (
        b"made by XXXXXXX at 192.0.2.1 for 127.0.0.1"
    )
    assert Scrubber().scrubbed("<", b"1,2,3") == b"1,2,3"
