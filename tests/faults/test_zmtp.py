# SPDX-License-Identifier: Apache-2.0
"""What of a server's bytes counts as telling a stranger something."""

import pytest
from fault_lab.strangers import command, greeting, message
from fault_lab.zmtp import leak

GREETED = greeting("CURVE")
WELCOME = command("WELCOME", bytes(160))
ERROR = command("ERROR", b"\x03400")


@pytest.mark.parametrize(
    "said",
    [b"", GREETED[:12], GREETED, GREETED + WELCOME, GREETED + ERROR, GREETED + WELCOME + ERROR],
    ids=["nothing", "a beginning", "greeting", "WELCOME", "ERROR", "WELCOME and ERROR"],
)
def test_a_handshake_up_to_its_refusal_is_no_answer(said: bytes) -> None:
    assert leak(said) == ""


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (greeting("NULL"), "does not offer CURVE alone"),
        (greeting("PLAIN"), "does not offer CURVE alone"),
        (b"HTTP/1.1 400 Bad Request", "does not offer CURVE alone"),
        (GREETED + command("READY"), "a READY command"),
        (GREETED + WELCOME + command("READY", bytes(40)), "a READY command"),
        (GREETED + WELCOME + WELCOME, "a WELCOME command"),
        (GREETED + command("WELCOME", b"more than that"), "a WELCOME command"),
        (GREETED + ERROR + ERROR, "a ERROR command"),
        (GREETED + ERROR + WELCOME, "a WELCOME command"),
        (GREETED + command("MESSAGE", bytes(300)), "a MESSAGE command"),
        (GREETED + command("PING"), "a PING command"),
        (GREETED + message([b"secret"]), "a message frame of 6 bytes"),
        (GREETED + message([b""]), "a message frame of 0 bytes"),
        (GREETED + b"\x02" + (300).to_bytes(8) + bytes(300), "a message frame of 300 bytes"),
        (GREETED + WELCOME[:-1], "ends after"),
        (GREETED + b"\x04", "is no frame"),
        (GREETED + b"\x04\x00", "is no command"),
        (GREETED + b"secret", "is no frame"),
    ],
)
def test_anything_else_is_one(said: bytes, named: str) -> None:
    assert named in leak(said)
