# SPDX-License-Identifier: Apache-2.0
"""Connecting and reading send queries alone, as the instruments' wire logs show."""

import json
import re

import pytest
from instruments_under_contract import MODELS
from opening import new_instrument, opened, served

_SCPI_QUERY = re.compile(r"[:*]?[A-Za-z][\w:]*\?")
_DECOP_QUERY = re.compile(r"\((param-ref|param-disp|param-gsref) '")
_DATALINK_QUERY = re.compile(r"(list|status( --id \S+)?)$")
_JSON_RPC_QUERY = re.compile(r"get[A-Z]\w*$|IVStatus$")
_SOCKET_QUERY = ("read", "status", "listen", "unlisten")


def is_query(message: str) -> bool:
    """Whether a message only asks, whichever protocol of ours it is in."""
    if message.startswith("GET "):
        return True
    if message.startswith("POST "):
        return is_query(message[message.index("{") :])
    if message.startswith("{"):
        request = json.loads(message)
        method, command = str(request.get("method", "")), str(request.get("command", ""))
        return "request" in request or bool(_JSON_RPC_QUERY.match(method)) or command in _SOCKET_QUERY
    if message.startswith("("):
        return bool(_DECOP_QUERY.match(message))
    if _DATALINK_QUERY.match(message):
        return True
    return all(_SCPI_QUERY.match(unit.strip()) for unit in message.split(";") if unit.strip())


def taken(face) -> list[str]:
    """What arrived at the instrument since the last time."""
    messages = [data.decode("latin-1").strip() for way, data in face.wire_log if way == "in"]
    face.wire_log.clear()
    return messages


@pytest.mark.parametrize("driver", MODELS)
def test_connecting_and_reading_ask_only(loop, driver):
    instrument = new_instrument(MODELS[driver])
    with served(loop, instrument) as addresses:
        rig = opened(driver, addresses)
        connecting = taken(instrument.face)
        written = [message for message in connecting if not is_query(message)]
        documented = type(rig.role).__doc__ or ""
        assert all(f"``{message}``" in documented for message in written), written
        rig.driver.snapshot(update=True)
        asked = taken(instrument.face)
        assert asked
        assert [message for message in asked if not is_query(message)] == []


@pytest.mark.parametrize(
    "message",
    [
        "*RST", "POW 3;POW?", "POW?;POW 3", ":OUTP1 ON", "DLAY 2,0,1", "REC:PLAY", "start-stream --channel 1",
        '{"command": "DetectorEnable", "value": true}', "(param-set! 'laser1:dl:cc:enabled #t)", "(exec 'x)",
        'POST /api HTTP/1.1 {"method": "setSettings"}', "PUT /values", '{"command": "set"}', "stop --id 1",
    ],
)  # fmt: skip
def test_a_setting_is_not_taken_for_a_query(message):
    assert not is_query(message)


@pytest.mark.parametrize(
    "message",
    ["*IDN?", ":SYST:ERR?;*STB?", "DLAY?2", "WAV? MIN", '{"request": "labelProps", "value": "None"}', "list",
     "(param-ref 'serial-number)", 'POST /api HTTP/1.1 {"method": "getSettings"}', "GET /system HTTP/1.1"],
)  # fmt: skip
def test_a_query_is_one(message):
    assert is_query(message)
