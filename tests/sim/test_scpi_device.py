# SPDX-License-Identifier: Apache-2.0
"""The conformance points of SCPI-1999 and IEEE 488.2 that every simulated instrument owes its clients."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink_sim.scpi import (
    Block,
    Boolean,
    Choice,
    Integer,
    Number,
    Optional,
    ScpiDevice,
    ScpiError,
    Setting,
    Text,
    block,
    command,
    query,
)


class Source(ScpiDevice):
    identity = "ACME,SRC,SIM-1,1.0"
    error_capacity = 4
    frequency = Setting("[SOURce]:FREQuency[:CW]", Number(1e3, 1e9, default=1e6, unit="HZ"))
    level = Setting("[SOURce<1..2>]:VOLTage[:LEVel]", Number(-1, 1, default=0, unit="V"))
    output = Setting("OUTPut<1..2>[:STATe]", Boolean())
    shape = Setting("SOURce:SHAPe", Choice("GAUSsian", "SECH"))
    bits = Setting("SOURce:BITS", Integer(8, 10, default=8))

    def __init__(self) -> None:
        super().__init__()
        self.payload = b""
        self.label = ""
        self.locked = False
        self.ready = asyncio.Event()

    @level.guard
    def _interlock(self, value: float, channel: int) -> None:
        if self.locked and value > 0:
            raise ScpiError(-221)

    @output.changed
    def _switched(self, value: bool, channel: int) -> None:
        self.label += f"{channel}{'+' if value else '-'}"

    @command("SYSTem:LABel", Text(), Optional(Integer(1, 3), 1))
    def _set_label(self, label: str, times: int) -> None:
        self.label = label * times

    @query("SYSTem:LABel")
    def _get_label(self) -> str:
        return Text().format(self.label)

    @command("DATA", Block())
    def _set_data(self, payload: bytes) -> None:
        self.payload = payload

    @query("DATA")
    def _get_data(self) -> bytes:
        return block(self.payload)

    async def complete(self) -> None:
        while self.locked and not self.ready.is_set():
            await asyncio.sleep(0)


@pytest.fixture
def device() -> Source:
    return Source()


def ask(device: Source, message: str | bytes) -> str:
    return device.execute_now(message if isinstance(message, bytes) else message.encode()).decode("latin-1")


def errors(device: Source) -> list[int]:
    return [error.code for error in device.errors.drain()]


@pytest.mark.parametrize(
    "header", ["FREQ", "freq", "FREQuency", ":FREQ", "SOUR:FREQ:CW", "source:frequency:cw"]
)
def test_every_legal_spelling_reaches_the_node(device: Source, header: str) -> None:
    assert ask(device, f"{header} 2e6;*OPC?") == "1"
    assert device.frequency.get() == 2e6
    assert ask(device, f"{header}?") == "2000000"


@pytest.mark.parametrize(
    "header", ["FREQU", "SOURC:FREQ", "FREQ1", "FREQ:CWX", "SOUR:FREQ:CW:CW", "FREQUENCIES"]
)
def test_other_spellings_are_undefined_headers(device: Source, header: str) -> None:
    assert ask(device, f"{header}?") == ""
    assert errors(device) == [-113]


def test_too_long_mnemonic(device: Source) -> None:
    ask(device, "ABCDEFGHIJKLM 1")
    ask(device, "*ABCDEFGHIJKL 1")
    assert errors(device) == [-112, -113]


def test_suffix_is_one_by_default_and_checked(device: Source) -> None:
    ask(device, "SOUR2:VOLT 0.5;:VOLT 0.25")
    assert (device.level.get(1), device.level.get(2)) == (0.25, 0.5)
    ask(device, "SOUR3:VOLT 1")
    assert errors(device) == [-114]


def test_path_rule(device: Source) -> None:
    assert ask(device, "SOUR:FREQ 5e6;BITS 9;BITS?;*OPC?;SHAP?") == "9;1;GAUS"
    ask(device, "SOUR:BITS 10;SOUR:BITS 8")
    assert errors(device) == [-113]
    assert device.bits.get() == 10


def test_answers_are_joined_and_later_units_survive_an_execution_error(device: Source) -> None:
    assert ask(device, "SOUR:BITS 99;BITS?;FREQ?") == "8;1000000"
    assert errors(device) == [-222]


def test_a_command_error_ends_the_message_but_not_the_session(device: Source) -> None:
    assert ask(device, "SOUR:BITS 9;BITT 10;BITS?") == ""
    assert device.bits.get() == 9
    assert ask(device, "SOUR:BITS?") == "9"


@pytest.mark.parametrize(
    ("text", "value"),
    [(".4e4", 4e3), ("+3.5E+3", 3.5e3), ("5 E3", 5e3), ("2KHZ", 2e3), ("2 kHz", 2e3), ("3MHZ", 3e6),
     ("0.5GHZ", 5e8), ("#HFFFF", 65535.0), ("#Q4000", 2048.0), ("MIN", 1e3), ("MAXIMUM", 1e9), ("DEF", 1e6)],
)  # fmt: skip
def test_numbers(device: Source, text: str, value: float) -> None:
    ask(device, f"FREQ {text}")
    assert not errors(device)
    assert device.frequency.get() == value


@pytest.mark.parametrize(
    ("message", "code"),
    [("FREQ 1e12", -222), ("FREQ 5KV", -131), ("FREQ ABC", -148), ("FREQ 1.2.3", -121),
     ('FREQ "5e6"', -104), ("FREQ #15hello", -168), ("FREQ 1,2", -108), ("FREQ", -109),
     ("FREQ 1e99999", -123), ("OUTP MAYBE", -224), ("SOUR:SHAP SQU", -224), ("SYST:LAB abc", -104),
     ('SYST:LAB "abc', -151), ("DATA #9", -161), ("DATA #3abc", -161),
     ("DATA 5", -104), ("FREQ 1,", -109), ("FREQ 1,,", -103),
     ("FREQ? 5", -108), ("*ESE 4096", -222)],
)  # fmt: skip
def test_refusals_change_nothing(device: Source, message: str, code: int) -> None:
    assert ask(device, message) == ""
    assert errors(device) == [code]
    assert device.frequency.get() == 1e6


def test_numbers_beyond_floating_point_are_out_of_range(device: Source) -> None:
    ask(device, "FREQ 1E400;OUTP 1E400")
    ask(device, "FREQ -1E400")
    assert errors(device) == [-222, -222]
    assert device.output.get(1)


def test_limits_can_be_asked(device: Source) -> None:
    assert ask(device, "FREQ? MAX;FREQ? MIN;FREQ? DEF") == "1000000000;1000;1000000"


def test_milli_is_not_mega_for_volts(device: Source) -> None:
    ask(device, "VOLT 250MV")
    assert device.level.get(1) == 0.25


@pytest.mark.parametrize(
    ("text", "answer"), [("ON", "1"), ("off", "0"), ("1", "1"), ("0.4", "0"), ("2", "1")]
)
def test_booleans(device: Source, text: str, answer: str) -> None:
    assert ask(device, f"OUTP2 {text};OUTP2?") == answer
    assert device.label == ("2+" if answer == "1" else "2-")


def test_guard_refuses_before_storing(device: Source) -> None:
    device.locked = True
    ask(device, "VOLT 0.5")
    assert errors(device) == [-221]
    assert device.level.get(1) == 0


def test_strings_and_optional_parameters(device: Source) -> None:
    ask(device, "SYST:LAB 'a;b,\"c\" it''s', 2")
    assert device.label == 'a;b,"c" it\'s' * 2
    assert ask(device, "SYST:LAB?").count('""') == 4


@given(payload=st.binary(max_size=300))
def test_blocks_carry_any_byte(payload: bytes) -> None:
    device = Source()
    message = b"DATA " + block(payload) + b";*OPC?"
    assert device.execute_now(message) == b"1"
    assert device.execute_now(b"DATA?") == block(payload)
    assert device.execute_now(b"DATA #0" + payload) == b""
    assert device.payload == payload.removesuffix(b"\n")


def test_status_registers(device: Source) -> None:
    assert ask(device, "*ESR?") == "128"
    ask(device, "*ESE 32;*SRE 255")
    assert ask(device, "*SRE?") == "191"
    ask(device, "NONSENSE")
    assert ask(device, "*STB?") == str(4 + 32 + 64)
    assert ask(device, "*ESR?;*ESR?") == "32;0"
    assert ask(device, "*ESE?") == "32"
    ask(device, "*CLS")
    assert ask(device, "*STB?;*ESE?") == "0;32"
    assert ask(device, "*OPC?;*STB?") == "1;80"
    ask(device, "*OPC")
    assert ask(device, "*ESR?") == "1"


def test_reset_keeps_masks_and_errors(device: Source) -> None:
    ask(device, "*ESE 8;FREQ 5e6")
    ask(device, "NONSENSE")
    ask(device, "*RST")
    assert device.frequency.get() == 1e6
    assert ask(device, "*ESE?") == "8"
    assert errors(device) == [-113]


def test_error_queue_is_a_queue_and_overflows_last(device: Source) -> None:
    for message in ("A", "FREQ 1,2", "FREQ", "FREQ 1e12", "OUTP X"):
        ask(device, message)
    assert ask(device, "SYST:ERR:COUN?") == "4"
    assert ask(device, "SYST:ERR?") == '-113,"Undefined header;A"'
    assert ask(device, "SYST:ERR:ALL?").split(",")[-2:] == ["-350", '"Queue overflow"']
    assert ask(device, "SYST:ERR:NEXT?") == '0,"No error"'


async def _completes() -> bytes:
    device = Source()
    device.locked = True
    answer = asyncio.create_task(device.execute(b"*OPC?"))
    await asyncio.sleep(0)
    assert not answer.done()
    device.ready.set()
    return await answer


def test_opc_waits_for_pending_operations() -> None:
    assert asyncio.run(_completes()) == b"1"


def test_execute_now_says_when_it_would_have_to_wait(device: Source) -> None:
    device.locked = True
    with pytest.raises(RuntimeError, match="has to wait"):
        device.execute_now(b"*OPC?")


def test_the_wire_log_holds_both_directions(device: Source) -> None:
    ask(device, "*IDN?")
    assert list(device.wire_log) == [("in", b"*IDN?"), ("out", b"ACME,SRC,SIM-1,1.0")]


@given(message=st.binary(max_size=60))
def test_random_bytes_never_crash_nor_desynchronise(message: bytes) -> None:
    device = Source()
    device.execute_now(message)
    device.execute_now(b"*CLS")
    assert device.execute_now(b"*IDN?") == b"ACME,SRC,SIM-1,1.0"


def test_a_thousand_units(device: Source) -> None:
    assert ask(device, ";".join(["*OPC?"] * 1000)) == ";".join(["1"] * 1000)


def test_a_handler_cannot_hide_a_method_by_accident() -> None:
    def _run(self: ScpiDevice) -> None:
        pass

    with pytest.raises(TypeError, match="_run"):
        type("Broken", (ScpiDevice,), {"_run": command("RUN")(_run)})


def test_a_pattern_that_cannot_be_read_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="header pattern"):
        type("Broken", (ScpiDevice,), {"x": Setting("SOUR[:FREQ", Boolean())})
