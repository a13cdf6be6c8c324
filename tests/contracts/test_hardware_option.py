# SPDX-License-Identifier: Apache-2.0
"""``pytest --instrument NAME=ADDRESS``: the contract on an instrument that is there, and its report."""

import re
import subprocess
import sys
from pathlib import Path

from opening import NAME, new_instrument, served

REPOSITORY = Path(__file__).resolve().parents[2]


def contracts(*options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "0",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "hardware and not option",
    ]
    command += ["tests/contracts/test_contracts.py", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=250, cwd=REPOSITORY, check=False)


def test_what_switches_is_left_out_and_the_report_compares_every_command(loop):
    instrument = new_instrument("Keysight N7764A")
    with served(loop, instrument) as addresses:
        done = contracts("--instrument", f"KeysightN7764A={addresses[NAME]}")
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d+ passed, 2 skipped", done.stdout)
    assert "hardware against simulator" in done.stdout
    assert re.search(r"equal +KeysightN7764A .*ATT", done.stdout)
    assert re.search(r"^0 different, 0 unknown", done.stdout, re.MULTILINE)
    written = [data for way, data in instrument.face.wire_log if way == "in"]
    assert not any(b"OUTP" in data and b"?" not in data for data in written)


def test_switching_is_done_when_told(loop):
    instrument = new_instrument("Keysight N7764A")
    with served(loop, instrument) as addresses:
        done = contracts("--switching", "--instrument", f"KeysightN7764A={addresses[NAME]}")
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d+ passed", done.stdout)
    assert "skipped" not in done.stdout
    assert any(data.startswith(b":OUTP4 1") for way, data in instrument.face.wire_log if way == "in")


def test_an_instrument_that_answers_otherwise_is_reported(loop):
    instrument = new_instrument("Keysight N7764A")
    instrument.face.input_power_W = lambda channel: 1e-3  # the simulator's is dark
    with served(loop, instrument) as addresses:
        instrument.face.respond(b":OUTP1 1;:INP1:ATT 0")
        done = contracts("--instrument", f"KeysightN7764A={addresses[NAME]}")
    assert re.search(r"^different +KeysightN7764A", done.stdout, re.MULTILINE), done.stdout


def test_a_wrong_name_lists_the_drivers():
    done = contracts("--instrument", "SantecTSL571=TCPIP::192.0.2.1::5000::SOCKET")
    assert done.returncode != 0
    assert "SantecTSL571" in done.stdout + done.stderr
    assert "SantecTSL570" in done.stdout + done.stderr
