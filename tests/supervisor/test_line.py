# SPDX-License-Identifier: Apache-2.0
"""The pipe between supervisor and agent, fed with what is no word."""

import socket

import pytest

from heraldlink.messages.oversight import Beat
from heraldlink.supervisor.line import Hung, Line


def test_what_is_no_word_is_left_out_and_ends_nothing() -> None:
    here, there = socket.socketpair()
    with here, there:
        line = Line(here)
        there.sendall(b'garbage\n{"type":"beat"}\n\xff\xfe\n[[[[\n{"type":"nobody"}\n')
        Line(there).send(Beat(7, "IDLE", ""))
        assert line.receive() == [Beat(7, "IDLE", "")]
        there.close()
        with pytest.raises(Hung):
            line.receive()
