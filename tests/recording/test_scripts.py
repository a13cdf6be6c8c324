# SPDX-License-Identifier: Apache-2.0
"""Which recorded answer a request gets, in each order; and how two answers compare."""

import pytest

from heraldlink_sim.recording.comparison import coverage, judged
from heraldlink_sim.recording.conformance import _sets
from heraldlink_sim.recording.script import NeverRecorded, Script
from heraldlink_sim.recording.transcript import Entry, Exchange, Service, _paired


def exchange(request: str, *answers: str) -> Exchange:
    return Exchange("-", request.encode(), tuple(answer.encode() for answer in answers), 0.0, 7)


RECORDED = [
    exchange("POW?", "0"), exchange("POW 1"), exchange("POW?", "1"), exchange("WAV?", "1550"),
    exchange("POW 2"), exchange("POW?", "2"), exchange("COUN?", "10"), exchange("COUN?", "20"),
    exchange("*RST"), exchange("POW?", "0.5"),
]  # fmt: skip


def told(script: Script, request: str) -> str:
    return b"|".join(script.answer(request.encode()).answers).decode()


def test_state_answers_after_the_last_setting_of_the_node() -> None:
    script = Script(RECORDED, "state", "raw")
    assert told(script, "POW?") == "0"
    assert told(script, "POW 2") == ""
    assert told(script, "pow 1".upper()) == ""
    assert told(script, ":POW?") == "1"
    assert told(script, "WAV?") == "1550"
    assert told(script, "POW 2") == ""
    assert [told(script, "POW?") for _ in range(3)] == ["2", "2", "2"]
    assert [told(script, "COUN?") for _ in range(3)] == ["10", "20", "20"]


def test_a_setting_in_a_compound_message_counts() -> None:
    script = Script(
        [exchange("POW 1;WAV 2"), exchange("WAV?", "2"), exchange("POW?;WAV?", "1;2")], "state", "raw"
    )
    told(script, "POW 1;WAV 2")
    assert told(script, "POW?;WAV?") == "1;2"


def test_any_takes_answers_in_turn_whatever_was_set() -> None:
    script = Script(RECORDED, "any", "raw")
    assert [told(script, "POW?") for _ in range(5)] == ["0", "1", "2", "0.5", "0.5"]


def test_strict_wants_the_recorded_order() -> None:
    script = Script(RECORDED, "strict", "raw")
    assert told(script, "POW?") == "0"
    with pytest.raises(NeverRecorded, match=r"'WAV\?' is not what comes next: line 7 expects 'POW 1'"):
        told(script, "WAV?")
    assert told(script, "POW 1") == ""


@pytest.mark.parametrize("order", ["state", "any"])
def test_the_nearest_requests_are_named(order) -> None:
    with pytest.raises(NeverRecorded, match=r"never recorded: 'POWW\?'; nearest: 'POW\?'"):
        told(Script(RECORDED, order, "raw"), "POWW?")


def test_a_state_that_was_never_read_is_said() -> None:
    script = Script([exchange("POW?", "0"), exchange("POW 1")], "state", "raw")
    told(script, "POW 1")
    with pytest.raises(NeverRecorded, match="never after the last setting of its node"):
        told(script, "POW?")


def test_websq_reads_depend_on_all_commands() -> None:
    props, on = '{"request": "labelProps"}', '{"command": "DetectorEnable", "value": true}'
    script = Script([exchange(props, "off"), exchange(on), exchange(props, "on")], "state", "websq")
    assert told(script, props) == "off"
    told(script, on)
    assert told(script, props) == "on"


def paired(*entries: tuple[float, str, bytes]) -> list[tuple[bytes, tuple[bytes, ...]]]:
    services = {"-": Service("raw")}
    found = _paired([Entry(after, "-", way, text) for after, way, text in entries], services)  # type: ignore[arg-type]
    return [(item.request, item.answers) for item in found]


def test_answers_go_to_the_oldest_query_unless_it_was_given_up() -> None:
    assert paired((0, ">", b"A?"), (0, ">", b"B?"), (0, "<", b"a"), (0, "<", b"b")) == [
        (b"A?", (b"a",)),
        (b"B?", (b"b",)),
    ]
    assert paired((0, ">", b"FOO?"), (0.5, ">", b"ERR?"), (0, "<", b"-113")) == [
        (b"FOO?", ()),
        (b"ERR?", (b"-113",)),
    ]
    block = b'DATA "w?",#212?' + b"?" * 11
    assert paired((0, ">", block), (0, ">", b"ERR?"), (0, "<", b"0")) == [(block, ()), (b"ERR?", (b"0",))]
    assert paired((0, ">", b"SET 1"), (0, ">", b"ERR?"), (0, "<", b"0")) == [
        (b"SET 1", ()),
        (b"ERR?", (b"0",)),
    ]


@pytest.mark.parametrize(
    ("request_", "one", "other", "verdict"),
    [
        ("POW?", "1.5", "1.5", "equal"),
        ("POW?", "1.5", "+1.50000000E+000", "tolerated"),
        ("POW?", "1.5", "1.5000001", "tolerated"),
        ("POW?", "1.5", "1.6", "different"),
        ("POW?", "1.5,2", "1.5", "different"),
        ("MODE?", "CW", "PULS", "different"),
        ("*IDN?", "ACME,L,1,2.0", "ACME,L,SIM-9,3.1", "tolerated"),
        ("*IDN?", "ACME,L,1,2.0", "ACME,M,1,2.0", "different"),
        ("SYST:ERR?", '-222,"Data out of range"', '-222,"Out of range;POW"', "tolerated"),
        ("SYST:ERR?", '0,"No error"', '-113,"Undefined header"', "different"),
        ("LOG?", "2024/01/02 10:11:12 on", "2026/11/21 09:00:00 on", "tolerated"),
        ("D?", "#3100" + "a" * 100, "#3100" + "b" * 100, "different"),
        ("J", '{"b": 1, "a": [1, 2.0]}', '{"a": [1, 2], "b": 1.0}', "tolerated"),
        ("J", '{"a": 1}', '{"a": 2}', "different"),
        ("J", '{"a": 1}', '{"a": 1, "b": 1}', "different"),
    ],
)
def test_answers_compare_by_what_they_mean(request_, one, other, verdict) -> None:
    assert judged(exchange(request_, one), [other.encode()]).verdict == verdict


@pytest.mark.parametrize(
    ("protocol", "request_", "sets"),
    [
        ("raw", b"POW?", False),
        ("raw", b"POW 1;POW?", True),
        ("hislip", b"POW 1", True),
        ("raw", b"DLAY?2", False),
        ("raw", b'CAT? "a;b"', False),
        ("raw", b"*RST;*IDN?", True),
        ("zmq", b"INPU1:THRE?", False),
        ("websq", b'{"request": "labelProps"}', False),
        ("websq", b'{"command": "DetectorEnable", "value": true}', True),
        ("decop", b"(param-ref 'ul)", False),
        ("decop", b"(param-set! 'ul 3)", True),
        ("decop", b"(exec 'system:reset)", True),
        ("http", b"GET /values", False),
        ("http", b"POST /values {}", True),
    ],
)
def test_an_address_is_only_asked_what_changes_nothing(protocol, request_, sets) -> None:
    assert _sets(request_, protocol) is sets


def test_silence_is_unknown_and_coverage_counts() -> None:
    found = [
        judged(exchange("A?", "1"), [b"1"]),
        judged(exchange("B?", "1"), []),
        judged(exchange("C?", "1"), [b"1", b"2"]),
        judged(exchange("D 1"), []),
    ]
    assert [item.verdict for item in found] == ["equal", "unknown", "different", "equal"]
    assert coverage(found) == "4 requests: 2 equal, 0 tolerated, 1 different, 1 unknown"
